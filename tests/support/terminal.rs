//! A person at a terminal. `script` from util-linux plays the terminal.

use std::io::{Read as _, Write as _};
use std::process::{Command, Stdio};

use crate::{Output, Sandbox, kusion};

/// What the program writes when it waits for an answer.
const QUESTION: &str = "[yes/details/no]: ";

impl Sandbox {
    /// Runs the program at a terminal. Whenever it asks, `answer` is called with the number of the question
    /// and gives the line to type, or `None` to end the input. Standard output is all of the screen.
    ///
    /// # Panics
    ///
    /// The terminal cannot be started.
    pub fn at_terminal(
        &self,
        folder: &str,
        arguments: &str,
        environment: &[(&str, &str)],
        mut answer: impl FnMut(usize) -> Option<&'static str>,
    ) -> Output {
        let mut command = self.terminal(folder, arguments);
        let child = command
            .envs(environment.iter().copied())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn();
        let mut child = child.unwrap_or_else(|error| panic!("cannot start `script`: {error}"));
        let (mut keyboard, mut screen) = (child.stdin.take(), child.stdout.take());
        let mut shown = Vec::new();
        let mut asked = 0;
        let mut chunk = [0; 4096];
        while let Some(read) =
            screen.as_mut().and_then(|screen| screen.read(&mut chunk).ok()).filter(|read| *read > 0)
        {
            shown.extend_from_slice(chunk.get(..read).unwrap_or_default());
            let questions = String::from_utf8_lossy(&shown).matches(QUESTION).count();
            while asked < questions {
                match (answer(asked), keyboard.as_mut()) {
                    (Some(line), Some(open)) => {
                        let typed = open.write_all(format!("{line}\n").as_bytes());
                        assert!(typed.is_ok(), "{typed:?}");
                    }
                    _ => keyboard = None,
                }
                asked += 1;
            }
        }
        let code = child.wait().ok().and_then(|status| status.code());
        Output { code, stdout: self.normalise(&shown), stderr: String::new() }
    }

    fn terminal(&self, folder: &str, arguments: &str) -> Command {
        let plain = self.command(folder, &[]);
        let mut command = Command::new("script");
        command
            .args(["--quiet", "--return", "--echo", "never", "--command"])
            .arg(format!("'{}' {arguments}", kusion().display()))
            .arg("/dev/null")
            .current_dir(self.path(folder))
            .env_clear()
            .envs(plain.get_envs().filter_map(|(name, value)| Some((name, value?))))
            .env("TERM", "xterm");
        command
    }
}
