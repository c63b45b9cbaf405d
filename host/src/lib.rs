//! Kusion (work in progress).
pub mod config;
pub mod diagnostic;
pub mod digest;
pub mod engine;
pub mod module;
pub mod name;
pub mod source;
pub mod spec;
pub mod yaml;
