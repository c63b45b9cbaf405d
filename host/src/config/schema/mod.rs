//! JSON Schemas: of our own files and of what modules accept.

mod accept;
mod app;
mod check;
mod close;
mod cost;
mod explain;
mod inputs;
mod narrow;
mod partial;
mod path;

pub use accept::surely_accepts;
pub use app::{ModuleKind, ModuleSchema, app_schema};
pub use check::{Schema, SchemaError};
pub use inputs::{Input, InputList, list_inputs};
pub use narrow::{Narrowing, narrowings};
pub(super) use path::{is_public, is_public_setting};
