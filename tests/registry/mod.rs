//! Modules from registries: a real one on this machine, and a double that fails as it is told.

pub(crate) mod double;
pub(crate) mod real;
mod shelf;
mod signed;
mod sockets;
mod stage;
mod test_auth;
mod test_bundle;
mod test_catalog;
mod test_commands;
mod test_concurrency;
mod test_faults;
mod test_interop;
mod test_lock;
mod test_push;
mod test_refused;
mod test_signatures;
mod test_tampering;
