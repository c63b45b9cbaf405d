//! What can be wrong with what modules contributed.

use std::fmt::Write as _;

use crate::diagnostic::{Diagnose, Kind, Problem};
use crate::name::AppName;
use crate::spec::{Origin, ResourceId, SecretRef};

/// The most faults that are described; more say nothing new and cost time to look up near misses.
const MAX_FAULTS: usize = 20;

/// The longest name, in bytes, for which a near miss is looked up.
const MAX_NAME_LENGTH: usize = 250;

/// The most names of similar length that are compared with an unknown one.
const MAX_CANDIDATES: usize = 1000;

/// Says why no Spec could be made.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct AssembleError {
    message: String,
    faults: Vec<Fault>,
    problems: Vec<Problem>,
}

impl AssembleError {
    pub(super) fn new(faults: Vec<Fault>) -> Self {
        let message = match faults.as_slice() {
            [fault] => fault.to_string(),
            _ => format!("{} problems in what the modules made", faults.len()),
        };
        let mut problems: Vec<Problem> =
            faults.iter().take(MAX_FAULTS).map(Fault::problem).collect();
        if let Some(more) = faults.len().checked_sub(MAX_FAULTS).filter(|more| *more > 0) {
            problems.push(Problem::new(format!("{more} more problems like these")));
        }
        Self { message, faults, problems }
    }

    /// Returns everything that is wrong.
    pub fn faults(&self) -> &[Fault] {
        &self.faults
    }
}

impl Diagnose for AssembleError {
    fn kind(&self) -> Kind {
        Kind::User
    }

    fn problems(&self) -> &[Problem] {
        &self.problems
    }
}

/// One thing that is wrong with what modules contributed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// Two modules, or one module twice, made a resource of one id.
    #[error("resource `{id}` is made twice: by {first}, and by {second}")]
    DuplicateResource {
        /// The id.
        id: ResourceId,
        /// Who made it first.
        first: Origin,
        /// Who made it again.
        second: Origin,
    },
    /// Two module calls asked for secrets of one name.
    #[error("secret `{secret}` is asked for twice: by {first}, and by {second}")]
    DuplicateSecret {
        /// The reference both would have.
        secret: SecretRef,
        /// Who asked first.
        first: Origin,
        /// Who asked again.
        second: Origin,
    },
    /// A secret's name cannot stand in a reference.
    #[error("{origin} asks for a secret under the name `{name}`, which is no name of a secret")]
    SecretName {
        /// Who asked.
        origin: Origin,
        /// The name.
        name: String,
    },
    /// A patch has the wrong shape or does not fit the resource.
    #[error("{origin} has a patch that cannot be applied: {reason}")]
    BadPatch {
        /// Whose patch.
        origin: Origin,
        /// Why not.
        reason: String,
    },
    /// A patch names a resource that nobody made.
    #[error("{origin} patches resource `{id}`, which does not exist")]
    PatchTarget {
        /// Whose patch.
        origin: Origin,
        /// The id.
        id: ResourceId,
        /// An id that exists and is similar.
        near: Option<String>,
    },
    /// Two patches want different values at one place.
    #[error("{first} and {second} set different values at `{path}` of resource `{id}`")]
    PatchConflict {
        /// The patched resource.
        id: ResourceId,
        /// The JSON Pointer.
        path: String,
        /// Whose patch was applied first.
        first: Origin,
        /// Whose patch wants something else.
        second: Origin,
    },
    /// A patch for the workload of an app that has none.
    #[error("{origin} patches the workload of app `{app}`, which has none", app = origin.app)]
    NoWorkload {
        /// Whose patch.
        origin: Origin,
    },
    /// A patch for a workload of which nobody knows which resource it is.
    #[error("it is not clear which resource is the workload of app `{app}`: {}", list(candidates))]
    AmbiguousWorkload {
        /// The app.
        app: AppName,
        /// The resources in question.
        candidates: Vec<ResourceId>,
    },
    /// A patch for pods of a resource that has none.
    #[error("{origin} patches the pods of resource `{id}`, which has none")]
    NoPods {
        /// Whose patch.
        origin: Origin,
        /// The workload.
        id: ResourceId,
    },
    /// The namespace of the stack has a name that no namespace can have.
    #[error("`{name}` cannot be the name of a namespace: {reason}")]
    Namespace {
        /// The name.
        name: String,
        /// Why not.
        reason: &'static str,
    },
    /// A resource is not what its target accepts.
    #[error("resource `{id}` of {origin}: {reason}")]
    BadResource {
        /// Who made it.
        origin: Origin,
        /// The resource.
        id: ResourceId,
        /// What is wrong.
        reason: String,
    },
    /// A resource refers to an attribute of a resource that nobody made.
    #[error("resource `{id}` of {origin} refers to `{reference}`, but no such resource exists")]
    UnknownReference {
        /// Who made the resource.
        origin: Origin,
        /// The resource that refers.
        id: ResourceId,
        /// The whole reference.
        reference: String,
        /// An id that exists and is similar.
        near: Option<String>,
    },
    /// A resource depends on a resource that nobody made.
    #[error("resource `{id}` of {origin} depends on `{dependency}`, which does not exist")]
    UnknownDependency {
        /// Who made the resource.
        origin: Origin,
        /// The resource that depends.
        id: ResourceId,
        /// What it depends on.
        dependency: ResourceId,
        /// An id that exists and is similar.
        near: Option<String>,
    },
    /// A reference to a secret stands where it would be readable for everybody.
    #[error(
        "resource `{id}` of {origin} has a reference to a secret at `{path}`, where no secret can stand"
    )]
    SecretPlace {
        /// Who made the resource.
        origin: Origin,
        /// The resource.
        id: ResourceId,
        /// The JSON Pointer.
        path: String,
    },
    /// A reference to an attribute would copy secret values to where everybody can read them.
    #[error(
        "resource `{id}` of {origin} refers to `{reference}`, which holds secret values of another resource"
    )]
    SecretAttribute {
        /// Who made the resource.
        origin: Origin,
        /// The resource that refers.
        id: ResourceId,
        /// The whole reference.
        reference: String,
    },
    /// A reference names a secret that its app did not ask for, or is incomplete.
    #[error(
        "resource `{id}` of {origin} refers to `{reference}`, a secret that no module of the app asked for"
    )]
    UnknownSecret {
        /// Who made the resource.
        origin: Origin,
        /// The resource.
        id: ResourceId,
        /// The reference.
        reference: String,
        /// A secret that exists and is similar.
        near: Option<String>,
    },
    /// Resources wait for each other.
    #[error("resources depend on each other in a circle: {}", circle(ids))]
    Cycle {
        /// The resources, each depending on the next and the last on the first, with who made them.
        ids: Vec<(ResourceId, Option<Origin>)>,
    },
}

