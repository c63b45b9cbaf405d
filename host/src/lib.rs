//! Kusion (work in progress).
pub mod apply;
pub mod backend;
pub mod config;
pub mod diagnostic;
pub mod digest;
pub mod engine;
mod files;
pub mod home;
pub mod module;
pub mod name;
pub mod ops;
pub mod plan;
pub mod release;
pub mod runtime;
pub mod secret;
pub mod source;
pub mod spec;
pub mod yaml;
