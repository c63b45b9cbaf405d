//! Secrets that somebody else keeps: the program against a server that speaks the documented API of Vault, and against
//! the environment. Those in a cluster are tested with the cluster.

mod stage;
mod test_providers;
mod test_vault;
mod vault;
