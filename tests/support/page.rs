//! A page with commands and what they say, and a shell that goes through it.

use std::path::PathBuf;
use std::process::Command;

use fs_err as fs;

use crate::{Sandbox, catalog, kusion, repository};

/// What stands in a page for lines that it leaves out.
const LEFT_OUT: &str = "[…]";
/// How lines begin that say what was done; what can be done at the same time is told in the order in which it ends.
const DONE: [&str; 3] = ["  created ", "  updated ", "  deleted "];

/// A shell that goes through a page.
#[derive(Debug)]
pub struct Reader {
    sandbox: Sandbox,
    folder: PathBuf,
    variables: Vec<(String, String)>,
}

impl Reader {
    /// Begins in a folder below the working folder of a sandbox, and makes it if it is missing.
    ///
    /// # Panics
    ///
    /// The folder cannot be made.
    pub fn new(sandbox: Sandbox, folder: &str) -> Self {
        let folder = sandbox.path(folder);
        let made = fs::create_dir_all(&folder);
        assert!(made.is_ok(), "{made:?}");
        Self { sandbox, folder, variables: Vec::new() }
    }

    /// Gives every command a variable.
    #[must_use]
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.variables.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Returns the place that it works in.
    pub fn sandbox(&self) -> &Sandbox {
        &self.sandbox
    }

    /// Runs one command line, and returns the exit code and what it says: both streams in one, with what differs from
    /// run to run replaced. The next one runs in the folder to which this one went.
    ///
    /// # Panics
    ///
    /// There is no shell, or the command line ends it.
    pub fn run(&mut self, line: &str) -> (Option<i32>, String) {
        let place = self.sandbox.path(".place");
        let script = format!("exec 2>&1\n{line}\ncode=$?\npwd >'{}'\nexit $code", place.display());
        let path = option_env!("PATH").unwrap_or("/usr/bin:/bin");
        let programs = kusion().parent().unwrap_or(repository());
        let output = Command::new("sh")
            .args(["-c", &script])
            .current_dir(&self.folder)
            .env("PATH", format!("{}:{path}", programs.display()))
            .env("KUSION", repository())
            .env("KUSION_HOME", self.sandbox.home(""))
            .env("KUSION_CATALOG", catalog())
            .env("NO_COLOR", "1")
            .env("LC_ALL", "C")
            .env_remove("CARGO_TARGET_DIR")
            .envs(self.variables.iter().cloned())
            .output();
        match (output, fs::read_to_string(&place)) {
            (Ok(output), Ok(folder)) => {
                self.folder = PathBuf::from(folder.trim_end());
                (output.status.code(), self.sandbox.normalise(&output.stdout))
            }
            (output, place) => panic!("cannot run `{line}`: {output:?}, {place:?}"),
        }
    }
}

/// Returns a page with what `says` returns below each command of its ```` ```console ```` blocks. `says` gets the command
/// and what stands below it now.
pub fn retell(page: &str, mut says: impl FnMut(&str, &str) -> String) -> String {
    let mut told = String::new();
    let mut in_console = false;
    let mut lines = page.split_inclusive('\n').peekable();
    while let Some(line) = lines.next() {
        told.push_str(line);
        match line.trim_end() {
            "```console" => in_console = true,
            "```" => in_console = false,
            text => {
                let Some(command) = text.strip_prefix("$ ").filter(|_| in_console) else {
                    continue;
                };
                let is_said = |line: &&str| !line.starts_with("$ ") && line.trim_end() != "```";
                let mut written = String::new();
                while let Some(line) = lines.next_if(is_said) {
                    written.push_str(line);
                }
                told.push_str(&says(command, &written));
            }
        }
    }
    told
}

/// Says whether a page tells what a command said. It may leave lines out where it says `[…]`, and tell in another order
/// what was done at the same time.
pub fn tells(written: &str, said: &str) -> bool {
    let (written, said) = (in_one_order(written), in_one_order(said));
    let (written, said): (Vec<_>, Vec<_>) = (written.lines().collect(), said.lines().collect());
    tells_lines(&written, &said)
}

fn tells_lines(written: &[&str], said: &[&str]) -> bool {
    match (written.split_first(), said.split_first()) {
        (None, None) => true,
        (Some((&LEFT_OUT, then)), Some((_, others))) => {
            tells_lines(then, others) || tells_lines(written, others)
        }
        (Some((line, then)), Some((first, others))) => line == first && tells_lines(then, others),
        (None, Some(_)) | (Some(_), None) => false,
    }
}

/// Sorts neighbouring lines that say what was done.
pub fn in_one_order(text: &str) -> String {
    let is_done = |line: &str| DONE.iter().any(|begin| line.starts_with(begin));
    let mut lines: Vec<&str> = text.lines().collect();
    lines.chunk_by_mut(|a, b| is_done(a) && is_done(b)).for_each(<[&str]>::sort_unstable);
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &str = "\
$ not a command
```sh
$ nor this
```
```console
$ first
old
$ second
```
end
";

    #[test]
    fn what_stands_below_a_command_is_replaced_and_nothing_else() {
        let mut seen = Vec::new();
        let told = retell(PAGE, |command, written| {
            seen.push((command.to_owned(), written.to_owned()));
            format!("new {command}\n")
        });
        assert_eq!(seen, [("first".into(), "old\n".into()), ("second".into(), String::new())]);
        let expected = PAGE.replace("old\n$ second\n", "new first\n$ second\nnew second\n");
        assert_eq!(told, expected);
    }

    #[test]
    fn a_page_tells_what_was_said_if_only_marked_lines_and_an_order_differ() {
        let said = "plan\n\n  created b\n  created a\n\nend\n";
        let table = [
            ("plan\n\n  created b\n  created a\n\nend\n", true),
            ("plan\n\n  created a\n  created b\n\nend\n", true),
            ("[…]\n  created a\n  created b\n\nend\n", true),
            ("plan\n[…]\nend\n", true),
            ("[…]\n", true),
            ("plan\n\n  created a\n  created b\n\nend\n[…]\n", false),
            ("plan\n  created a\n  created b\n\nend\n", false),
            ("plan\n\n  created a\n\nend\n", false),
            ("plan\n[…]\nfinish\n", false),
            ("", false),
        ];
        for (written, expected) in table {
            assert_eq!(tells(written, said), expected, "{written}");
        }
    }
}
