//! The process that compiles: what it may use, and that it never outlives whoever asked.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use fs_err as fs;
use kusion::engine::{CompileBounds, CompileLimit, LoadError};
use kusion_tests::{Sandbox, kusion};
use std::io::Write as _;
use std::os::unix::process::ExitStatusExt as _;

use super::components;
use super::fixture::{
    child, engine_with, in_another_process, limits, load, misbehave_bytes, peak_memory_of_children,
};

const SIGKILL: i32 = 9;
const SIGXCPU: i32 = 24;

/// A component that is small to send and takes far longer to compile than any test waits.
fn slow() -> Vec<u8> {
    components::with_instances(misbehave_bytes(), &components::tiny_functions(100_000), 1)
}

/// A line of `/proc/<pid>/stat`: the state and the parent, if the process is there.
fn state(pid: u32) -> Option<(char, u32)> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let (_, rest) = stat.rsplit_once(") ")?;
    let mut fields = rest.split(' ');
    Some((fields.next()?.chars().next()?, fields.next()?.parse().ok()?))
}

fn children(parent: u32) -> Vec<(u32, char)> {
    let pids = std::fs::read_dir("/proc")
        .unwrap()
        .filter_map(|entry| entry.unwrap().file_name().into_string().ok()?.parse::<u32>().ok());
    let state = |pid| Some((pid, state(pid)?));
    let of = pids.filter_map(state).filter(|(_, (_, of))| *of == parent);
    of.map(|(pid, (state, _))| (pid, state)).collect()
}

