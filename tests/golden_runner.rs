//! Golden folders: each folder below `golden/` is a test.
//!
//! A folder holds the files of a project and what comes of them: `expected.yaml`, the Spec on standard
//! output, or `error.txt`, the exit code and standard error. The workspace `default` is `workspace.yaml`, or the
//! bundled catalog if there is none; `workspace-<name>.yaml` is the workspace `<name>`. The
//! command is that of `command.txt`, or else `kusion generate --workdir dev`; it runs in the project's folder, with
//! the real modules. `BLESS=1` writes what came of them; read it before you keep it, it is what the product promises.
//!
//! A value that contains `hunter2` is a secret and must appear nowhere.

use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use fs_err as fs;
use kusion_tests::{Output, Sandbox, blessing, difference, repository};

const EXPECTED: &str = "expected.yaml";
const ERROR: &str = "error.txt";
const COMMAND: &str = "command.txt";
const DEFAULT_COMMAND: &str = "kusion generate --workdir dev";
const SECRET: &str = "hunter2";

#[test]
fn every_folder_gives_what_it_says() {
    let cases = folders(&repository().join("tests/golden"));
    assert!(cases.len() >= 36, "only {} cases", cases.len());
    let next = AtomicUsize::new(0);
    let wrong = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(2, usize::from) {
            scope.spawn(|| {
                while let Some(case) = cases.get(next.fetch_add(1, Ordering::Relaxed)) {
                    if let Err(reason) = check(case) {
                        let name = case.file_name().unwrap_or_default().to_string_lossy();
                        wrong.lock().unwrap().push(format!("golden/{name}: {reason}"));
                    }
                }
            });
        }
    });
    let mut wrong = wrong.into_inner().unwrap();
    wrong.sort();
    assert!(wrong.is_empty(), "{}\n\n`BLESS=1` accepts the new results.", wrong.join("\n"));
}

/// Runs a case and compares what comes of it, or writes that down.
fn check(case: &Path) -> Result<(), String> {
    let output = run(case)?;
    if output.to_string().contains(SECRET) {
        return Err(format!("a secret is shown\n{output}"));
    }
    let (name, other, found) = match output.code {
        Some(0) if output.stderr.is_empty() => (EXPECTED, ERROR, output.stdout),
        Some(0) => return Err(format!("success, but standard error says\n{}", output.stderr)),
        _ if !output.stdout.is_empty() => {
            return Err(format!("a failure, but standard output says\n{}", output.stdout));
        }
        _ => (ERROR, EXPECTED, output.to_string()),
    };
    if blessing() {
        fs::write(case.join(name), found).unwrap();
        if case.join(other).exists() {
            fs::remove_file(case.join(other)).unwrap();
        }
        return Ok(());
    }
    if case.join(other).exists() {
        return Err(format!("it should end as `{other}` says, and ends so:\n{found}"));
    }
    let expected =
        fs::read_to_string(case.join(name)).map_err(|error| format!("{error}\n{found}"))?;
    difference(&expected, &found).map_or(Ok(()), Err)
}

fn run(case: &Path) -> Result<Output, String> {
    let sandbox = Sandbox::new();
    copy(case, &sandbox.path(""));
    let command =
        fs::read_to_string(case.join(COMMAND)).unwrap_or_else(|_| DEFAULT_COMMAND.to_owned());
    let arguments: Vec<&str> = command.split_whitespace().skip(1).collect();
    if arguments.first() != Some(&"workspace") {
        make_workspaces(&sandbox)?;
    }
    Ok(sandbox.run("", &arguments))
}

fn make_workspaces(sandbox: &Sandbox) -> Result<(), String> {
    let mut runs = Vec::new();
    for entry in fs::read_dir(sandbox.path("")).unwrap() {
        let file = entry.unwrap().file_name().into_string().unwrap();
        let Some(rest) = file.strip_prefix("workspace").and_then(|rest| rest.strip_suffix(".yaml"))
        else {
            continue;
        };
        let name = rest.strip_prefix('-').unwrap_or("default");
        runs.push(sandbox.run("", &["workspace", "create", name, "-f", &file]));
    }
    if runs.is_empty() {
        runs.push(sandbox.run("", &["workspace", "create", "default"]));
    }
    match runs.into_iter().find(|run| run.code != Some(0)) {
        Some(run) => Err(format!("its workspace is wrong\n{run}")),
        None => Ok(()),
    }
}

/// Copies the inputs of a case.
fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let name = entry.file_name();
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &to.join(name));
        } else if ![EXPECTED, ERROR, COMMAND].iter().any(|own| name == *own) {
            fs::copy(entry.path(), to.join(name)).unwrap();
        }
    }
}

fn folders(root: &Path) -> Vec<PathBuf> {
    let mut folders: Vec<PathBuf> =
        fs::read_dir(root).unwrap().map(|entry| entry.unwrap().path()).collect();
    folders.retain(|path| path.is_dir());
    folders.sort();
    folders
}
