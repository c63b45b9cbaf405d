//! The languages in which modules are written, and how a folder shows its own.

use std::fmt;
use std::path::Path;

use crate::module::BuildError;

/// A language in which modules are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Language {
    /// Built by cargo; a module without any runtime.
    Rust,
    /// JavaScript or TypeScript, built by componentize-js.
    JavaScript,
    /// Built by componentize-py.
    Python,
    /// Built by the Go toolchain.
    Go,
}

impl Language {
    /// All languages.
    pub const ALL: [Self; 4] = [Self::Rust, Self::JavaScript, Self::Python, Self::Go];

    /// Returns the file that makes a folder a package of this language.
    pub fn manifest(self) -> &'static str {
        match self {
            Self::Rust => "Cargo.toml",
            Self::JavaScript => "package.json",
            Self::Python => "pyproject.toml",
            Self::Go => "go.mod",
        }
    }

    /// Returns the language of a folder.
    ///
    /// # Errors
    ///
    /// The folder has no manifest of any language, or of several.
    pub fn of_folder(folder: &Path) -> Result<Self, BuildError> {
        let is_here = |language: &Self| folder.join(language.manifest()).is_file();
        let found: Vec<Self> = Self::ALL.into_iter().filter(is_here).collect();
        match found.as_slice() {
            [language] => Ok(*language),
            [] => Err(BuildError::NoPackage { folder: folder.to_owned() }),
            several => Err(BuildError::Ambiguous {
                folder: folder.to_owned(),
                manifests: several.iter().map(|language| language.manifest()).collect(),
            }),
        }
    }
}

impl fmt::Display for Language {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Rust => "Rust",
            Self::JavaScript => "JavaScript",
            Self::Python => "Python",
            Self::Go => "Go",
        })
    }
}
