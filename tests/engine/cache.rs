//! Compiled code on disk: it saves time, and nothing that happens to it changes anything else.

use std::io::Write as _;
use std::os::unix::fs::{PermissionsExt as _, chown};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use fs_err as fs;
use kusion::engine::{CompileBounds, Compiler, Limits, LoadError};
use kusion_tests::{Sandbox, guest, kusion};

use super::fixture::{
    child, engine_with, load, misbehave, misbehave_bytes, misbehave_describing, told, what,
};

/// A compiler that knows one answer and counts how often it is asked.
struct Counted {
    folder: tempfile::TempDir,
}

impl Counted {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let bounds =
            CompileBounds { memory: 2 << 30, cpu_seconds: 600, parent: std::process::id() };
        let mut compiler = Command::new(kusion())
            .arg("__compile")
            .args(bounds.arguments())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        compiler.stdin.take().unwrap().write_all(misbehave_bytes()).unwrap();
        let compiled = compiler.wait_with_output().unwrap();
        assert!(compiled.status.success());
        fs::write(folder.path().join("code"), compiled.stdout).unwrap();
        Self { folder }
    }

    fn compiler(&self) -> Compiler {
        let script = "echo x >> \"$0/asked\"; exec /bin/cat \"$0/code\"";
        let arguments = ["-c".into(), script.into(), self.folder.path().into()];
        Compiler::Child { program: "/bin/sh".into(), arguments: arguments.into() }
    }

    fn asked(&self) -> usize {
        fs::read(self.folder.path().join("asked")).map_or(0, |asked| asked.len() / 2)
    }
}

/// The only entry of a cache.
fn entry(cache: &Path) -> PathBuf {
    let entries = entries(cache);
    assert_eq!(entries.len(), 1, "{entries:?}");
    entries.into_iter().next().unwrap()
}

fn entries(cache: &Path) -> Vec<PathBuf> {
    let folders = fs::read_dir(cache).unwrap().map(|entry| entry.unwrap().path());
    folders
        .flat_map(|folder| fs::read_dir(folder).unwrap())
        .map(|entry| entry.unwrap().path())
        .collect()
}

fn generate(cache: &Path, compiler: Compiler) -> String {
    let module = load(
        &engine_with(Some(cache), compiler, Limits::default()),
        "misbehave",
        misbehave_bytes(),
    );
    let generated = module.unwrap().generate(&what("fine")).unwrap();
    format!("{:?} {}", generated.resources, generated.usage.fuel)
}

#[test]
fn a_module_is_compiled_once() {
    let (cache, counted) = (tempfile::tempdir().unwrap(), Counted::new());
    for _ in 0..3 {
        generate(cache.path(), counted.compiler());
    }
    assert_eq!(counted.asked(), 1);
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&entry(cache.path())), 0o600);
    assert_eq!(mode(entry(cache.path()).parent().unwrap()), 0o700);
}

#[test]
fn an_altered_entry_is_compiled_anew() {
    let (cache, counted) = (tempfile::tempdir().unwrap(), Counted::new());
    let expected = generate(cache.path(), counted.compiler());
    let path = entry(cache.path());
    let sound = fs::read(&path).unwrap();
    for round in 0..200 {
        let bit = (round * 7_919 * 8 + round) % (sound.len() * 8);
        let mut altered = sound.clone();
        altered[bit / 8] ^= 1 << (bit % 8);
        fs::write(&path, &altered).unwrap();
        assert_eq!(generate(cache.path(), counted.compiler()), expected, "bit {bit}");
        assert_eq!(counted.asked(), 2 + round, "bit {bit}");
        assert!(fs::read(&path).unwrap() == sound, "bit {bit} is mended");
    }
    for length in [0, 1, 31, 32, 33, sound.len() / 2, sound.len() - 1] {
        fs::write(&path, &sound[..length]).unwrap();
        assert_eq!(generate(cache.path(), counted.compiler()), expected, "{length} bytes");
    }
    assert_eq!(counted.asked(), 208);
}

#[test]
fn an_entry_of_somebody_else_is_compiled_anew() {
    let (cache, counted) = (tempfile::tempdir().unwrap(), Counted::new());
    let expected = generate(cache.path(), counted.compiler());
    let path = entry(cache.path());
    for mode in [0o666, 0o640, 0o604] {
        fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
        assert_eq!(generate(cache.path(), counted.compiler()), expected);
    }
    assert_eq!(counted.asked(), 4);
    // Only root can give a file away.
    if chown(&path, Some(65_534), None).is_ok() {
        assert_eq!(generate(cache.path(), counted.compiler()), expected);
        assert_eq!(counted.asked(), 5);
    }
    let real = path.with_extension("real");
    fs::rename(&path, &real).unwrap();
    std::os::unix::fs::symlink(&real, &path).unwrap();
    assert_eq!(generate(cache.path(), counted.compiler()), expected);
    assert!(fs::symlink_metadata(&path).unwrap().is_file(), "the link is replaced");
}

