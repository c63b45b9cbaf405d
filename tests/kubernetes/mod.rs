//! Stacks on a real control plane. Every test has a namespace of its own in the cluster that all share.

mod stage;
mod test_apply;
mod test_defaults;
mod test_destroy;
mod test_drift;
mod test_grades;
mod test_lease;
mod test_ownership;
mod test_preview;
mod test_refusals;
mod test_requests;
mod test_wait;
mod test_webhook;
