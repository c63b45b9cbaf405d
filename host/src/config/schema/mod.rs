//! JSON Schemas: of our own files and of what modules accept.

mod app;
mod check;

pub use app::{ModuleKind, ModuleSchema, app_schema};
pub use check::{Schema, SchemaError};
