//! What the tests share: the built program, modules and guests, and a place to run in.

mod build;
mod compare;
mod sandbox;
mod shop;
mod terminal;

pub use build::{catalog, guest, kusion, repository};
pub use compare::difference;
pub use sandbox::{Output, Sandbox, Traced};
