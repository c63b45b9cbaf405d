//! What a fetch tells while it goes on: the library shows nothing.

use std::time::Duration;

/// Something that happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum PullEvent<'a> {
    /// The bytes of a module begin to arrive.
    Begins {
        /// The module.
        what: &'a str,
        /// The number of bytes.
        size: u64,
        /// How many of them were here already.
        arrived: u64,
    },
    /// More bytes are here.
    Arrived {
        /// The module.
        what: &'a str,
        /// The number of bytes that are here by now.
        arrived: u64,
    },
    /// All bytes are here, and are the right ones.
    Ends {
        /// The module.
        what: &'a str,
    },
    /// Something went wrong that may pass, and is tried again.
    Repeats {
        /// What is tried again.
        what: &'a str,
        /// What went wrong.
        reason: &'a str,
        /// How long is waited until then.
        wait: Duration,
    },
}

/// Is told how a fetch goes on.
pub trait PullObserver: Send + Sync {
    /// Takes note of an event; it must not block.
    fn notice(&self, event: PullEvent<'_>);
}

/// Listens to nothing.
impl PullObserver for () {
    fn notice(&self, _event: PullEvent<'_>) {}
}
