//! What can go wrong between us and a target.

use std::io;
use std::path::PathBuf;

use crate::diagnostic::{Diagnose, Kind, Problem};
use crate::runtime::{ClusterError, Explanation, Owner};
use crate::secret::SecretError;
use crate::spec::ResourceId;
use crate::yaml::YamlWriteError;

/// Says why a target could not be read or changed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RuntimeError {
    /// The workspace has no target for a type of resources.
    #[error("resource `{id}` has type `{kind}`, for which there is no runtime")]
    NoRuntime {
        /// The resource.
        id: ResourceId,
        /// Its type.
        kind: String,
        /// The types that have a runtime.
        known: Vec<&'static str>,
    },
    /// Something that we did not put there is in the way.
    #[error("`{path}` is in the way of resource `{id}` and not managed by kusion")]
    Foreign {
        /// The resource.
        id: ResourceId,
        /// The file.
        path: PathBuf,
    },
    /// The resource belongs to another stack.
    #[error("`{path}`, where resource `{id}` shall be, belongs to {owner}")]
    OwnedByOther {
        /// The resource.
        id: ResourceId,
        /// The file.
        path: PathBuf,
        /// Whose it is.
        owner: Box<Owner>,
    },
    /// The target folder is a link or no folder, so what we write would land somewhere else.
    #[error("`{path}` is not a folder of its own")]
    NoFolder {
        /// The path.
        path: PathBuf,
    },
    /// A file of the target cannot be read.
    #[error("cannot read `{path}`")]
    Read {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
    /// A file of the target cannot be written.
    #[error("cannot write `{path}`")]
    Write {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
    /// A file or folder of the target cannot be removed.
    #[error("cannot remove `{path}`")]
    Remove {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
    /// A secret of the resource has no value, or cannot be encrypted.
    #[error("cannot fill in the secrets of resource `{id}`")]
    Secret {
        /// The resource.
        id: ResourceId,
        /// The cause.
        source: Box<SecretError>,
    },
    /// The resource has no form as a file.
    #[error("cannot write resource `{id}` as a manifest")]
    Manifest {
        /// The resource.
        id: ResourceId,
        /// The cause.
        source: YamlWriteError,
    },
    /// A reference names an attribute that this target never knows.
    #[error("resource `{id}` needs `{reference}`, which has no value in this target")]
    Unresolved {
        /// The resource.
        id: ResourceId,
        /// The reference.
        reference: String,
    },
    /// A plan names a resource that is neither desired nor recorded.
    #[error("resource `{id}` is neither desired nor on record")]
    Unplanned {
        /// The resource.
        id: ResourceId,
    },
    /// The resource existed before kusion managed it, and such a one is never deleted.
    #[error(
        "resource `{id}` cannot change in place, and it existed before kusion managed it, so it is not replaced"
    )]
    AdoptedReplaced {
        /// The resource.
        id: ResourceId,
    },
    /// A cluster could not be read or changed.
    #[error(transparent)]
    Cluster(Box<ClusterError>),
    /// Several resources cannot be as they shall be.
    #[error("{} resources cannot be applied", problems.len())]
    Several {
        /// What is wrong with each.
        problems: Vec<Problem>,
        /// Whose mistake it is; the user's, if one of them is.
        kind: Kind,
    },
    /// Nothing runs in the target.
    #[error("nothing runs in {target}, so no port of it can be reached")]
    NothingRuns {
        /// The target.
        target: String,
    },
    /// A port that shall be reached does not exist.
    #[error("no Service of the stack has port {port}")]
    NoDoorway {
        /// The port.
        port: u16,
        /// Those that exist.
        known: Vec<String>,
    },
    /// A port that shall be reached exists several times.
    #[error("several Services have port {port}: {}", titles.join(", "))]
    SeveralDoorways {
        /// The port.
        port: u16,
        /// The Services that have it.
        titles: Vec<String>,
    },
    /// The target refuses.
    #[error("resource `{id}` was refused: {reason}")]
    Refused {
        /// The resource.
        id: ResourceId,
        /// What the target says.
        reason: String,
    },
}

