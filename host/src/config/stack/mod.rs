//! A folder -> a checked stack: find the files, read them, merge them, check them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::{App, ConfigError};
use crate::name::{ProjectName, StackName, WorkspaceName};
use crate::source::Location;

/// A stack with everything its files say.
#[derive(Debug, Clone)]
pub struct Stack {
    project: ProjectName,
    stack: StackName,
    labels: BTreeMap<String, String>,
    namespace: String,
    workspace: Option<(WorkspaceName, Location)>,
    project_dir: PathBuf,
    stack_dir: PathBuf,
    apps: Vec<App>,
}

impl Stack {
    /// Loads the stack in a folder.
    ///
    /// Paths in messages begin with `dir` as it was given.
    ///
    /// # Errors
    ///
    /// The folder is no stack of a project, a file cannot be read, or files have problems; all problems of
    /// all files come in one error.
    pub fn load(dir: &Path) -> Result<Self, ConfigError> {
        Err(ConfigError::NoStack { folder: dir.to_owned() })
    }

    /// Returns the name of the project.
    pub fn project(&self) -> &ProjectName {
        &self.project
    }

    /// Returns the name of the stack.
    pub fn stack(&self) -> &StackName {
        &self.stack
    }

    /// Returns the labels of the project with those of the stack over them.
    pub fn labels(&self) -> &BTreeMap<String, String> {
        &self.labels
    }

    /// Returns the namespace in which the apps live.
    pub fn namespace(&self) -> &str {
        &self.namespace
    }

    /// Returns the workspace to which the stack is pinned, with the place that says so.
    pub fn workspace(&self) -> Option<(&WorkspaceName, &Location)> {
        self.workspace.as_ref().map(|(name, location)| (name, location))
    }

    /// Returns the folder of the project, absolute.
    pub fn project_dir(&self) -> &Path {
        &self.project_dir
    }

    /// Returns the folder of the stack, absolute.
    pub fn stack_dir(&self) -> &Path {
        &self.stack_dir
    }

    /// Returns the apps, sorted by name; there is at least one.
    pub fn apps(&self) -> &[App] {
        &self.apps
    }
}
