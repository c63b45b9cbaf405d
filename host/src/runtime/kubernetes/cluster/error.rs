//! What can go wrong between us and a cluster.

use std::error::Error;
use std::path::PathBuf;

use jiff::Timestamp;

use crate::diagnostic::{Diagnose, Kind};
use crate::runtime::Owner;
use crate::runtime::kubernetes::cluster::{Explanation, FieldConflict, FieldProblem};
use crate::spec::ResourceId;

/// Says why a cluster could not be read or changed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ClusterError {
    /// A kubeconfig cannot be used.
    #[error("cannot use kubeconfig `{path}`")]
    Kubeconfig {
        /// The file, or what it was given by.
        path: PathBuf,
        /// Why.
        source: Box<dyn Error + Send + Sync>,
    },
    /// A kubeconfig has no such context.
    #[error("kubeconfig `{path}` has no context `{context}`")]
    NoContext {
        /// The file, or what it was given by.
        path: PathBuf,
        /// The context.
        context: String,
        /// Those that it has.
        known: Vec<String>,
    },
    /// Nothing says which context of a kubeconfig is meant.
    #[error("kubeconfig `{path}` has no current context")]
    NoCurrentContext {
        /// The file, or what it was given by.
        path: PathBuf,
        /// Those that it has.
        known: Vec<String>,
    },
    /// The server does not answer, or not as a Kubernetes API server does.
    #[error("cannot reach {cluster}")]
    Unreachable {
        /// The cluster.
        cluster: String,
        /// Why.
        source: Box<dyn Error + Send + Sync>,
    },
    /// The server does not know who we are.
    #[error("{cluster} does not accept the credentials of context `{context}`")]
    Unauthorised {
        /// The cluster.
        cluster: String,
        /// The context.
        context: String,
    },
    /// We may not ask what every run must know.
    #[error("context `{context}` may not use {cluster}: {message}")]
    NotAllowed {
        /// The cluster.
        cluster: String,
        /// The context.
        context: String,
        /// What the server says.
        message: String,
    },
    /// The server, or something on the way to it, refuses what every run must know.
    #[error("{cluster} answers {code}: {message}")]
    Declined {
        /// The cluster.
        cluster: String,
        /// The HTTP status.
        code: u16,
        /// What the server says.
        message: String,
    },
    /// We may not do this.
    #[error("not allowed to {verb} resource `{id}`: {message}")]
    Forbidden {
        /// The resource.
        id: ResourceId,
        /// What was attempted.
        verb: &'static str,
        /// What the server says.
        message: String,
    },
    /// A quota, a policy or a webhook refuses the object.
    #[error("resource `{id}` was denied by {by}: {message}")]
    Denied {
        /// The resource.
        id: ResourceId,
        /// Who refuses.
        by: String,
        /// What the server says.
        message: String,
    },
    /// The object does not fit its schema.
    #[error("resource `{id}` is not valid: {}", join(problems))]
    Invalid {
        /// The resource.
        id: ResourceId,
        /// What is wrong, field by field.
        problems: Vec<FieldProblem>,
        /// What others added to lists of the object, which an apply keeps, a few items by name.
        others: Vec<String>,
        /// How we stand to an object that was there before; `None` if it is ours.
        existed: Option<String>,
    },
    /// The change touches what cannot change in place.
    #[error("resource `{id}` cannot change in place: {}", backquoted(fields))]
    Immutable {
        /// The resource.
        id: ResourceId,
        /// The fields.
        fields: Vec<String>,
    },
    /// Somebody else manages fields that we want to set.
    #[error("resource `{id}` has fields that others manage: {}", join(conflicts))]
    Conflict {
        /// The resource.
        id: ResourceId,
        /// The fields and who manages them.
        conflicts: Vec<FieldConflict>,
    },
    /// The server does not serve this kind.
    #[error(
        "resource `{id}` has kind `{kind}` of `{api_version}`, which the cluster does not serve"
    )]
    UnknownKind {
        /// The resource.
        id: ResourceId,
        /// Its `apiVersion`.
        api_version: String,
        /// Its kind.
        kind: String,
    },
    /// The server knows this kind and does not serve it now, so that nobody can say what is there.
    #[error(
        "resource `{id}` has kind `{kind}` of `{api_version}`, which the cluster defines and does not serve now"
    )]
    KindUnserved {
        /// The resource.
        id: ResourceId,
        /// Its `apiVersion`.
        api_version: String,
        /// Its kind.
        kind: String,
    },
    /// The namespace does not exist, and the stack does not make it.
    #[error("resource `{id}` lies in namespace `{namespace}`, which does not exist")]
    NoNamespace {
        /// The resource.
        id: ResourceId,
        /// The namespace.
        namespace: String,
    },
    /// Nothing can be made in the namespace, because it is being deleted.
    #[error("resource `{id}` lies in namespace `{namespace}`, which is being deleted")]
    NamespaceLeaving {
        /// The resource.
        id: ResourceId,
        /// The namespace.
        namespace: String,
    },
    /// The manifest sets an annotation or label by which we keep stacks apart.
    #[error("resource `{id}` sets `{key}`, which says whose it is")]
    Reserved {
        /// The resource.
        id: ResourceId,
        /// The annotation or label.
        key: &'static str,
    },
    /// The object belongs to another stack.
    #[error("resource `{id}` belongs to {owner}")]
    OwnedByOther {
        /// The resource.
        id: ResourceId,
        /// Whose it is.
        owner: Box<Owner>,
    },
    /// The object is managed by another tool.
    #[error("resource `{id}` exists and is managed by {tool}")]
    ManagedByTool {
        /// The resource.
        id: ResourceId,
        /// The tool, by the name that people know it by.
        tool: String,
    },
    /// Somebody marked the object to stay after the plan was made.
    #[error("resource `{id}` was marked with `kusion.io/keep` since the plan was made")]
    KeptMeanwhile {
        /// The resource.
        id: ResourceId,
    },
    /// Somebody made an object of this name after the plan was made.
    #[error("resource `{id}` was made by somebody else since the plan was made")]
    MadeMeanwhile {
        /// The resource.
        id: ResourceId,
    },
    /// What was to be adopted is not there any more.
    #[error("resource `{id}` was to be adopted, and was deleted since the plan was made")]
    GoneMeanwhile {
        /// The resource.
        id: ResourceId,
    },
    /// The object is not the one that was looked at.
    #[error("resource `{id}` was deleted and made anew by somebody else")]
    Remade {
        /// The resource.
        id: ResourceId,
    },
    /// The object does not go away.
    #[error(
        "resource `{id}` is being deleted and was not gone after {seconds} s: {}",
        stuck(finalizers)
    )]
    StillThere {
        /// The resource.
        id: ResourceId,
        /// How long we waited, in seconds.
        seconds: u64,
        /// What must happen before it goes.
        finalizers: Vec<String>,
    },
    /// The namespace holds what is not ours.
    #[error("namespace `{namespace}` holds objects of others: {}", backquoted(objects))]
    NamespaceInUse {
        /// The namespace.
        namespace: String,
        /// Some of them.
        objects: Vec<String>,
    },
    /// The object did not become what others need of it.
    #[error("resource `{id}` is not ready: {reason}")]
    NotReady {
        /// The resource.
        id: ResourceId,
        /// Why.
        reason: String,
        /// What else is known about it.
        explanation: Box<Explanation>,
    },
    /// Somebody whose records are elsewhere changes the stack.
    #[error("{stack} is in use by {}{}", holder_name(holder), since_when(*since))]
    Claimed {
        /// The stack.
        stack: Box<Owner>,
        /// The user, the machine and what is done, as the Lease has it.
        holder: String,
        /// When it was taken, if the Lease says it.
        since: Option<Timestamp>,
        /// When it ends unless it is renewed.
        until: Timestamp,
    },
    /// Somebody else changed the stack between the plan and its execution.
    #[error("{stack} was changed{} since the plan was made", by_whom(by.as_deref()))]
    ChangedMeanwhile {
        /// The stack.
        stack: Box<Owner>,
        /// Who, if that can be told.
        by: Option<String>,
    },
    /// This run does not keep others out any more.
    #[error("{stack} is not kept for this run any more{}", taken_over(to))]
    ClaimLost {
        /// The stack.
        stack: Box<Owner>,
        /// Who has it now; empty if that is not known.
        to: String,
    },
    /// Nobody is kept from changing the stack at the same time.
    #[error("cannot keep others from changing {stack} at the same time")]
    Unguarded {
        /// The stack.
        stack: Box<Owner>,
        /// Where the Lease would be.
        namespace: String,
        /// Why.
        source: Box<dyn Error + Send + Sync>,
    },
    /// The object by which other tools list the members of the stack is not as it should be.
    #[error(
        "cannot tell other tools what belongs to {stack}, in ConfigMap `{name}` of namespace `{namespace}`"
    )]
    Unlisted {
        /// The stack.
        stack: Box<Owner>,
        /// Where the object would be.
        namespace: String,
        /// Its name.
        name: String,
        /// Why.
        source: Box<dyn Error + Send + Sync>,
    },
    /// Nothing works behind a port that shall be reached.
    #[error("no pod behind {title} works")]
    NoPod {
        /// The Service or workload, for people.
        title: String,
    },
    /// The server refuses for another reason.
    #[error("cannot {verb} resource `{id}`: the server answers {code}: {message}")]
    Refused {
        /// The resource.
        id: ResourceId,
        /// What was attempted.
        verb: &'static str,
        /// The HTTP status.
        code: u16,
        /// What the server says.
        message: String,
    },
}