impl RuntimeError {
    /// Says whether it is about the resource that was asked about, so that others can be looked at all the same.
    pub(crate) fn is_of_one_resource(&self) -> bool {
        let Self::Cluster(error) = self else { return false };
        match error.as_ref() {
            ClusterError::Forbidden { .. }
            | ClusterError::KindUnserved { .. }
            | ClusterError::NamespaceLeaving { .. } => true,
            ClusterError::Refused { code, .. } => *code < 500,
            _ => false,
        }
    }

    /// Says whether we may not do it.
    pub(crate) fn is_forbidden(&self) -> bool {
        matches!(self, Self::Cluster(error) if matches!(**error, ClusterError::Forbidden { .. }))
    }

    /// Returns what is known about a resource that does not come to work, beside the message.
    pub fn explanation(&self) -> Option<&Explanation> {
        match self {
            Self::Cluster(error) => match error.as_ref() {
                ClusterError::NotReady { explanation, .. } => Some(explanation),
                _ => None,
            },
            _ => None,
        }
    }

    /// Makes one error of those that were found, of which there is at least one.
    pub(crate) fn together(mut errors: Vec<Self>) -> Self {
        match errors.pop() {
            Some(only) if errors.is_empty() => only,
            last => {
                errors.extend(last);
                let users = errors.iter().find(|error| error.kind() == Kind::User);
                let kind = users.or(errors.first()).map_or(Kind::User, Self::kind);
                Self::Several { problems: errors.iter().map(Problem::of).collect(), kind }
            }
        }
    }
}

impl Diagnose for RuntimeError {
    fn kind(&self) -> Kind {
        match self {
            Self::NoRuntime { .. }
            | Self::Foreign { .. }
            | Self::OwnedByOther { .. }
            | Self::NoFolder { .. }
            | Self::AdoptedReplaced { .. }
            | Self::NothingRuns { .. }
            | Self::NoDoorway { .. }
            | Self::SeveralDoorways { .. }
            | Self::Unresolved { .. } => Kind::User,
            Self::Read { .. } | Self::Write { .. } | Self::Remove { .. } | Self::Refused { .. } => {
                Kind::Environment
            }
            Self::Several { kind, .. } => *kind,
            Self::Cluster(error) => error.kind(),
            Self::Secret { source, .. } => source.kind(),
            Self::Manifest { .. } | Self::Unplanned { .. } => Kind::Internal,
        }
    }

    fn hints(&self) -> Vec<String> {
        match self {
            Self::NoRuntime { known, .. } => {
                vec![format!("types that have a runtime: {}", known.join(", "))]
            }
            Self::Foreign { path, .. } => {
                vec![format!("move `{}` away, then try again", path.display())]
            }
            Self::OwnedByOther { .. } => {
                vec![
                    "give this stack a folder of its own in `targets.kubernetes.directory`"
                        .to_owned(),
                ]
            }
            Self::NoFolder { path } => {
                vec![format!("move `{}` away; kusion makes the folder itself", path.display())]
            }
            Self::AdoptedReplaced { .. } => {
                vec!["delete it yourself if nothing needs it; then it is made anew".to_owned()]
            }
            Self::Unresolved { .. } => {
                vec![
                    "apply to a target that fills in such attributes, such as a cluster".to_owned(),
                ]
            }
            Self::NoDoorway { known, .. } if !known.is_empty() => {
                vec![format!("ports that can be reached: {}", known.join(", "))]
            }
            Self::SeveralDoorways { port, .. } => {
                vec![format!("name one of them: `--port-forward LOCAL:SERVICE:{port}`")]
            }
            Self::NothingRuns { .. } => {
                vec!["leave `--port-forward` out, or apply to a cluster".to_owned()]
            }
            Self::Cluster(error) => error.hints(),
            Self::Secret { source, .. } => source.hints(),
            _ => Vec::new(),
        }
    }

    fn problems(&self) -> &[Problem] {
        match self {
            Self::Several { problems, .. } => problems,
            _ => &[],
        }
    }
}
