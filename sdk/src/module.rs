//! What a module is: two types, one function, and a few facts.

use schemars::JsonSchema;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::output::Output;
use crate::rejection::Rejection;
use crate::request::Request;

/// The part a module plays in an app.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Kind {
    /// Runs the app's containers; an app has one.
    Workload,
    /// Anything else an app needs.
    Accessory,
}

impl Kind {
    /// The word the interface uses.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Workload => "workload",
            Self::Accessory => "accessory",
        }
    }
}

/// A configuration with nothing to configure.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Nothing {}

/// A kusion module.
///
/// The crate's documentation has a whole one. Implement it for a unit struct and hand that to
/// [`export!`](crate::export!).
pub trait Module {
    /// The module's name, for example `network`.
    const NAME: &'static str;

    /// The module's semantic version: `env!("CARGO_PKG_VERSION")`.
    const VERSION: &'static str;

    /// One sentence for listings.
    const SUMMARY: &'static str;

    /// The part it plays; an accessory unless it says otherwise.
    const KIND: Kind = Kind::Accessory;

    /// Keys of the workspace's `context` that it wants to see.
    const CONTEXT_KEYS: &'static [&'static str] = &[];

    /// Types of resources it can make, for example `apps/v1:Deployment`.
    const RESOURCE_TYPES: &'static [&'static str] = &[];

    /// Whether it must know which resource runs the app's containers:
    /// [`Request::workload_resource`] says so then. Such a module is asked after the one that makes that resource.
    const NEEDS_WORKLOAD_RESOURCE: bool = false;

    /// What a developer writes in `app.yaml`.
    ///
    /// The host checks it against the schema derived from this type, and refuses unknown keys, before
    /// the module is called. Doc comments become descriptions.
    type Config: DeserializeOwned + JsonSchema;

    /// What the platform team writes in the workspace.
    ///
    /// A workspace that says nothing gives an empty object, so every field needs a default
    /// (`#[serde(default)]`) unless it is an `Option`. [`Nothing`] if there is nothing to write.
    type Platform: DeserializeOwned + JsonSchema;

    /// Answers one request. The same request must give the same answer.
    ///
    /// # Errors
    /// [`Rejection`] if the request cannot be served; never a panic.
    fn generate(request: Request<Self::Config, Self::Platform>) -> Result<Output, Rejection>;
}
