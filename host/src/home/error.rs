//! What can be wrong with the user's folder.

use std::io;
use std::path::PathBuf;

use crate::backend::{BackendError, KeyError};
use crate::config::ConfigError;
use crate::diagnostic::{Diagnose, Kind, Problem, name_hints};
use crate::release::ReleaseError;
use crate::yaml::{YamlError, YamlWriteError};

/// What can be wrong with the user's folder.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HomeError {
    /// A file cannot be read.
    #[error("cannot read `{}`", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the operating system says.
        source: io::Error,
    },
    /// A file cannot be written.
    #[error("cannot write `{}`", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// What the operating system says.
        source: io::Error,
    },
    /// A file is not YAML.
    #[error("`{}` is not a settings file", path.display())]
    Syntax {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        source: Box<YamlError>,
    },
    /// A settings file holds something else than a map.
    #[error("`{}` is not a settings file: it is no map", path.display())]
    NoMap {
        /// The file.
        path: PathBuf,
    },
    /// A file has a format this library does not know.
    #[error("`{}` was written by a newer kusion", path.display())]
    Newer {
        /// The file.
        path: PathBuf,
    },
    /// The settings cannot be put into YAML.
    #[error("cannot write the settings")]
    Encode {
        /// Why.
        source: YamlWriteError,
    },
    /// The key is none that can be set.
    #[error("there is no setting `{key}`")]
    UnknownKey {
        /// The key.
        key: String,
    },
    /// The value does not fit the key.
    #[error("`{value}` is no value for `{key}`: {reason}")]
    BadValue {
        /// The key.
        key: String,
        /// The value.
        value: String,
        /// Why not.
        reason: String,
    },
    /// The setting has no value.
    #[error("setting `{key}` has no value")]
    NotSet {
        /// The key.
        key: String,
    },
    /// No backend has this name.
    #[error("there is no backend `{name}`")]
    NoBackend {
        /// The name.
        name: String,
        /// The names that exist.
        known: Vec<String>,
    },
    /// The backend is of a type that this version does not serve.
    #[error("backend `{name}` is of type `{kind}`, which this version does not serve")]
    BackendType {
        /// The name.
        name: String,
        /// The type.
        kind: String,
    },
    /// No workspace has this name.
    #[error("there is no workspace `{name}`")]
    NoWorkspace {
        /// The name.
        name: String,
        /// The names that exist.
        known: Vec<String>,
    },
    /// A workspace of this name exists already.
    #[error("workspace `{name}` exists already")]
    WorkspaceExists {
        /// The name.
        name: String,
    },
    /// The workspace `default` stays.
    #[error("workspace `default` cannot be {what}")]
    DefaultWorkspace {
        /// What was to be done to it.
        what: &'static str,
    },
    /// A workspace has releases, which its removal would orphan.
    #[error("workspace `{name}` still has resources on record: {stacks}")]
    WorkspaceInUse {
        /// The workspace.
        name: String,
        /// The stacks, in words.
        stacks: String,
    },
    /// A name cannot be the key of a record.
    #[error("the workspace's name cannot be stored")]
    Key {
        /// Why.
        source: KeyError,
    },
    /// The releases cannot be read.
    #[error(transparent)]
    Release(Box<ReleaseError>),
    /// A workspace is not what it should be.
    #[error(transparent)]
    Config(Box<ConfigError>),
    /// The backend cannot be read or written.
    #[error(transparent)]
    Backend(Box<BackendError>),
}

impl From<ConfigError> for HomeError {
    fn from(error: ConfigError) -> Self {
        Self::Config(Box::new(error))
    }
}

impl From<ReleaseError> for HomeError {
    fn from(error: ReleaseError) -> Self {
        Self::Release(Box::new(error))
    }
}

impl From<BackendError> for HomeError {
    fn from(error: BackendError) -> Self {
        Self::Backend(Box::new(error))
    }
}

impl Diagnose for HomeError {
    fn kind(&self) -> Kind {
        match self {
            Self::Read { .. } | Self::Write { .. } | Self::Newer { .. } => Kind::Environment,
            Self::Encode { .. } => Kind::Internal,
            Self::Config(error) => error.kind(),
            Self::Backend(error) => error.kind(),
            Self::Release(error) => error.kind(),
            _ => Kind::User,
        }
    }

    fn hints(&self) -> Vec<String> {
        match self {
            Self::UnknownKey { .. } => vec![
                "settings are `workspace`, `releases.keep`, `backends.current`, `backends.<name>`, `backends.<name>.type` and `backends.<name>.configs.path`".to_owned(),
            ],
            Self::Newer { .. } => vec!["upgrade kusion".to_owned()],
            Self::NoBackend { name, known } => {
                let mut hints = name_hints(name, known.iter().map(String::as_str));
                hints.push(format!(
                    "add one with `kusion config set backends.{name} '{{\"type\": \"local\", \"configs\": {{\"path\": \"/some/folder\"}}}}'`"
                ));
                hints
            }
            Self::BackendType { .. } => vec!["this version serves the type `local`".to_owned()],
            Self::NoWorkspace { name, known } => {
                let mut hints = name_hints(name, known.iter().map(String::as_str));
                hints.push(match name.as_str() {
                    "default" => "make it with `kusion workspace create default`".to_owned(),
                    name => format!("make it with `kusion workspace create {name} -f FILE`"),
                });
                hints
            }
            Self::WorkspaceExists { name } => {
                vec![format!("change it with `kusion workspace update {name} -f FILE`")]
            }
            Self::WorkspaceInUse { .. } => vec!["run `kusion destroy` in these stacks first, with the target in which the resources lie".to_owned()],
            Self::Config(error) => error.hints(),
            Self::Backend(error) => error.hints(),
            Self::Release(error) => error.hints(),
            _ => Vec::new(),
        }
    }

    fn problems(&self) -> &[Problem] {
        match self {
            Self::Config(error) => error.problems(),
            Self::Backend(error) => error.problems(),
            Self::Release(error) => error.problems(),
            _ => &[],
        }
    }
}