fn join<T: ToString>(items: &[T]) -> String {
    items.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}

fn backquoted(items: &[String]) -> String {
    items.iter().map(|item| format!("`{item}`")).collect::<Vec<_>>().join(", ")
}

/// Writes a holder as `Lease` objects name it like any other: `ada@laptop` (`apply`).
fn holder_name(holder: &str) -> String {
    let parts = holder.strip_suffix(')').and_then(|holder| holder.rsplit_once(" ("));
    match parts {
        Some((who, operation)) => format!("`{who}` (`{operation}`)"),
        None => format!("`{holder}`"),
    }
}

fn since_when(since: Option<Timestamp>) -> String {
    since.map_or_else(String::new, |since| format!(" since {since:.0}"))
}

fn by_whom(by: Option<&str>) -> String {
    by.map_or_else(String::new, |by| format!(" by {}", holder_name(by)))
}

fn taken_over(to: &str) -> String {
    if to.is_empty() { String::new() } else { format!(": {} has it", holder_name(to)) }
}

fn stuck(finalizers: &[String]) -> String {
    if finalizers.is_empty() {
        return "nothing says why".to_owned();
    }
    format!("it waits for {}", quoted(finalizers))
}

/// Lists names of finalizers, and sentences in which the server explains itself.
pub(super) fn quoted(finalizers: &[String]) -> String {
    let quoted = |text: &String| {
        if text.contains(' ') { text.clone() } else { format!("`{text}`") }
    };
    finalizers.iter().map(quoted).collect::<Vec<_>>().join(", ")
}

