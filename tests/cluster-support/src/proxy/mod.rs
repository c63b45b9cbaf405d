//! A proxy between a client and the API server that fails as networks and servers do, on purpose and repeatably.
//!
//! It ends TLS with the server's own certificate and speaks HTTP/1.1 to both sides, one connection to the server per
//! connection of the client. A request is slowed down, then met by the first rule that fits; whatever happens to it,
//! it is written down.

mod connection;
mod fault;
mod record;
mod rule;
mod socket;
mod tls;
mod upstream;

use std::path::Path;
use std::sync::{Arc, mpsc};
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::oneshot;

pub use fault::Fault;
pub use record::Request;
pub use rule::Rule;
pub(crate) use tls::Tls;

use connection::Server;
use record::Record;

/// A proxy in front of an API server; it stops when it is dropped.
#[derive(Debug)]
pub struct Proxy {
    port: u16,
    record: Arc<Record>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Proxy {
    /// Starts a proxy to `port`, with the certificates in `pki`.
    pub(crate) fn start(port: u16, pki: &Path) -> Self {
        let record = Arc::new(Record::default());
        let server = Arc::new(Server { record: record.clone(), port, tls: Tls::read(pki) });
        let (stop, stopped) = oneshot::channel();
        let (tell, told) = mpsc::channel();
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            let runtime = runtime.unwrap_or_else(|error| panic!("cannot start the proxy: {error}"));
            runtime.block_on(async {
                let listener = TcpListener::bind(("127.0.0.1", 0)).await;
                let listener =
                    listener.unwrap_or_else(|error| panic!("cannot start the proxy: {error}"));
                let _ = tell.send(listener.local_addr().map(|address| address.port()));
                tokio::select! {
                    () = connection::accept(listener, server) => {}
                    _ = stopped => {}
                }
            });
            // Connections that still hang in a fault end here and now.
            runtime.shutdown_background();
        });
        let port = told
            .recv()
            .ok()
            .and_then(Result::ok)
            .unwrap_or_else(|| panic!("cannot start the proxy"));
        Self { port, record, stop: Some(stop), thread: Some(thread) }
    }

    /// Returns the port on 127.0.0.1 at which it listens.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Adds `latency` before every request, as the way to a cluster far away does.
    pub fn slow_down(&self, latency: Duration) {
        self.record.locked().latency = latency;
    }

    /// Adds a rule; the first one that fits a request decides.
    pub fn inject(&self, rule: Rule) {
        self.record.locked().rules.push(rule);
    }

    /// Removes all rules. Requests that already hang stay so until their clients give up.
    pub fn heal(&self) {
        self.record.locked().rules.clear();
    }

    /// Returns all requests since the start or since [`Proxy::forget`], in the order of their arrival.
    #[must_use]
    pub fn requests(&self) -> Vec<Request> {
        self.record.locked().requests.clone()
    }

    /// Returns how many requests with `verb` came in whose path and query contain `part`.
    #[must_use]
    pub fn count(&self, verb: &str, part: &str) -> usize {
        let fits = |request: &&Request| request.verb == verb && request.target.contains(part);
        self.record.locked().requests.iter().filter(fits).count()
    }

    /// Forgets all requests that it has written down.
    pub fn forget(&self) {
        self.record.locked().forget();
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
