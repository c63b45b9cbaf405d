//! Opens the place where a workspace says that resources live.

use std::path::{Path, PathBuf};

use crate::config::{SecretsMode, Stack, Target, Workspace};
use crate::diagnostic::{Diagnose, Kind};
use crate::runtime::{DirectoryRuntime, Owner, Runtime, SecretPolicy};
use crate::secret::{Recipient, SecretError};

/// Why a workspace's target cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TargetError {
    /// The workspace names no target.
    #[error("workspace `{workspace}` has no target")]
    Missing {
        /// The workspace.
        workspace: String,
    },
    /// The target is a cluster, which this version does not serve.
    #[error(
        "workspace `{workspace}` has a cluster as its target, which this version cannot apply to"
    )]
    Cluster {
        /// The workspace.
        workspace: String,
    },
    /// The recipient that Secrets are encrypted to is none.
    #[error("`targets.kubernetes.secrets` of workspace `{workspace}` cannot be used")]
    Recipient {
        /// The workspace.
        workspace: String,
        /// What is wrong with it.
        source: Box<SecretError>,
    },
}

impl Diagnose for TargetError {
    fn kind(&self) -> Kind {
        Kind::User
    }

    fn hints(&self) -> Vec<String> {
        match self {
            Self::Missing { workspace } | Self::Cluster { workspace } => vec![format!(
                "add `targets: {{kubernetes: {{directory: manifests}}}}` with `kusion workspace update {workspace} -f FILE`"
            )],
            Self::Recipient { .. } => {
                vec![
                    "give `plain`, `omit`, or a public key of age that begins with `age1`"
                        .to_owned(),
                ]
            }
        }
    }
}

/// Returns the folders below which the target keeps manifests: the stack's own, and those of all stacks
/// unless the stack is described among them.
pub(super) fn manifests(stack: &Stack, workspace: &Workspace) -> Vec<PathBuf> {
    let Some(Target::Directory { path, .. }) = workspace.target() else { return Vec::new() };
    let own = stack.project_dir().join(below_project(path, stack, workspace));
    let all = stack.project_dir().join(path);
    let real = |path: &Path| fs_err::canonicalize(path).ok();
    let is_among =
        real(&all).zip(real(stack.stack_dir())).is_some_and(|(all, stack)| stack.starts_with(&all));
    if is_among { vec![own] } else { vec![own, all] }
}

/// Returns the folder of a stack's manifests, from the project's folder on.
fn below_project(path: &str, stack: &Stack, workspace: &Workspace) -> PathBuf {
    Path::new(path).join(workspace.name().as_str()).join(stack.stack().as_str())
}

/// Opens the target of a workspace for one stack.
///
/// # Errors
///
/// The workspace has no target that this version serves.
pub fn open_target(stack: &Stack, workspace: &Workspace) -> Result<Box<dyn Runtime>, TargetError> {
    let name = || workspace.name().to_string();
    match workspace.target() {
        None => Err(TargetError::Missing { workspace: name() }),
        Some(Target::Cluster { .. }) => Err(TargetError::Cluster { workspace: name() }),
        Some(Target::Directory { path, secrets }) => {
            let below_project = below_project(path, stack, workspace);
            let folder = stack.project_dir().join(&below_project);
            let policy = match secrets {
                SecretsMode::Omit => SecretPolicy::Omit,
                SecretsMode::Plain => SecretPolicy::Plain,
                SecretsMode::Age { recipient } => {
                    SecretPolicy::Age(Recipient::parse(recipient).map_err(|source| {
                        TargetError::Recipient { workspace: name(), source: Box::new(source) }
                    })?)
                }
            };
            let owner = Owner {
                project: stack.project().clone(),
                stack: stack.stack().clone(),
                workspace: workspace.name().clone(),
            };
            let runtime = DirectoryRuntime::new(folder, owner, policy);
            Ok(Box::new(runtime.titled(below_project.display().to_string())))
        }
    }
}
