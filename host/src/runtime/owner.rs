//! Whose a resource in a target is.

use std::fmt;

use crate::name::{ProjectName, StackName, WorkspaceName};

/// The stack that manages a resource.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Owner {
    /// The project.
    pub project: ProjectName,
    /// The stack of the project.
    pub stack: StackName,
    /// The workspace it was applied in.
    pub workspace: WorkspaceName,
}

impl fmt::Display for Owner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { project, stack, workspace } = self;
        write!(f, "stack `{stack}` of project `{project}` in workspace `{workspace}`")
    }
}