impl Fault {
    fn problem(&self) -> Problem {
        let problem = Problem::new(self.to_string());
        match self {
            Self::PatchTarget { near: Some(near), .. }
            | Self::UnknownReference { near: Some(near), .. }
            | Self::UnknownDependency { near: Some(near), .. }
            | Self::UnknownSecret { near: Some(near), .. } => {
                problem.hint(format!("did you mean `{near}`?"))
            }
            Self::SecretPlace { .. } => problem.hint(
                "put the reference into `data` or `stringData` of a Secret and refer to the Secret",
            ),
            Self::SecretAttribute { .. } => problem.hint(
                "let the pods read the Secret by `secretKeyRef`, or use the `$kusion_secret` it is made of",
            ),
            Self::AmbiguousWorkload { .. } => problem.hint(
                "the module must set the extension `kusion.io/is-workload: true` on one of them",
            ),
            Self::PatchConflict { .. } => {
                problem.hint("configure one of the two modules so that it leaves this value alone")
            }
            Self::NoWorkload { .. } => {
                problem.hint("give the app a workload, or remove the accessory")
            }
            Self::SecretName { .. } => {
                problem.hint("a secret's name has letters, digits, `_` and `-`")
            }
            _ => problem,
        }
    }
}

fn list(ids: &[ResourceId]) -> String {
    let ids: Vec<String> = ids.iter().map(|id| format!("`{id}`")).collect();
    if ids.is_empty() { "its module made none".to_owned() } else { ids.join(", ") }
}

fn circle(ids: &[(ResourceId, Option<Origin>)]) -> String {
    let mut text = String::new();
    for (id, origin) in ids {
        let _infallible = match origin {
            Some(origin) => write!(text, "`{id}` of {origin} -> "),
            None => write!(text, "`{id}` -> "),
        };
    }
    if let Some((first, _)) = ids.first() {
        let _infallible = write!(text, "`{first}`");
    }
    text
}

/// Returns the candidate that is most like an unknown name, if one is near enough to be a slip.
///
/// Gives up where `found` faults are shown already, on long names, and after many candidates, so that
/// what a module returns cannot make the search expensive.
pub(super) fn nearest<'a>(
    found: usize,
    unknown: &str,
    candidates: impl Iterator<Item = &'a str>,
) -> Option<String> {
    if found >= MAX_FAULTS || unknown.len() > MAX_NAME_LENGTH {
        return None;
    }
    let allowed = 2 + unknown.chars().count() / 8;
    candidates
        .filter(|candidate| candidate.len().abs_diff(unknown.len()) <= allowed)
        .take(MAX_CANDIDATES)
        .map(|candidate| (strsim::osa_distance(unknown, candidate), candidate))
        .filter(|(distance, _)| *distance <= allowed)
        .min()
        .map(|(_, candidate)| candidate.to_owned())
}
