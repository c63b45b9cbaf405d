//! Whose releases: a stack of a project in a workspace.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::backend::Key;
use crate::name::{ProjectName, StackName, WorkspaceName};

/// The folder of all releases.
pub(super) const RELEASES: &str = "releases";
/// The folder of all stored secrets.
const SECRETS: &str = "secrets";

/// Names a stack of a project in a workspace.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct StackKey {
    /// The project.
    pub project: ProjectName,
    /// The workspace.
    pub workspace: WorkspaceName,
    /// The stack.
    pub stack: StackName,
}

impl StackKey {
    /// Returns the place of the stack's releases, which is also what a lease protects.
    pub fn releases(&self) -> Key {
        Key::top(RELEASES).below(&self.project).below(&self.workspace).below(&self.stack)
    }

    /// Returns the record of the stack's generated secrets.
    pub fn secrets(&self) -> Key {
        Key::top(SECRETS)
            .below(&self.project)
            .below(&self.workspace)
            .below(format_args!("{}.age", self.stack))
    }

    pub(super) fn record(&self, revision: u64) -> Key {
        self.releases().below(format_args!("{revision}.yaml"))
    }

    pub(super) fn journal(&self, revision: u64) -> Key {
        self.releases().below(format_args!("{revision}.journal"))
    }
}

impl fmt::Display for StackKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { project, workspace, stack } = self;
        write!(f, "{project}/{stack} in workspace {workspace}")
    }
}
