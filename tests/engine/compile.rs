//! Compiling is bounded in time and memory, whatever is compiled.

use std::time::{Duration, Instant};

use kusion::engine::{CompileLimit, Compiler, Limits, LoadError};
use wasm_encoder::Module;

use super::components;
use super::fixture::{child, engine_with, limits, load, misbehave_bytes, told, what};

fn refusal(bytes: &[u8], compiler: Compiler, limits: Limits) -> LoadError {
    let Err(error) = load(&engine_with(None, compiler, limits), "guest", bytes) else {
        panic!("it loads")
    };
    error
}

fn hostile(module: &Module) -> Vec<u8> {
    components::with_instances(misbehave_bytes(), module, 1)
}

#[test]
fn a_module_that_takes_too_long_to_compile_is_given_up() {
    let bytes = hostile(&components::tiny_functions(100_000));
    let start = Instant::now();
    let limits = limits(|limits| limits.compile_time = Duration::from_millis(500));
    let error = refusal(&bytes, child(), limits);
    assert!(start.elapsed() < Duration::from_secs(60), "{:?}", start.elapsed());
    let limit = CompileLimit::Time(Duration::from_millis(500));
    assert!(matches!(error, LoadError::CompileLimit { limit: found, .. } if found == limit));
    assert_eq!(
        told(&error),
        [
            "compiling module `guest` took more than 0.5 s",
            "hint: if the module needs it, raise `limits.compileSeconds` in the workspace",
        ]
    );
}

#[test]
fn a_module_that_takes_too_much_memory_to_compile_is_given_up() {
    for module in [components::tiny_functions(100_000), components::huge_function(400_000)] {
        let limits = limits(|limits| limits.compile_memory = 200 << 20);
        let error = refusal(&hostile(&module), child(), limits);
        let limit = CompileLimit::Memory(200 << 20);
        assert!(
            matches!(error, LoadError::CompileLimit { limit: found, .. } if found == limit),
            "{:?}",
            told(&error)
        );
        assert_eq!(
            told(&error),
            [
                "compiling module `guest` took more than 200 MiB of memory",
                "hint: if the module needs it, raise `limits.compileMemoryMiB` in the workspace",
            ]
        );
    }
}

#[test]
fn no_limit_is_too_large_to_be_kept() {
    let limits = limits(|limits| {
        limits.compile_time = Duration::MAX;
        limits.compile_memory = u64::MAX;
        limits.deadline = Duration::MAX;
        limits.fuel = u64::MAX;
        limits.memory = usize::MAX;
        limits.output = usize::MAX;
    });
    let module = load(&engine_with(None, child(), limits), "guest", misbehave_bytes()).unwrap();
    assert!(module.generate(&what("fine")).is_ok());
}

#[test]
fn both_compilers_say_the_same_of_an_invalid_component() {
    let mut module = Module::new();
    module.section(&wasm_encoder::StartSection { function_index: 7 });
    let bad = hostile(&module);
    let in_process = told(&refusal(&bad, Compiler::InProcess, Limits::default()));
    let in_child = told(&refusal(&bad, child(), Limits::default()));
    assert_eq!(in_process.join("\n").replace("\ncause: unknown", ": unknown"), in_child.join("\n"));
    assert_eq!(in_child[0], "module `guest` is not a valid component");
    let cause =
        "cause: failed to parse WebAssembly module: unknown function 7: func index out of bounds";
    assert!(in_child[1].starts_with(cause), "{in_child:?}");
}

#[test]
fn an_interface_in_name_only_is_invalid() {
    let bytes = components::names(&[], &[components::INTERFACE]);
    let error = refusal(&bytes, child(), Limits::default());
    assert!(matches!(error, LoadError::Invalid { .. }));
    assert_eq!(
        told(&error),
        [
            "module `guest` is not a valid component",
            "cause: instance export `kusion:module/generator@0.1.0` does not have export `describe`",
        ]
    );
}

#[test]
fn an_import_that_the_sandbox_lacks_is_named_in_the_cause() {
    let bytes = components::names(&["wasi:cli/nonsense@0.2.6"], &[components::INTERFACE]);
    let error = refusal(&bytes, child(), Limits::default());
    let told = told(&error);
    assert_eq!(told[0], "module `guest` is not a valid component");
    assert!(told[1..].iter().any(|line| line.contains("`wasi:cli/nonsense@0.2.6`")), "{told:?}");
}

#[test]
fn a_compiler_that_is_none_is_blamed_instead_of_the_module() {
    let error = refusal(
        misbehave_bytes(),
        Compiler::Child { program: "/bin/false".into(), arguments: Vec::new() },
        Limits::default(),
    );
    assert_eq!(told(&error), ["cannot run the compiler for module `guest`: exit status: 1: "]);

    let chatter = Compiler::Child { program: "/bin/echo".into(), arguments: vec!["hello".into()] };
    let error = refusal(misbehave_bytes(), chatter, Limits::default());
    assert_eq!(told(&error)[0], "module `guest` is not a valid component");
}