impl Diagnose for ClusterError {
    fn kind(&self) -> Kind {
        match self {
            Self::Unreachable { .. }
            | Self::Unauthorised { .. }
            | Self::NotAllowed { .. }
            | Self::Declined { .. }
            | Self::Forbidden { .. }
            | Self::KindUnserved { .. }
            | Self::NamespaceLeaving { .. }
            | Self::StillThere { .. }
            | Self::NotReady { .. }
            | Self::Claimed { .. }
            | Self::ChangedMeanwhile { .. }
            | Self::ClaimLost { .. }
            | Self::Unguarded { .. }
            | Self::Unlisted { .. }
            | Self::NoPod { .. }
            | Self::Refused { .. } => Kind::Environment,
            Self::Kubeconfig { .. }
            | Self::NoContext { .. }
            | Self::NoCurrentContext { .. }
            | Self::Denied { .. }
            | Self::Invalid { .. }
            | Self::Immutable { .. }
            | Self::Conflict { .. }
            | Self::UnknownKind { .. }
            | Self::NoNamespace { .. }
            | Self::Reserved { .. }
            | Self::OwnedByOther { .. }
            | Self::ManagedByTool { .. }
            | Self::KeptMeanwhile { .. }
            | Self::MadeMeanwhile { .. }
            | Self::GoneMeanwhile { .. }
            | Self::Remade { .. }
            | Self::NamespaceInUse { .. } => Kind::User,
        }
    }