/// Waits until something is so.
fn until<T>(what: &str, mut found: impl FnMut() -> Option<T>) -> T {
    let start = Instant::now();
    loop {
        if let Some(found) = found() {
            return found;
        }
        assert!(start.elapsed() < Duration::from_secs(30), "{what} does not come");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// A run of the program that waits for a slow compilation, and the process that compiles.
fn compiling(sandbox: &Sandbox) -> (std::process::Child, u32) {
    fs::create_dir_all(sandbox.path("")).unwrap();
    fs::write(sandbox.path("slow.wasm"), slow()).unwrap();
    sandbox.write("ws.yaml", "modules: {slow: {path: slow.wasm}}\n");
    sandbox.write("project.yaml", "name: shop\n");
    sandbox.write("dev/stack.yaml", "name: dev\n");
    sandbox.write("dev/app.yaml", "accessories: {slow: {}}\n");
    sandbox.run("", &["workspace", "create", "default", "-f", "ws.yaml"]).success();
    let mut command = sandbox.command("dev", &["generate"]);
    let parent = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let compiler = until("a compiler", || {
        let (pid, _) = children(parent.id()).into_iter().next()?;
        // It has confined itself once it holds nothing but its pipes.
        let limits = fs::read_to_string(format!("/proc/{pid}/limits")).ok()?;
        let confined = limits.lines().any(|line| {
            line.starts_with("Max open files") && line.split_whitespace().nth(3) == Some("3")
        });
        confined.then_some(pid)
    });
    (parent, compiler)
}

#[test]
fn a_parent_that_is_killed_leaves_no_compiler() {
    let sandbox = Sandbox::without_cache();
    let (mut parent, compiler) = compiling(&sandbox);
    assert!(matches!(state(compiler), Some((found, _)) if found != 'Z'));
    parent.kill().unwrap();
    assert_eq!(parent.wait().unwrap().signal(), Some(SIGKILL));
    // Whoever inherits it need not have buried it yet.
    until("the end of the compiler", || {
        state(compiler).is_none_or(|(found, _)| found == 'Z').then_some(())
    });
}

#[test]
fn a_compiler_has_nothing_but_its_pipes() {
    let sandbox = Sandbox::without_cache();
    let (mut parent, compiler) = compiling(&sandbox);
    let proc = PathBuf::from(format!("/proc/{compiler}"));
    let environment = fs::read(proc.join("environ")).unwrap();
    let environment = String::from_utf8(environment).unwrap();
    let names: BTreeSet<&str> = environment
        .split_terminator('\0')
        .filter_map(|variable| Some(variable.split_once('=')?.0))
        .collect();
    assert_eq!(names, BTreeSet::from(["MALLOC_ARENA_MAX", "RAYON_NUM_THREADS"]), "{environment}");
    let mut open: Vec<(String, String)> = fs::read_dir(proc.join("fd"))
        .unwrap()
        .map(|entry| entry.unwrap())
        .map(|entry| {
            let to = fs::read_link(entry.path()).unwrap().display().to_string();
            let kind = to.split(':').next().unwrap().to_owned();
            (entry.file_name().into_string().unwrap(), kind)
        })
        .collect();
    open.sort();
    let pipe = |number: &str| (number.to_owned(), "pipe".to_owned());
    assert_eq!(open, [pipe("0"), pipe("1"), pipe("2")]);
    let limits = fs::read_to_string(proc.join("limits")).unwrap();
    let hard = |name: &str| {
        let line = limits.lines().find_map(|line| line.strip_prefix(name)).unwrap();
        line.split_whitespace().nth(1).unwrap().to_owned()
    };
    assert_eq!(hard("Max address space"), (2_u64 << 30).to_string());
    assert_eq!(hard("Max core file size"), "0");
    assert_eq!(hard("Max file size"), "0");
    assert_eq!(hard("Max open files"), "3");
    assert!(hard("Max cpu time").parse::<u64>().unwrap() >= 120, "{limits}");
    parent.kill().unwrap();
    parent.wait().unwrap();
}

fn compile(bounds: CompileBounds, component: &[u8]) -> std::process::Output {
    let mut compiler = Command::new(kusion())
        .arg("__compile")
        .args(bounds.arguments())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // One that refuses does not read.
    let _refused = compiler.stdin.take().unwrap().write_all(component);
    compiler.wait_with_output().unwrap()
}

#[test]
fn a_compiler_whose_parent_has_ended_does_not_begin() {
    let bounds = CompileBounds { memory: 1 << 30, cpu_seconds: 60, parent: 1 };
    let output = compile(bounds, misbehave_bytes());
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(String::from_utf8_lossy(&output.stderr), "the process that asked has ended\n");
    assert!(output.stdout.is_empty());
}

#[test]
fn a_compiler_that_nobody_watches_runs_out_of_processor_time() {
    let bounds = CompileBounds { memory: 2 << 30, cpu_seconds: 1, parent: std::process::id() };
    let output = compile(bounds, &slow());
    assert_eq!(output.status.signal(), Some(SIGXCPU), "{output:?}");
    assert!(output.stdout.is_empty());
}

#[test]
#[ignore = "run by another test in a process of its own"]
fn gave_up() {
    const MEMORY: u64 = 512 << 20;
    let bounds = limits(|limits| {
        limits.compile_time = Duration::from_millis(300);
        limits.compile_memory = MEMORY;
    });
    let engine = engine_with(None, child(), bounds);
    for _ in 0..3 {
        let Err(error) = load(&engine, "slow", &slow()) else { panic!("it loads") };
        let limit = CompileLimit::Time(Duration::from_millis(300));
        assert!(
            matches!(error, LoadError::CompileLimit { limit: found, .. } if found == limit),
            "{error:?}"
        );
        assert_eq!(children(std::process::id()), []);
    }
    let bounds = limits(|limits| limits.compile_memory = MEMORY);
    let huge =
        components::with_instances(misbehave_bytes(), &components::huge_function(1_000_000), 1);
    let Err(error) = load(&engine_with(None, child(), bounds), "huge", &huge) else {
        panic!("it loads")
    };
    assert!(
        matches!(error, LoadError::CompileLimit { limit: CompileLimit::Memory(MEMORY), .. }),
        "{error:?}"
    );
    assert_eq!(children(std::process::id()), []);
    let peak = peak_memory_of_children();
    assert!(peak < MEMORY, "{} MiB", peak >> 20);
    println!("children: {} MiB", peak >> 20);
}

#[test]
fn a_compiler_that_is_given_up_leaves_no_zombie_and_kept_to_its_memory() {
    in_another_process("engine::child::gave_up");
}