#[test]
fn the_code_of_one_module_never_runs_as_another() {
    let cache = tempfile::tempdir().unwrap();
    let load = |bytes: &[u8]| {
        load(&engine_with(Some(cache.path()), child(), Limits::default()), "guest", bytes).unwrap()
    };
    load(&misbehave_describing("workload"));
    let workload = entry(cache.path());
    load(misbehave_bytes());
    let accessory = entries(cache.path()).into_iter().find(|path| *path != workload).unwrap();
    fs::copy(&workload, &accessory).unwrap();
    assert_eq!(load(misbehave_bytes()).description().kind, "accessory");
}

#[test]
fn a_folder_that_others_can_write_is_refused() {
    let cache = tempfile::tempdir().unwrap();
    generate(cache.path(), child());
    let folder = entry(cache.path()).parent().unwrap().to_owned();
    fs::set_permissions(&folder, std::fs::Permissions::from_mode(0o777)).unwrap();
    let engine = engine_with(Some(cache.path()), child(), Limits::default());
    let Err(error) = load(&engine, "misbehave", misbehave_bytes()) else { panic!("it loads") };
    assert!(matches!(&error, LoadError::UntrustedCache { path } if *path == folder));
    let shown = folder.display();
    assert_eq!(
        told(&error),
        [
            format!("the folder of compiled code `{shown}` is not private"),
            format!("hint: run `chmod 700 {shown}`, or remove the folder"),
        ]
    );
}

#[test]
fn without_a_place_to_write_everything_still_works() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    fs::write(&file, "").unwrap();
    let counted = Counted::new();
    for cache in [file.join("cache"), PathBuf::from("/proc/kusion")] {
        generate(&cache, counted.compiler());
        generate(&cache, counted.compiler());
    }
    assert_eq!(counted.asked(), 4);
    // Root writes into read-only folders all the same.
    let cache = folder.path().join("cache");
    generate(&cache, counted.compiler());
    let path = entry(&cache);
    fs::remove_file(&path).unwrap();
    fs::set_permissions(path.parent().unwrap(), std::fs::Permissions::from_mode(0o500)).unwrap();
    generate(&cache, counted.compiler());
    fs::set_permissions(path.parent().unwrap(), std::fs::Permissions::from_mode(0o700)).unwrap();
}

#[test]
fn threads_that_load_one_module_at_once_share_the_cache() {
    let cache = tempfile::tempdir().unwrap();
    let engine = engine_with(Some(cache.path()), child(), Limits::default());
    let expected = misbehave().generate(&what("fine")).unwrap();
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                let module = load(&engine, "misbehave", misbehave_bytes()).unwrap();
                let generated = module.generate(&what("fine")).unwrap();
                assert_eq!(generated.usage.fuel, expected.usage.fuel);
                assert_eq!(generated.resources, expected.resources);
            });
        }
    });
    entry(cache.path());
}

#[test]
fn processes_that_run_for_the_first_time_at_once_share_the_cache() {
    let sandbox = Sandbox::without_cache();
    let path = guest("misbehave");
    sandbox.write("ws.yaml", &format!("modules: {{misbehave: {{path: {}}}}}\n", path.display()));
    sandbox.write("project.yaml", "name: shop\n");
    sandbox.write("dev/stack.yaml", "name: dev\n");
    sandbox.write("dev/app.yaml", "accessories: {misbehave: {do: fine}}\n");
    let created = sandbox.run("", &["workspace", "create", "default", "-f", "ws.yaml"]);
    assert_eq!(created.code, Some(0), "{}", created.stderr);
    let start = || sandbox.command("dev", &["generate"]).stdout(Stdio::piped()).spawn().unwrap();
    let runs: Vec<_> = std::iter::repeat_with(start).take(8).collect();
    let outputs: Vec<_> = runs.into_iter().map(|run| run.wait_with_output().unwrap()).collect();
    let last = sandbox.command("dev", &["generate"]).output().unwrap();
    assert!(last.status.success());
    for output in outputs {
        assert!(output.status.success());
        assert_eq!(output.stdout, last.stdout);
    }
    entry(&sandbox.home("cache/code"));
}
