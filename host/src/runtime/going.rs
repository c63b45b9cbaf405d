//! What is told of a resource while it is deleted.

/// How a deletion goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Going<'t> {
    /// The target deletes the resource now, whether anybody waits for that or not.
    Accepted,
    /// It takes its time. Told anew each time the reason changes.
    Waits {
        /// What it waits for.
        reason: &'t str,
    },
}
