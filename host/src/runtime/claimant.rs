//! Who is about to change a stack, as those are told who must not do so at the same time.

/// A run that changes a stack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claimant {
    /// The user and machine: `alice@build-7`.
    pub who: String,
    /// What the run does, as the user would type it: `apply`.
    pub operation: String,
    /// The lease of the records that the run works on
    /// ([`Lease::identity`](crate::backend::Lease::identity)). Whoever has it knows that no other run on the
    /// same records is alive.
    pub records: String,
    /// How often that lease was taken, this run included.
    pub generation: u64,
}