    fn hints(&self) -> Vec<String> {
        let hint = match self {
            Self::NoContext { context, known, .. } => {
                return crate::diagnostic::name_hints(context, known.iter().map(String::as_str));
            }
            Self::NoCurrentContext { known, .. } => {
                format!("name one with `--context`: {}", known.join(", "))
            }
            Self::Unreachable { .. } | Self::Declined { .. } => {
                "check that the cluster runs and that the kubeconfig names its address".to_owned()
            }
            Self::Unauthorised { .. } => {
                "log in to the cluster again; the token or certificate may have expired".to_owned()
            }
            Self::NotAllowed { .. } | Self::Forbidden { .. } => {
                "ask whoever runs the cluster for a role that allows it".to_owned()
            }
            Self::NamespaceLeaving { namespace, .. } => format!(
                "`kubectl get namespace {namespace} --output yaml` shows what it waits for; try again once it is gone"
            ),
            Self::Conflict { .. } => {
                "take the fields out of the configuration, or pass `--force-conflicts` to take them over"
                    .to_owned()
            }
            Self::Invalid { others, existed: Some(existed), .. } if !others.is_empty() => format!(
                "the object {existed}, and {} of it stays beside what is configured: remove it with kubectl, or write it too",
                others.join(", ")
            ),
            Self::Invalid { existed: Some(existed), .. } => format!("the object {existed}"),
            Self::Invalid { others, .. } if !others.is_empty() => format!(
                "others added {} to the object, and an apply leaves that there: remove it with kubectl, or write it too",
                others.join(", ")
            ),
            Self::Immutable { .. } => {
                "pass `--replace` to delete it and make it anew, or put the fields back".to_owned()
            }
            Self::UnknownKind { .. } => {
                "install what defines the kind, or check `apiVersion` and `kind`".to_owned()
            }
            Self::KindUnserved { .. } => {
                "try again; `kubectl get apiservices,customresourcedefinitions` shows what does not work"
                    .to_owned()
            }
            Self::OwnedByOther { .. } => {
                "two stacks cannot share an object: give one of them another name or namespace"
                    .to_owned()
            }
            Self::ManagedByTool { .. } => {
                "pass `--adopt` to manage it from here; it is never deleted by kusion".to_owned()
            }
            Self::Claimed { until, .. } => {
                return vec![
                    "wait until it is done, then run the command again".to_owned(),
                    format!("if that run has died, it keeps others out until {until:.0}"),
                ];
            }
            Self::ChangedMeanwhile { .. } => "run the command again".to_owned(),
            Self::ClaimLost { .. } => {
                "run the command again; it goes on from what is recorded".to_owned()
            }
            Self::Unguarded { namespace, .. } => format!(
                "ask for the right to get, create, update and delete `leases` in namespace `{namespace}`"
            ),
            Self::GoneMeanwhile { .. } => "the next apply creates it".to_owned(),
            Self::KeptMeanwhile { .. } | Self::MadeMeanwhile { .. } | Self::Remade { .. } => "look at it, then try again".to_owned(),
            Self::StillThere { finalizers, .. } if !finalizers.is_empty() => {
                "see to it that the controllers of these finalizers run".to_owned()
            }
            _ => return Vec::new(),
        };
        vec![hint]
    }
}
