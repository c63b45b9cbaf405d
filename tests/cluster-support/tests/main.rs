//! Shows that the harness keeps its promises, so that a failing test of kusion is about kusion.

mod client;
mod manifests;
mod test_lifetime;
mod test_pods;
mod test_proxy;
mod test_server;
