//! Stacks on a real control plane. Every test has a namespace of its own in the cluster that all share.

mod stage;
mod test_apply;
mod test_catalog;
mod test_defaults;
mod test_denied;
mod test_destroy;
mod test_drift;
mod test_faults;
mod test_grades;
mod test_kill;
mod test_lease;
mod test_ownership;
mod test_preview;
mod test_refusals;
mod test_requests;
mod test_secrets;
mod test_stores;
mod test_target;
mod test_wait;
mod test_webhook;
