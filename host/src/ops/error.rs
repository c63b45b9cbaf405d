//! Why an operation cannot be done.

use crate::apply::Outcome;
use crate::backend::{BackendError, Holder};
use crate::config::ConfigError;
use crate::diagnostic::{Diagnose, Kind, Problem};
use crate::engine::{CallError, LoadError};
use crate::module::{FetchError, ModuleError};
use crate::ops::Comparison;
use crate::release::{ReleaseError, StackKey};
use crate::runtime::{LastRun, RuntimeError};
use crate::secret::SecretError;
use crate::spec::{AssembleError, ResourceId, SecretRef};

/// Why an operation cannot be done. Each variant passes on what its stage says.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpsError {
    /// What the user wrote does not fit the modules.
    #[error("the configuration does not fit its modules")]
    Invalid {
        /// Every place that is wrong.
        problems: Vec<Problem>,
    },
    /// The target says nothing of some resources but that they cannot be as they shall be.
    #[error("{why}")]
    Partly {
        /// What is known of all others: to be shown, not to be done. Its steps say nothing about their order.
        rest: Box<Comparison>,
        /// What is wrong with those.
        why: Box<Self>,
    },
    /// Somebody else's records know of the stack, and ours do not.
    #[error("the stack runs in the target and is on another record: {run}")]
    OnAnotherRecord {
        /// What the target says about it.
        run: LastRun,
    },
    /// The target refuses what the configuration asks for.
    #[error("the target does not accept the configuration")]
    NotAccepted {
        /// Everything that it refuses.
        problems: Vec<Problem>,
    },
    /// Whoever listened to the run stopped it.
    #[error("the run was stopped by its listener")]
    Refused {
        /// Why.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// A resource with a generated secret is in the target, and no release knows it.
    #[error(
        "`{resource}` is in the target with a generated secret, and this backend has no record of it"
    )]
    Unrecorded {
        /// The resource.
        resource: ResourceId,
    },
    /// Something in the target uses a generated secret whose home is gone, and no release knows it.
    #[error("`{user}` is in the target and uses `{secret}`, and `{home}`, which held it, is gone")]
    HomeGone {
        /// The secret.
        secret: SecretRef,
        /// The resource that held it.
        home: ResourceId,
        /// The resource that uses it.
        user: ResourceId,
    },
    /// The run changed the target and could not be recorded to its end.
    #[error("release {revision} was cut short")]
    Interrupted {
        /// The release.
        revision: u64,
        /// What was done until then.
        outcome: Box<Outcome>,
        /// Why it ended.
        source: Box<Self>,
    },
    /// The plan needs consent that was not given.
    #[error("the plan needs consent")]
    Withheld {
        /// What for, each with what gives it.
        problems: Vec<Problem>,
    },
    /// What would go holds data.
    #[error("data would be lost with {}", at_risk(resources))]
    DataAtRisk {
        /// The resources; the plan's notes say what would be lost with each.
        resources: Vec<ResourceId>,
    },
    /// A destroy has no Spec to go back to.
    #[error("release {revision} destroyed the stack, so there is nothing in it to go back to")]
    RollbackToDestroy {
        /// The release.
        revision: u64,
    },
    /// The release was recorded by a version that did not keep where secrets come from.
    #[error("release {revision} does not say where its secrets come from")]
    NoSources {
        /// The release.
        revision: u64,
    },
    /// There is no earlier release to compare with.
    #[error("release {revision} of {stack} has none before it to compare with")]
    NothingBefore {
        /// The stack.
        stack: StackKey,
        /// The release.
        revision: u64,
    },
    /// Values that were written down when the release was made are found nowhere any more.
    #[error(
        "release {revision} uses secrets whose values were not kept, and are not in app.yaml any more: {}",
        list(secrets)
    )]
    LiteralsGone {
        /// The release.
        revision: u64,
        /// The secrets.
        secrets: Vec<SecretRef>,
        /// Why app.yaml could not be read, if that is the reason.
        #[source]
        source: Option<Box<ConfigError>>,
    },
    /// The lease of the stack is held by a process that is alive.
    #[error("{stack} is in use by {}", Holder::describe(holder.as_deref()))]
    AtWork {
        /// The stack.
        stack: StackKey,
        /// Who holds it, if the holder could be read.
        holder: Option<Box<Holder>>,
    },
    /// A module's bytes cannot be had.
    #[error(transparent)]
    Module(Box<ModuleError>),
    /// A module cannot be had from its registry.
    #[error(transparent)]
    Fetch(Box<FetchError>),
    /// A module cannot be loaded.
    #[error(transparent)]
    Load(Box<LoadError>),
    /// A module call failed in a way that has no place in a file.
    #[error(transparent)]
    Call(Box<CallError>),
    /// The modules' answers do not fit together.
    #[error(transparent)]
    Assemble(Box<AssembleError>),
    /// The target cannot be read or changed.
    #[error(transparent)]
    Runtime(Box<RuntimeError>),
    /// A secret cannot be had.
    #[error(transparent)]
    Secret(Box<SecretError>),
    /// A release cannot be read or written.
    #[error(transparent)]
    Release(Box<ReleaseError>),
    /// A record cannot be read or written.
    #[error(transparent)]
    Backend(Box<BackendError>),
}

