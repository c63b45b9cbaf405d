//! What can be wrong with the files of a user.

use std::io;
use std::path::PathBuf;

use crate::diagnostic::{Diagnose, Kind, Problem};

/// A configuration that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// A file or folder exists or should, and cannot be read.
    #[error("cannot read `{}`", path.display())]
    Read {
        /// The file or folder.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// A file is no UTF-8 text.
    #[error("`{}` is not a text in UTF-8", path.display())]
    NotText {
        /// The file.
        path: PathBuf,
    },
    /// A file is too large to be a configuration.
    #[error("`{}` is larger than {limit} MiB", path.display())]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// The limit in MiB.
        limit: usize,
    },
    /// The folder is no stack.
    #[error("`{}` is no stack: it has no `stack.yaml`", folder.display())]
    NoStack {
        /// The folder.
        folder: PathBuf,
    },
    /// The folder is a project, and one of its stacks is needed.
    #[error("`{}` is a project, not one of its stacks", folder.display())]
    ProjectFolder {
        /// The folder.
        folder: PathBuf,
        /// The folders of its stacks, relative to it, sorted.
        stacks: Vec<String>,
    },
    /// A stack belongs to no project.
    #[error("the stack in `{}` belongs to no project", folder.display())]
    NoProject {
        /// The folder of the stack.
        folder: PathBuf,
    },
    /// Neither the project nor the stack describes an app.
    #[error("the stack describes no app")]
    NoApp {
        /// Where it was looked for.
        looked_for: Vec<PathBuf>,
    },
    /// Files say what they cannot say.
    #[error("the configuration has {}", count(problems.len()))]
    Invalid {
        /// Every problem of every file, sorted by place.
        problems: Vec<Problem>,
    },
}

fn count(problems: usize) -> String {
    match problems {
        1 => "a problem".to_owned(),
        _ => format!("{problems} problems"),
    }
}

impl ConfigError {
    /// Wraps problems; none at all is no error.
    pub(super) fn check(problems: Vec<Problem>) -> Result<(), Self> {
        if problems.is_empty() { Ok(()) } else { Err(Self::invalid(problems)) }
    }

    pub(super) fn invalid(mut problems: Vec<Problem>) -> Self {
        sort(&mut problems);
        Self::Invalid { problems }
    }
}

/// Sorts problems by file, line and column; those without a place come first.
pub(super) fn sort(problems: &mut Vec<Problem>) {
    problems.sort_by(|left, right| {
        place(left).cmp(&place(right)).then_with(|| left.message.cmp(&right.message))
    });
    problems.dedup();
}

fn place(problem: &Problem) -> Option<(&std::path::Path, usize, usize)> {
    let location = problem.location.as_ref()?;
    Some((location.file().path(), location.line(), location.column()))
}

impl Diagnose for ConfigError {
    fn kind(&self) -> Kind {
        match self {
            Self::Read { source, .. } if source.kind() != io::ErrorKind::NotFound => {
                Kind::Environment
            }
            _ => Kind::User,
        }
    }

    fn hints(&self) -> Vec<String> {
        match self {
            Self::NoStack { .. } => vec![
                "change to the folder of a stack, or name it with `--workdir`".to_owned(),
                "`kusion init` makes a new project with a stack".to_owned(),
            ],
            Self::ProjectFolder { stacks, .. } if stacks.is_empty() => {
                vec!["`kusion stack create` adds a stack to the project".to_owned()]
            }
            Self::ProjectFolder { stacks, .. } => vec![
                "change to the folder of a stack, or name it with `--workdir`".to_owned(),
                format!("stacks of this project: {}", stacks.join(", ")),
            ],
            Self::NoProject { .. } => {
                vec!["a folder above the stack must hold a `project.yaml`".to_owned()]
            }
            Self::NoApp { looked_for } => {
                let places: Vec<_> =
                    looked_for.iter().map(|path| format!("`{}`", path.display())).collect();
                vec![format!("describe the app in {}", places.join(" or "))]
            }
            _ => Vec::new(),
        }
    }

    fn problems(&self) -> &[Problem] {
        match self {
            Self::Invalid { problems } => problems,
            _ => &[],
        }
    }
}
