//! The engine against real guests, and against bytes that only an enemy would write.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "tests, and what they tell each other"
)]

mod abuse;
mod ambient;
mod cache;
mod calls;
mod child;
mod cli;
mod compile;
mod components;
mod describe;
mod determinism;
pub(crate) mod fixture;
mod hostile;
mod load;
mod memory;
mod secrets;
mod shop;
mod threads;
mod wasip2;
