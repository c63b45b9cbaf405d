//! Paths and text -> a checked [`Stack`] and [`Workspace`].
//!
//! What users write (`written`) is not what the house works with: here names are checked, overlays are merged,
//! upstream's spellings are brought into ours, and every problem of every file is reported at once, at its place.

mod app;
mod case;
mod error;
mod file;
mod mask;
mod merge;
mod normalize;
mod schema;
mod secret;
mod stack;
mod workspace;
mod written;

pub use app::{App, Component};
pub use case::Case;
pub use error::ConfigError;
pub use schema::{
    Input, InputList, ModuleKind, ModuleSchema, Narrowing, Schema, SchemaError, app_schema,
    list_inputs, narrowings, surely_accepts,
};
pub use secret::{AppSecret, SecretKind, SecretValue};
pub use stack::{Stack, project_folder};
pub use workspace::{
    FakeSecret, IdentityEntry, ModuleEntry, ModuleLimits, ModuleOrigin, Platform, SecretStore,
    SecretsMode, StoreSettings, Target, TrustedText, VerifyEntry, Workspace, add_module,
};
