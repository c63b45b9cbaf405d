//! Stacks on a real control plane. Every test has a namespace of its own in the cluster that all share.

mod stage;
mod test_apply;
mod test_destroy;
mod test_lease;
mod test_ownership;
mod test_preview;
mod test_requests;