fn at_risk(resources: &[ResourceId]) -> String {
    resources.iter().map(|id| format!("`{id}`")).collect::<Vec<_>>().join(", ")
}

fn list(secrets: &[SecretRef]) -> String {
    secrets.iter().map(|secret| format!("`{secret}`")).collect::<Vec<_>>().join(", ")
}

macro_rules! from {
    ($($variant:ident($error:ty)),* $(,)?) => {
        $(impl From<$error> for OpsError {
            fn from(error: $error) -> Self {
                Self::$variant(Box::new(error))
            }
        })*

        impl OpsError {
            fn inner(&self) -> Option<&dyn Diagnose> {
                match self {
                    Self::Interrupted { source, .. } => Some(source.as_ref()),
                    Self::Partly { why, .. } => Some(why.as_ref()),
                    Self::Invalid { .. }
                    | Self::NotAccepted { .. }
                    | Self::Refused { .. }
                    | Self::Withheld { .. }
                    | Self::DataAtRisk { .. }
                    | Self::RollbackToDestroy { .. }
                    | Self::NoSources { .. }
                    | Self::NothingBefore { .. }
                    | Self::LiteralsGone { .. }
                    | Self::AtWork { .. }
                    | Self::HomeGone { .. }
                    | Self::OnAnotherRecord { .. }
                    | Self::Unrecorded { .. } => None,
                    $(Self::$variant(error) => Some(error.as_ref()),)*
                }
            }
        }
    };
}

from!(
    Module(ModuleError),
    Fetch(FetchError),
    Load(LoadError),
    Call(CallError),
    Assemble(AssembleError),
    Runtime(RuntimeError),
    Secret(SecretError),
    Release(ReleaseError),
    Backend(BackendError),
);

impl Diagnose for OpsError {
    fn kind(&self) -> Kind {
        match self {
            Self::AtWork { .. } => Kind::Environment,
            _ => self.inner().map_or(Kind::User, Diagnose::kind),
        }
    }

    fn hints(&self) -> Vec<String> {
        let hints: &[&str] = match self {
            Self::Unrecorded { .. } => &[
                "the stack was applied from another KUSION_HOME or backend: go on from there",
                "or delete the resource, and a new secret is drawn",
            ],
            Self::OnAnotherRecord { .. } => &[
                "use the KUSION_HOME or backend from which it was applied",
                "or take it over: `kusion preview` shows what an apply from here would do",
            ],
            Self::HomeGone { .. } => &[
                "apply from the KUSION_HOME that made it, which still has the value",
                "or delete the resource that uses it, and a new secret is drawn",
            ],
            Self::DataAtRisk { .. } => &[
                "save what is needed, then pass `--allow-data-loss`",
                "or let it stay: give the object the annotation `kusion.io/keep: \"true\"`",
            ],
            Self::RollbackToDestroy { .. } => {
                &["choose a release before it, or run `kusion destroy` to delete what is there"]
            }
            Self::NoSources { .. } => {
                &["an older kusion made it; put app.yaml back and run `kusion apply`"]
            }
            Self::NothingBefore { .. } => &[
                "name both releases, as in `kusion release diff 1 2`; `kusion release list` shows them",
            ],
            Self::LiteralsGone { .. } => &[
                "write the values in app.yaml again, under the names they had",
                "or put app.yaml back and run `kusion apply`, which gets those that modules give",
            ],
            Self::AtWork { .. } => &[
                "wait until it is done",
                "or end that process: its lock goes with it, and the next run recovers what it left",
            ],
            _ => return self.inner().map_or_else(Vec::new, Diagnose::hints),
        };
        hints.iter().map(|hint| (*hint).to_owned()).collect()
    }

    fn problems(&self) -> &[Problem] {
        match self {
            Self::Invalid { problems }
            | Self::NotAccepted { problems }
            | Self::Withheld { problems } => problems,
            _ => self.inner().map_or(&[], Diagnose::problems),
        }
    }
}
