//! Changing objects, one at a time: making them what they shall be, and deleting them.

mod apply;
mod remove;
