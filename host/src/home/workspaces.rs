//! The workspaces of a backend.

use std::path::Path;

use crate::backend::{BackendError, Expected, Key, KeyError, SharedKey, Tag};
use crate::config::Workspace;
use crate::home::{HomeError, NamedBackend};
use crate::name::WorkspaceName;
use crate::release::ReleaseStore;
use crate::source::SourceFile;

use super::settings::DEFAULT;

/// The version of a stored workspace that this library writes, and the newest it reads.
const FORMAT_VERSION: u64 = 1;
/// What the last line of a stored workspace says. It is a comment after the user's text, which keeps its lines.
const FORMAT: &str = "# formatVersion: ";

/// Reads and writes the workspaces of a backend.
#[derive(Debug, Clone)]
pub struct Workspaces {
    backend: NamedBackend,
}

impl Workspaces {
    /// Names the workspaces of a backend.
    pub fn new(backend: NamedBackend) -> Self {
        Self { backend }
    }

    /// Lists the names, sorted.
    ///
    /// # Errors
    ///
    /// The backend cannot be read.
    pub async fn list(&self) -> Result<Vec<WorkspaceName>, HomeError> {
        let keys = self.backend.backend.list(&folder()?).await?;
        let name = |key: &Key| {
            WorkspaceName::parse(key.segments().next_back()?.strip_suffix(".yaml")?).ok()
        };
        Ok(keys.iter().filter_map(name).collect())
    }

    /// Returns the text of a workspace, as the user gave it.
    ///
    /// # Errors
    ///
    /// There is none of this name, it cannot be read, or a newer kusion wrote it.
    pub async fn text(&self, name: &WorkspaceName) -> Result<String, HomeError> {
        Ok(self.tagged_text(name).await?.0)
    }

    async fn tagged_text(&self, name: &WorkspaceName) -> Result<(String, Tag), HomeError> {
        let (stored, tag) = self.stored(name).await?;
        let text = match version(&stored) {
            Some((text, _)) => text.to_owned(),
            None => stored,
        };
        Ok((text, tag))
    }

    async fn stored(&self, name: &WorkspaceName) -> Result<(String, Tag), HomeError> {
        let Some((bytes, tag)) = self.backend.backend.get(key(name)?.key()).await? else {
            return Err(self.missing(name).await?);
        };
        let text = String::from_utf8_lossy(&bytes).into_owned();
        match version(&text) {
            Some((_, version)) if version > FORMAT_VERSION => {
                Err(HomeError::Newer { path: self.backend.root.join(key(name)?.key().as_str()) })
            }
            _ => Ok((text, tag)),
        }
    }

    /// Reads and checks a workspace.
    ///
    /// # Errors
    ///
    /// There is none of this name, or it has problems.
    #[tracing::instrument(level = "info", name = "read workspace", skip_all, fields(workspace = %name))]
    pub async fn load(&self, name: &WorkspaceName) -> Result<Workspace, HomeError> {
        let (text, _) = self.stored(name).await?;
        let path = self.backend.root.join(key(name)?.key().as_str());
        let file = SourceFile::new(path, text);
        Ok(Workspace::parse(name.clone(), &file, None)?)
    }

