//! One file per thing a user can ask for. Each wires the stages together and has no policy of its own.
//!
//! [`generate()`] is a prefix of [`propose_apply`], and [`propose_apply`] of [`prepare_apply`]: there is
//! one code path. A [`Proposal`] only looks; [`Prepared`] holds the stack's lease, so that what was shown is
//! what is done.

mod app_secrets;
mod apply;
mod basis;
mod blame;
mod build_module;
mod call;
mod compare;
mod compare_releases;
mod compatibility;
mod consent;
mod drift;
mod error;
mod fetch_modules;
mod generate;
mod host_keys;
mod limits;
mod module_test;
mod needs;
mod parallel;
mod pin_catalog;
mod proposal;
mod publish_module;
mod published;
mod push_module;
mod rollback;
mod schema;
mod secret_uses;
mod session;
mod signature_policy;
mod store;
mod target;
mod unlock;
mod variables;
mod visible;
mod weigh;

pub use apply::{Applied, Prepared, prepare_apply, prepare_destroy, prepare_rollback};
pub use build_module::{BuiltModule, UnusableModule, build_module};
pub use call::Call;
pub use compare::Comparison;
pub use compare_releases::{ModuleChange, ReleaseDiff, compare_releases};
pub use compatibility::{Break, Promise};
pub use drift::{DriftReport, find_drift};
pub use error::OpsError;
pub use fetch_modules::{
    FetchedModules, PinChange, complete_modules, fetch_modules, is_in_registry, is_pinned,
    used_modules,
};
pub use generate::{Generation, Project, UsedModule, generate, locate_module};
pub use host_keys::check_workspace;
pub use limits::limits;
pub use module_test::{
    Answer, CaseError, CaseOutcome, Defect, Difference, DrawnInputs, Finding, GoldenError,
    InputsReport, SpecCheck, Surroundings, TestedModule, bless_case, compare_case, find_cases,
};
pub use needs::ReadFile;
pub use pin_catalog::{CatalogPlaces, pin_catalog};
pub use proposal::{Proposal, propose_apply, propose_destroy};
pub use publish_module::{Publication, PublishError, publish_module};
pub use published::Published;
pub use push_module::{PushOptions, PushReport};
pub use rollback::{Rollback, propose_rollback};
pub use schema::schema;
pub use session::Session;
pub use signature_policy::signature_policy;
pub use store::{StoreOptions, VaultSurroundings};
pub use target::{TargetError, TargetOptions, default_parallelism, open_target};
pub use unlock::{Unlocked, unlock};
