//! One file per thing a user can ask for. Each wires the stages together and has no policy of its own.
//!
//! [`generate()`] is a prefix of [`preview()`], and [`preview()`] of [`prepare_apply`]: there is
//! one code path.

mod app_secrets;
mod apply;
mod compare;
mod error;
mod generate;
mod host_keys;
mod limits;
mod needs;
mod parallel;
mod preview;
mod schema;
mod target;

pub use apply::{Applied, Prepared, prepare_apply, prepare_destroy};
pub use compare::Comparison;
pub use error::OpsError;
pub use generate::{Call, Generation, Project, UsedModule, generate, locate_module};
pub use limits::limits;
pub use needs::ReadFile;
pub use preview::{Preview, Session, preview};
pub use schema::schema;
pub use target::{TargetError, open_target};
