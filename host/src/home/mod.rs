//! The user's folder: settings, workspaces, and where everything else is kept.
//!
//! ```text
//! config.yaml     settings: backends, the current workspace
//! key.txt         the key that stored secrets are encrypted to
//! cache/code/     compiled modules
//! content/        what was fetched from registries, by its digest
//! workspaces/     workspaces          ┐
//! releases/       releases            ├ of the backend `default`
//! secrets/        encrypted secrets   ┘
//! ```

mod error;
mod settings;
mod workspaces;

pub use error::HomeError;
pub use settings::Settings;
pub use workspaces::Workspaces;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::backend::{Backend, LocalBackend};
use crate::secret::KeyFile;

/// The user's folder, `~/.kusion` unless told otherwise.
#[derive(Debug, Clone)]
pub struct Home {
    root: PathBuf,
}

/// A backend that the settings name.
#[derive(Debug, Clone)]
pub struct NamedBackend {
    /// Its name.
    pub name: String,
    /// The folder below which it keeps its records.
    pub root: PathBuf,
    /// The backend.
    pub backend: Arc<dyn Backend>,
}

impl Home {
    /// Names the folder; nothing is read or made yet.
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into() }
    }

    /// Returns the folder.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Returns where compiled modules are kept.
    pub fn code_cache(&self) -> PathBuf {
        self.root.join("cache").join("code")
    }

    /// Returns where what was fetched from registries is kept. Without it, `--offline` finds nothing.
    pub fn content(&self) -> PathBuf {
        self.root.join("content")
    }

    /// Returns the key that stored secrets are encrypted to.
    pub fn key_file(&self) -> KeyFile {
        KeyFile::new(self.root.join("key.txt"))
    }

    /// Reads the settings; without a file they are empty.
    ///
    /// # Errors
    ///
    /// The file cannot be read, or is not what it should be.
    pub fn settings(&self) -> Result<Settings, HomeError> {
        Settings::load(self.settings_file())
    }

    /// Changes the settings, while no other process does.
    ///
    /// # Errors
    ///
    /// The file cannot be read or written, or `change` refuses; then nothing is written.
    pub fn change_settings(
        &self,
        change: impl FnOnce(&mut Settings) -> Result<(), HomeError>,
    ) -> Result<(), HomeError> {
        Settings::change(&self.settings_file(), change)
    }

    fn settings_file(&self) -> PathBuf {
        self.root.join("config.yaml")
    }

    /// Opens a backend: the named one, or the current one, or `default`.
    ///
    /// # Errors
    ///
    /// The settings cannot be read or know no such backend.
    pub fn backend(&self, name: Option<&str>) -> Result<NamedBackend, HomeError> {
        let settings = self.settings()?;
        let name = name.or(settings.current_backend()).unwrap_or(settings::DEFAULT).to_owned();
        let root = settings.backend_root(&name, &self.root)?;
        let backend = Arc::new(LocalBackend::new(&root));
        Ok(NamedBackend { name, root, backend })
    }
}
