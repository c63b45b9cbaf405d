//! Errors at the edge: how they look, and which exit code they become.

use std::error::Error;
use std::process::ExitCode;

use kusion::diagnostic::{Diagnose, Kind, Problem};
use kusion::source::Location;
use serde_json::{Value, json};
use tracing::Level;

use crate::context::World;
use crate::log::Line;
use crate::render::{Style, harmless};

/// How the process ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    /// Everything was done.
    Success,
    /// The user can mend it.
    User,
    /// There are changes (`preview --detailed-exitcode` only).
    Changes,
    /// A cluster, registry, backend or disk is at fault.
    Environment,
    /// The command line is wrong.
    Usage,
    /// We are at fault.
    Internal,
    /// The user pressed Ctrl-C.
    Interrupted,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(match exit {
            Exit::Success => 0,
            Exit::User => 1,
            Exit::Changes => 2,
            Exit::Environment => 3,
            Exit::Usage => 64,
            Exit::Internal => 70,
            Exit::Interrupted => 130,
        })
    }
}

/// An error on its way to the user.
#[derive(Debug)]
pub(crate) struct CliError {
    message: Vec<String>,
    exit: Exit,
    problems: Vec<Problem>,
    hints: Vec<String>,
}

impl CliError {
    /// An error of the user that only the command line can know.
    pub(crate) fn user(message: impl Into<String>) -> Self {
        Self {
            message: vec![message.into()],
            exit: Exit::User,
            problems: Vec::new(),
            hints: Vec::new(),
        }
    }

    /// A wrong command line or environment.
    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self { exit: Exit::Usage, ..Self::user(message) }
    }

    /// An error of the user at a place of a file.
    pub(crate) fn at(location: Location, message: impl Into<String>) -> Self {
        let mut error = Self::user("");
        error.problems = vec![Problem::at(location, message)];
        error
    }

    /// An error of ours.
    pub(crate) fn internal(message: impl Into<String>) -> Self {
        Self { exit: Exit::Internal, ..Self::user(message) }
    }

    /// An error of the environment.
    pub(crate) fn environment(message: impl Into<String>, source: &dyn Error) -> Self {
        let message = std::iter::once(message.into()).chain(chain(Some(source))).collect();
        Self { message, exit: Exit::Environment, problems: Vec::new(), hints: Vec::new() }
    }

    /// Says first what could not be done; what was wrong becomes its cause.
    pub(crate) fn about(mut self, message: impl Into<String>) -> Self {
        self.message.insert(0, message.into());
        self
    }

    /// Adds advice.
    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        match self.problems.last_mut() {
            Some(problem) => problem.hints.push(hint.into()),
            None => self.hints.push(hint.into()),
        }
        self
    }

    /// Returns how the process ends.
    pub(crate) fn exit(&self) -> Exit {
        self.exit
    }

    /// Returns what is wrong, for a document that is printed all the same.
    pub(crate) fn document(&self) -> Value {
        if self.problems.is_empty() {
            let message = self.message.join(": ");
            return json!([{"message": message, "hints": self.hints}]);
        }
        let problem = |problem: &Problem| {
            let mut document = json!({"message": problem.message, "hints": problem.hints});
            if let (Some(members), Some(at)) = (document.as_object_mut(), &problem.location) {
                members.insert("path".to_owned(), json!(at.file().path()));
                members.insert("line".to_owned(), json!(at.line()));
                members.insert("column".to_owned(), json!(at.column()));
            }
            document
        };
        self.problems.iter().map(problem).collect()
    }

    /// Writes the error to standard error.
    pub(crate) fn report(&self, world: &World) {
        world.tell(&self.text(world), || self.lines());
    }

    /// Returns what is wrong as lines for programs, one a problem.
    fn lines(&self) -> Vec<Line> {
        let line = |message: &str, hints: &[String]| {
            let line = Line::message(Level::ERROR, message);
            if hints.is_empty() { line } else { line.with("hints", json!(hints)) }
        };
        if let (true, [message, causes @ ..]) = (self.problems.is_empty(), self.message.as_slice())
        {
            let line = line(message, &self.hints);
            let line = if causes.is_empty() { line } else { line.with("causes", json!(causes)) };
            return vec![line];
        }
        let problems = self.problems.iter();
        problems
            .map(|problem| {
                let line = line(&problem.message, &problem.hints);
                let Some(at) = &problem.location else { return line };
                line.with("path", json!(at.file().path()))
                    .with("line", json!(at.line()))
                    .with("column", json!(at.column()))
            })
            .collect()
    }

    /// Returns what is wrong as a text for people.
    pub(crate) fn text(&self, world: &World) -> String {
        let paint = world.stderr_paint();
        let mut text = String::new();
        for problem in &self.problems {
            text.push_str(&render_problem(problem, world));
            text.push('\n');
        }
        if self.problems.is_empty() {
            for (index, line) in self.message.iter().enumerate() {
                let label = if index == 0 { "error:" } else { "cause:" };
                let style = if index == 0 { Style::Error } else { Style::Dim };
                text.push_str(&format!("{} {}\n", paint.text(style, label), indent(line)));
            }
        }
        for hint in &self.hints {
            text.push_str(&format!("{} {}\n", paint.text(Style::Hint, "hint:"), indent(hint)));
        }
        text
    }
}

impl<E: Diagnose + 'static> From<E> for CliError {
    fn from(error: E) -> Self {
        let exit = match error.kind() {
            Kind::User => Exit::User,
            Kind::Environment => Exit::Environment,
            Kind::Internal => Exit::Internal,
        };
        Self {
            message: chain(Some(&error)).collect(),
            exit,
            problems: error.problems().to_vec(),
            hints: error.hints(),
        }
    }
}

/// Returns what an error says, and then its causes.
pub(crate) fn chain<'a>(error: Option<&'a (dyn Error + 'a)>) -> impl Iterator<Item = String> + 'a {
    std::iter::successors(error, |error: &&'a (dyn Error + 'a)| (*error).source())
        .map(ToString::to_string)
}

/// Makes a text that may be another's harmless, and its lines those of one message.
pub(crate) fn indent(text: &str) -> String {
    harmless(text.trim_end()).replace('\n', "\n       ")
}

fn render_problem(problem: &Problem, world: &World) -> String {
    let paint = world.stderr_paint();
    let mut text = format!("{} {}\n", paint.text(Style::Error, "error:"), indent(&problem.message));
    if let Some(location) = &problem.location {
        let number = location.line().to_string();
        let margin = " ".repeat(number.len());
        let bar = paint.text(Style::Dim, "|");
        let path = world.display(location.file().path());
        let arrow = paint.text(Style::Dim, "-->");
        text.push_str(&format!(
            "{margin}{arrow} {path}:{}:{}\n",
            location.line(),
            location.column()
        ));
        if let Some(line) = location.text() {
            let before: String = line
                .chars()
                .take(location.column().saturating_sub(1))
                .map(|c| if c == '\t' { c } else { ' ' })
                .collect();
            let rest =
                line.chars().count().saturating_sub(location.column().saturating_sub(1)).max(1);
            let marker = "^".repeat(location.width().min(rest));
            text.push_str(&format!("{margin} {bar}\n{number} {bar} {}\n", harmless(line)));
            text.push_str(&format!(
                "{margin} {bar} {before}{}\n",
                paint.text(Style::Error, &marker)
            ));
        }
    }
    for hint in &problem.hints {
        text.push_str(&format!("{} {}\n", paint.text(Style::Hint, "hint:"), indent(hint)));
    }
    text
}
