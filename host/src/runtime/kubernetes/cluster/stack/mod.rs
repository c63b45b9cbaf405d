//! What a stack has in a cluster beside its resources: the Lease by which one run at a time changes it, and the
//! parent by which other tools list its members.

mod claim;
mod last_run;
mod lease;
mod members;

pub(super) use claim::Claim;
