//! A folder -> a checked stack: find the files, read them, merge them, check them.

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::{App, ConfigError, file};
use crate::name::{ProjectName, StackName, WorkspaceName};
use crate::source::{Location, SourceFile};

mod app;
mod discover;
mod header;
mod labels;
mod overlay;

pub use discover::project_folder;

/// The file that describes apps.
const APP_FILE: &str = "app.yaml";

/// Whose stack a case is.
const CASE_PROJECT: &str = "name: shop\n";
const CASE_STACK: &str = "name: dev\nworkspace: dev\n";

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
        Self::read(dir, true)
    }

    /// Loads whose stack a folder is, and no apps: all that is needed to work on what is on record.
    ///
    /// # Errors
    ///
    /// As [`Stack::load`], with nothing said about apps.
    pub fn load_header(dir: &Path) -> Result<Self, ConfigError> {
        Self::read(dir, false)
    }

    /// Loads a folder that needs no more than an `app.yaml`: the stack `dev` of the project `shop`, pinned to the
    /// workspace `dev`. A folder with a `stack.yaml` is the stack that it says.
    ///
    /// # Errors
    ///
    /// As [`Stack::load`].
    pub(super) fn load_case(dir: &Path) -> Result<Self, ConfigError> {
        let Some(folders) = discover::without_stack(dir)? else { return Self::load(dir) };
        let project = SourceFile::new(dir.join(discover::PROJECT_FILE), CASE_PROJECT);
        let stack = SourceFile::new(dir.join(discover::STACK_FILE), CASE_STACK);
        Self::put_together(folders, &project, &stack, true)
    }

    #[tracing::instrument(level = "info", name = "read configuration", skip_all)]
    fn read(dir: &Path, with_apps: bool) -> Result<Self, ConfigError> {
        let folders = discover::discover(dir)?;
        let project = required(&folders.project, discover::PROJECT_FILE)?;
        let stack = required(&folders.stack, discover::STACK_FILE)?;
        Self::put_together(folders, &project, &stack, with_apps)
    }

    fn put_together(
        folders: discover::Folders,
        project_file: &Arc<SourceFile>,
        stack_file: &Arc<SourceFile>,
        with_apps: bool,
    ) -> Result<Self, ConfigError> {
        let (project, stack) = (&folders.project, &folders.stack);
        let app_file = |folder| if with_apps { optional(folder, APP_FILE) } else { Ok(None) };
        let base = app_file(project)?;
        let overlay = if project.path == stack.path { None } else { app_file(stack)? };

        let mut problems = Vec::new();
        let header = header::read(project_file, stack_file, &mut problems);
        if with_apps && base.is_none() && overlay.is_none() {
            ConfigError::check(problems)?;
            let mut looked_for = vec![project.shown.join(APP_FILE), stack.shown.join(APP_FILE)];
            looked_for.dedup();
            return Err(ConfigError::NoApp { looked_for });
        }
        // A project without a sound name is a problem already; its apps are checked under any name.
        let default_name = header.project.as_ref().map_or("app", ProjectName::as_str);
        let drafts = overlay::drafts(base.as_ref(), overlay.as_ref(), default_name, &mut problems);
        let mut apps: Vec<App> =
            drafts.iter().filter_map(|draft| app::build(draft, &mut problems)).collect();
        apps.sort_by(|left, right| left.name.cmp(&right.name));
        // A base that was emptied or lost must not delete everything because an overlay is still there.
        let lost = base.as_ref().is_none_or(|base| is_blank(base.text()));
        if with_apps
            && problems.is_empty()
            && (apps.is_empty() || lost && apps.iter().all(App::is_empty))
        {
            let looked_for = vec![project.shown.join(APP_FILE), stack.shown.join(APP_FILE)];
            return Err(ConfigError::NoApp { looked_for });
        }
        match (header.project, header.stack) {
            (Some(project), Some(stack)) if problems.is_empty() => Ok(Self {
                project,
                stack,
                labels: header.labels,
                namespace: header.namespace,
                workspace: header.workspace,
                project_dir: folders.project.path,
                stack_dir: folders.stack.path,
                apps,
            }),
            _ => Err(ConfigError::invalid(problems)),
        }
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

    /// Returns the apps, sorted by name; there is at least one, or none at all of a header.
    pub fn apps(&self) -> &[App] {
        &self.apps
    }
}

fn optional(folder: &discover::Folder, name: &str) -> Result<Option<Arc<SourceFile>>, ConfigError> {
    file::read(&folder.path.join(name), &folder.shown.join(name))
}

fn is_blank(text: &str) -> bool {
    let mut lines = text.lines().map(str::trim);
    lines.all(|line| line.is_empty() || line.starts_with('#') || line == "---")
}

fn required(folder: &discover::Folder, name: &str) -> Result<Arc<SourceFile>, ConfigError> {
    optional(folder, name)?.ok_or_else(|| ConfigError::Read {
        path: folder.shown.join(name),
        source: ErrorKind::NotFound.into(),
    })
}

#[cfg(test)]
mod tests;