    /// Stores a new workspace; its text was read from a file in `base`.
    ///
    /// # Errors
    ///
    /// One of this name exists, or the text has problems.
    pub async fn create(
        &self,
        name: &WorkspaceName,
        path: &Path,
        text: &str,
        base: Option<&Path>,
    ) -> Result<Workspace, HomeError> {
        let workspace = Workspace::parse(name.clone(), &SourceFile::new(path, text), base)?;
        let stored = stored_text(&workspace);
        match self.backend.backend.put_if(&key(name)?, Expected::Absent, stored.as_bytes()).await {
            Ok(_) => Ok(workspace),
            Err(BackendError::Conflict { .. }) => {
                Err(HomeError::WorkspaceExists { name: name.to_string() })
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Replaces the text of a workspace.
    ///
    /// # Errors
    ///
    /// There is none of this name, somebody else changed it meanwhile, or the text has problems.
    pub async fn update(
        &self,
        name: &WorkspaceName,
        path: &Path,
        text: &str,
        base: Option<&Path>,
    ) -> Result<(), HomeError> {
        let workspace = Workspace::parse(name.clone(), &SourceFile::new(path, text), base)?;
        let key = key(name)?;
        let Some((_, tag)) = self.backend.backend.get(key.key()).await? else {
            return Err(self.missing(name).await?);
        };
        let stored = stored_text(&workspace);
        self.backend.backend.put_if(&key, Expected::Tag(tag), stored.as_bytes()).await?;
        Ok(())
    }

    /// Gives a workspace another name: makes the new one, lets `moved` point to it what points to the old
    /// one, and removes that.
    ///
    /// A run that died in between left both; then the next one goes on.
    ///
    /// # Errors
    ///
    /// It is `default`, it has resources on record, there is none of this name, one of the new name exists
    /// and is another, somebody else changed it meanwhile, or `moved` fails.
    pub async fn rename(
        &self,
        name: &WorkspaceName,
        new: &WorkspaceName,
        moved: impl FnOnce() -> Result<(), HomeError>,
    ) -> Result<(), HomeError> {
        let (text, tag) = self.tagged_text(name).await?;
        self.check_unused(name, "renamed").await?;
        let path = self.backend.root.join(key(name)?.key().as_str());
        match self.create(new, &path, &text, None).await {
            Ok(_) => {}
            Err(HomeError::WorkspaceExists { .. })
                if new != name && self.text(new).await? == text => {}
            Err(error) => return Err(error),
        }
        moved()?;
        self.backend.backend.delete(&key(name)?, &tag).await?;
        Ok(())
    }

    /// Removes a workspace, after `left` pointed elsewhere what points to it.
    ///
    /// # Errors
    ///
    /// It is `default`, it has resources on record, there is none of this name, somebody else changed it
    /// meanwhile, or `left` fails.
    pub async fn delete(
        &self,
        name: &WorkspaceName,
        left: impl FnOnce() -> Result<(), HomeError>,
    ) -> Result<(), HomeError> {
        let (_, tag) = self.tagged_text(name).await?;
        self.check_unused(name, "deleted").await?;
        left()?;
        self.backend.backend.delete(&key(name)?, &tag).await?;
        Ok(())
    }

    async fn check_unused(
        &self,
        name: &WorkspaceName,
        what: &'static str,
    ) -> Result<(), HomeError> {
        if name.as_str() == DEFAULT {
            return Err(HomeError::DefaultWorkspace { what });
        }
        let mut used = Vec::new();
        for stack in ReleaseStore::stacks(self.backend.backend.as_ref()).await? {
            if stack.workspace != *name {
                continue;
            }
            let text = format!("{}/{}", stack.project, stack.stack);
            let store = ReleaseStore::new(self.backend.backend.clone(), stack);
            let latest = store.latest_state().await?;
            let elsewhere = async || match &latest.target {
                Some(target) => store.lies_elsewhere(target).await,
                None => Ok(false),
            };
            if !latest.state.resources.is_empty() || elsewhere().await? {
                used.push(text);
            }
        }
        if used.is_empty() {
            return Ok(());
        }
        Err(HomeError::WorkspaceInUse { name: name.to_string(), stacks: used.join(", ") })
    }

    async fn missing(&self, name: &WorkspaceName) -> Result<HomeError, HomeError> {
        let known = self.list().await?.into_iter().map(String::from).collect();
        Ok(HomeError::NoWorkspace { name: name.to_string(), known })
    }
}

fn stored_text(workspace: &Workspace) -> String {
    let text = workspace.absolutise();
    let end = if text.is_empty() || text.ends_with('\n') { "" } else { "\n" };
    format!("{text}{end}{FORMAT}{FORMAT_VERSION}\n")
}

/// Returns the user's part of a stored text, and the version that its last line says.
fn version(stored: &str) -> Option<(&str, u64)> {
    let start = stored.trim_end().rfind('\n').map_or(0, |end| end + 1);
    let (text, last) = stored.split_at_checked(start)?;
    Some((text, last.strip_prefix(FORMAT)?.trim_end().parse().ok()?))
}

fn folder() -> Result<Key, HomeError> {
    Key::parse("workspaces").map_err(bad_key)
}

fn key(name: &WorkspaceName) -> Result<SharedKey, HomeError> {
    SharedKey::parse(format!("workspaces/{name}.yaml")).map_err(bad_key)
}

fn bad_key(source: KeyError) -> HomeError {
    HomeError::Key { source }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::backend::LocalBackend;

    #[tokio::test]
    async fn a_workspace_that_changes_while_it_is_deleted_or_renamed_stays() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().to_owned();
        let backend = Arc::new(LocalBackend::new(&root));
        let workspaces =
            Workspaces::new(NamedBackend { name: DEFAULT.to_owned(), root: root.clone(), backend });
        let [name, new] = ["dev", "live"].map(|name| WorkspaceName::parse(name).unwrap());
        let text = "modules: {}\n";
        workspaces.create(&name, Path::new("dev.yaml"), text, None).await.unwrap();
        let file = root.join("workspaces/dev.yaml");
        let write = |text: &'static str| {
            fs_err::write(&file, text).unwrap();
            Ok(())
        };
        let conflict = "record `workspaces/dev.yaml` was changed by somebody else meanwhile";
        let error = workspaces.delete(&name, || write("context: {}\n")).await.unwrap_err();
        assert_eq!(error.to_string(), conflict);
        let error = workspaces.rename(&name, &new, || write(text)).await.unwrap_err();
        assert_eq!(error.to_string(), conflict);
        assert_eq!(workspaces.text(&name).await.unwrap(), text);
        workspaces.delete(&name, || Ok(())).await.unwrap();
        assert!(!file.exists());
    }

    #[test]
    fn the_version_stands_behind_what_the_user_wrote() {
        for (stored, found) in [
            ("modules: {}\n# formatVersion: 1\n", Some(("modules: {}\n", 1))),
            ("# formatVersion: 12\n", Some(("", 12))),
            ("modules: {}\n", None),
            ("# formatVersion: 2\nmodules: {}\n", None),
            ("# formatVersion: x\n", None),
            ("", None),
        ] {
            assert_eq!(version(stored), found, "{stored:?}");
        }
    }
}
