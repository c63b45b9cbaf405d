//! Waiting until an object does what it is there for, and telling what keeps it from that.

mod events;
mod explain;
mod explanation;
mod judge;
mod pods_behind;
mod unbound;
mod wait;
mod watches;

pub use explanation::{Explanation, TroubledPod, Warning};
pub(super) use wait::Awaited;
pub(super) use watches::Watches;
