//! Engines, modules and requests that the tests of the engine share.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, Output};
use std::sync::OnceLock;

use kusion::diagnostic::Diagnose;
use kusion::digest::Digest;
use kusion::engine::{Compiler, Engine, Limits, LoadError, Module, Options, Request, Scope};
use kusion::name::ModuleName;
use kusion_tests::{CATALOG, catalog, guest, kusion};
use serde_json::{Value, json};
use tempfile::TempDir;

/// Changes the default limits.
pub(crate) fn limits(change: impl FnOnce(&mut Limits)) -> Limits {
    let mut limits = Limits::default();
    change(&mut limits);
    limits
}

/// The compiler that the program uses: a child process of the real program.
pub(crate) fn child() -> Compiler {
    Compiler::Child { program: kusion().to_owned(), arguments: vec!["__compile".into()] }
}

/// An engine with a cache that all tests of this process share, so that each guest is compiled once.
pub(crate) fn engine(limits: Limits) -> Engine {
    static CACHE: OnceLock<TempDir> = OnceLock::new();
    let cache = CACHE.get_or_init(|| tempfile::tempdir().unwrap());
    engine_with(Some(cache.path()), child(), limits)
}

pub(crate) fn engine_with(cache: Option<&Path>, compiler: Compiler, limits: Limits) -> Engine {
    Engine::new(Options { cache: cache.map(Path::to_owned), compiler, limits }).unwrap()
}

pub(crate) fn load(engine: &Engine, name: &str, component: &[u8]) -> Result<Module, LoadError> {
    engine.load(&ModuleName::parse(name).unwrap(), &Digest::of(component), component)
}

/// The bytes of the guest `misbehave`.
pub(crate) fn misbehave_bytes() -> &'static [u8] {
    static BYTES: OnceLock<Vec<u8>> = OnceLock::new();
    BYTES.get_or_init(|| fs_err::read(guest("misbehave")).unwrap())
}

/// The guest `misbehave` under the default limits.
pub(crate) fn misbehave() -> &'static Module {
    static MODULE: OnceLock<Module> = OnceLock::new();
    MODULE.get_or_init(|| misbehave_within(Limits::default()))
}

pub(crate) fn misbehave_within(limits: Limits) -> Module {
    load(&engine(limits), "misbehave", misbehave_bytes()).unwrap()
}

/// The guest `misbehave` when it describes itself in another way.
pub(crate) fn misbehave_describing(mode: &str) -> Vec<u8> {
    const MARK: &[u8] = b"HOW-TO-DESCRIBE:";
    let mut bytes = misbehave_bytes().to_vec();
    let at = bytes.windows(MARK.len()).position(|window| window == MARK).unwrap() + MARK.len();
    bytes[at..at + 16].copy_from_slice(format!("{mode:<16}").as_bytes());
    bytes
}

/// A request with a configuration that the tests choose.
pub(crate) fn request(config: Value) -> Request {
    Request {
        scope: Scope {
            project: "shop".to_owned(),
            stack: "dev".to_owned(),
            workspace: "dev".to_owned(),
            app: "web".to_owned(),
            namespace: "shop".to_owned(),
        },
        accessory: "extra".to_owned(),
        labels: BTreeMap::new(),
        annotations: BTreeMap::new(),
        config,
        platform: json!({}),
        workload: Value::Null,
        context: json!({}),
        inputs: Vec::new(),
        extensions: Default::default(),
    }
}

/// A request that names what the guest shall do.
pub(crate) fn what(what: &str) -> Request {
    request(json!({"do": what}))
}

/// An error as a reader gets it: message, causes, hints.
pub(crate) fn told(error: &(impl Diagnose + ?Sized)) -> Vec<String> {
    let mut told = vec![error.to_string()];
    let causes = std::iter::successors(error.source(), |error| error.source());
    told.extend(causes.map(|cause| format!("cause: {cause}")));
    told.extend(error.hints().into_iter().map(|hint| format!("hint: {hint}")));
    told
}

/// What is told below the message of a failure that is the module's own.
pub(crate) const DEFECT: &str = "hint: this is a defect of the module, not of your configuration";

/// The hints below a passed limit: those that a workspace can raise are named.
pub(crate) fn limit_hints(message: &str) -> Vec<String> {
    let settings = [
        ("units of fuel", "fuel"),
        ("MiB of memory", "memoryMiB"),
        ("MiB of output", "outputMiB"),
        ("table elements", "tableElements"),
        ("instances, memories or tables", "instances"),
        ("open handles", "handles"),
        ("KiB of log lines", "logKiB"),
        (" log lines", "logLines"),
    ];
    let setting = settings.into_iter().find(|(unit, _)| message.ends_with(unit));
    let raise = setting.map(|(_, key)| {
        format!("hint: if the module needs it, raise `limits.{key}` in the workspace")
    });
    std::iter::once(DEFECT.to_owned()).chain(raise).collect()
}

/// The place of a text in a source file, as a panic names it.
pub(crate) fn place(file: &str, text: &str) -> String {
    let source = fs_err::read_to_string(kusion_tests::repository().join(file)).unwrap();
    let lines = source.lines().zip(1..);
    let (column, line) =
        lines.filter_map(|(line, number)| Some((line.find(text)? + 1, number))).next().unwrap();
    format!("{file}:{line}:{column}")
}

/// The most memory that this process ever had, in bytes.
pub(crate) fn peak_memory() -> u64 {
    let status = fs_err::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() << 10
}

/// The most memory that any process had that this process started and waited for, in bytes.
pub(crate) fn peak_memory_of_children() -> u64 {
    let mut usage = std::mem::MaybeUninit::<libc::rusage>::zeroed();
    #[expect(unsafe_code, reason = "a system call")]
    // SAFETY: the pointer is valid for the struct that the call fills in.
    let usage = unsafe {
        assert_eq!(libc::getrusage(libc::RUSAGE_CHILDREN, usage.as_mut_ptr()), 0);
        usage.assume_init()
    };
    u64::try_from(usage.ru_maxrss).unwrap() << 10
}

/// Runs one ignored test of this program in a process of its own.
pub(crate) fn in_another_process(test: &str) -> Output {
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", test, "--ignored", "--nocapture", "--test-threads=1"])
        .env(CATALOG, catalog())
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:#?}");
    output
}
