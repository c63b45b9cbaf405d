//! Why an operation cannot be done.

use crate::backend::BackendError;
use crate::diagnostic::{Diagnose, Kind, Problem};
use crate::engine::{CallError, LoadError};
use crate::module::ModuleError;
use crate::release::ReleaseError;
use crate::runtime::RuntimeError;
use crate::secret::SecretError;
use crate::spec::{AssembleError, ResourceId};

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
    /// A module's bytes cannot be had.
    #[error(transparent)]
    Module(Box<ModuleError>),
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
                    Self::Invalid { .. } | Self::Refused { .. } | Self::Unrecorded { .. } => None,
                    $(Self::$variant(error) => Some(error.as_ref()),)*
                }
            }
        }
    };
}

from!(
    Module(ModuleError),
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
        self.inner().map_or(Kind::User, Diagnose::kind)
    }

    fn hints(&self) -> Vec<String> {
        if let Self::Unrecorded { .. } = self {
            return vec![
                "the stack was applied from another KUSION_HOME or backend: go on from there"
                    .to_owned(),
                "or delete the resource, and a new secret is drawn".to_owned(),
            ];
        }
        self.inner().map_or_else(Vec::new, Diagnose::hints)
    }

    fn problems(&self) -> &[Problem] {
        match self {
            Self::Invalid { problems } => problems,
            _ => self.inner().map_or(&[], Diagnose::problems),
        }
    }
}
