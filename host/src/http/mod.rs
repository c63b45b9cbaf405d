//! Requests to servers and what comes back: connections, TLS, time limits, bounds, and when something is tried again.
//!
//! Nothing in here knows what is asked for; registries and secret stores stand on it.

mod cause;
mod retry;
mod said;
mod transport;

pub use cause::Cause;
pub(crate) use retry::Passing;
pub use retry::Retries;
pub(crate) use said::{asked_wait, line, texts};
pub(crate) use transport::{
    AGENT, Answer, HttpError, Transport, authority, location, next_piece, read_body, resolve,
};

/// Returns whether a host, without its port, is this machine itself.
pub(crate) fn is_loopback(host: &str) -> bool {
    let address = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost"
        || address.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}
