//! A folder to try a module out with: an `app.yaml`, and if need be what the platform team would say.

use std::path::Path;

use super::{ConfigError, Stack, Workspace, file};
use crate::diagnostic::Problem;
use crate::name::WorkspaceName;
use crate::source::SourceFile;

/// What the platform team says.
const WORKSPACE_FILE: &str = "workspace.yaml";
/// The workspace of a case whose stack is pinned to none.
const WORKSPACE: &str = "dev";

/// A stack and a workspace that lie in one folder.
#[derive(Debug, Clone)]
pub struct Case {
    /// The stack: `dev` of the project `shop`, unless the folder has a `stack.yaml` that says another.
    pub stack: Stack,
    /// The workspace; one without a word if the folder has none.
    pub workspace: Workspace,
}

impl Case {
    /// Loads a folder.
    ///
    /// # Errors
    ///
    /// A file cannot be read or has problems, or there is no app.
    pub fn load(dir: &Path) -> Result<Self, ConfigError> {
        let stack = Stack::load_case(dir)?;
        let shown = dir.join(WORKSPACE_FILE);
        let file = file::read(&shown, &shown)?;
        let file = file.unwrap_or_else(|| SourceFile::new(shown, ""));
        let name = match stack.workspace() {
            Some((name, _)) => name.clone(),
            None => WorkspaceName::parse(WORKSPACE)
                .map_err(|error| ConfigError::invalid(vec![Problem::new(error.to_string())]))?,
        };
        let workspace = Workspace::parse(name, &file, Some(dir))?;
        Ok(Self { stack, workspace })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_app_alone_is_a_case() {
        let dir = tempfile::tempdir().unwrap();
        fs_err::write(dir.path().join("app.yaml"), "workload: {module: service}\n").unwrap();
        let case = Case::load(dir.path()).unwrap();
        assert_eq!(case.stack.project().as_str(), "shop");
        assert_eq!(case.stack.namespace(), "shop");
        assert_eq!(case.stack.apps()[0].name().as_str(), "shop");
        assert_eq!(case.workspace.name().as_str(), "dev");
        assert!(case.workspace.modules().is_empty());
    }

    #[test]
    fn files_beside_the_app_are_obeyed() {
        let dir = tempfile::tempdir().unwrap();
        for (file, text) in [
            ("app.yaml", "workload: {module: service}\n"),
            ("project.yaml", "name: blog\n"),
            ("stack.yaml", "name: prod\n"),
            ("workspace.yaml", "modules: {service: {configs: {default: {replicas: 3}}}}\n"),
        ] {
            fs_err::write(dir.path().join(file), text).unwrap();
        }
        let case = Case::load(dir.path()).unwrap();
        assert_eq!((case.stack.project().as_str(), case.stack.stack().as_str()), ("blog", "prod"));
        assert_eq!(case.workspace.modules().len(), 1);
    }

    #[test]
    fn a_folder_without_an_app_is_none() {
        let dir = tempfile::tempdir().unwrap();
        assert!(matches!(Case::load(dir.path()), Err(ConfigError::NoApp { .. })));
        assert!(matches!(Case::load(&dir.path().join("x")), Err(ConfigError::Read { .. })));
    }
}
