//! What the tests share: the built program, modules and guests, and a place to run in.

mod build;
mod sandbox;

pub use build::{catalog, guest, kusion, repository};
pub use sandbox::{Output, Sandbox};
