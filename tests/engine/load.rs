//! Bytes that are refused before anything is compiled, each for its own reason.

use std::time::{Duration, Instant};

use kusion::engine::{Compiler, Engine, Limits, LoadError};

use super::components::{self, INTERFACE};
use super::fixture::{
    engine_with, in_another_process, limits, load, misbehave_bytes, peak_memory, told,
};

/// An engine that cannot compile anything.
fn no_compiler(limits: Limits) -> Engine {
    let compiler =
        Compiler::Child { program: "/nonexistent/compiler".into(), arguments: Vec::new() };
    engine_with(None, compiler, limits)
}

fn refusal(bytes: &[u8]) -> LoadError {
    let Err(error) = load(&no_compiler(Limits::default()), "guest", bytes) else {
        panic!("it loads")
    };
    error
}

#[test]
fn other_files_are_not_webassembly() {
    for bytes in
        [&b""[..], b"\0", b"\0as", b"#!/bin/sh\n", b"(module)", b"\x7fELF\x02\x01\x01\0\0\0"]
    {
        let error = refusal(bytes);
        assert!(matches!(error, LoadError::NotWasm { .. }), "{error:?}");
        assert_eq!(told(&error), ["module `guest` is not WebAssembly"]);
    }
}

#[test]
fn a_core_module_is_not_a_component() {
    let error = refusal(&components::memory(1).finish());
    assert!(matches!(error, LoadError::CoreModule { .. }));
    assert_eq!(
        told(&error),
        [
            "module `guest` is a core WebAssembly module, not a component",
            "hint: `kusion mod build` turns a Cargo package into a component",
        ]
    );
}

#[test]
fn a_component_of_another_kind_is_named_by_its_exports() {
    let error = refusal(&components::names(&[], &[]));
    assert!(matches!(error, LoadError::NoInterface { .. }));
    assert_eq!(told(&error), ["module `guest` does not export `kusion:module/generator`"]);

    let error =
        refusal(&components::names(&[], &["wasi:cli/run@0.2.0", "acme:other/generator@0.1.0"]));
    assert_eq!(
        told(&error),
        [
            "module `guest` does not export `kusion:module/generator`",
            "hint: it exports: wasi:cli/run@0.2.0, acme:other/generator@0.1.0",
        ]
    );
}

#[test]
fn an_interface_that_is_not_served_is_named_with_what_is() {
    for version in ["0.2.0", "9.9.9", "0.10.0", "1.1.0"] {
        let export = format!("kusion:module/generator@{version}");
        let error = refusal(&components::names(&[], &[&export]));
        assert!(
            matches!(&error, LoadError::UnsupportedInterface { found, .. } if found == version)
        );
        assert_eq!(
            told(&error),
            [
                format!("module `guest` needs module interface {version}"),
                "hint: this kusion supports module interface 0.1".to_owned(),
            ]
        );
    }
}

#[test]
fn a_later_patch_of_the_interface_gets_as_far_as_the_compiler() {
    let error = refusal(&components::names(&[], &["kusion:module/generator@0.1.7"]));
    assert_eq!(
        told(&error),
        ["cannot run the compiler for module `guest`: No such file or directory (os error 2)"]
    );
}

#[test]
fn a_forbidden_import_is_named() {
    const ALLOWED: &str =
        "hint: a module may import `kusion:module/log`, and the WASI 0.2 of its language runtime";
    for import in [
        "acme:db/query@1.0.0",
        "kusion:module/log@0.2.0",
        "kusion:module/secrets@0.1.0",
        "wasi:io/poll@0.3.0",
        "wasi:clocks/monotonic-clock@0.3.0",
        "wasi:keyvalue/store@0.2.0",
        "wasi:cli/environment",
    ] {
        let error = refusal(&components::names(&[import], &[INTERFACE]));
        assert!(
            matches!(&error, LoadError::MissingImport { import: found, .. } if found == import)
        );
        let message = format!("module `guest` imports `{import}`, which modules may not use");
        assert_eq!(told(&error), [message.as_str(), ALLOWED]);
    }
    let error = refusal(&components::names(&["wasi:http/outgoing-handler@0.2.6"], &[INTERFACE]));
    assert_eq!(
        told(&error),
        [
            "module `guest` imports `wasi:http/outgoing-handler@0.2.6`, which modules may not use",
            ALLOWED,
            "hint: build a JavaScript module with the features `http` and `fetch-event` disabled",
        ]
    );
}

#[test]
fn a_component_beyond_the_limit_is_not_even_parsed() {
    let engine = no_compiler(limits(|limits| limits.component_size = 1_000));
    let Err(error) = load(&engine, "guest", misbehave_bytes()) else { panic!("it loads") };
    let size = misbehave_bytes().len();
    assert!(matches!(error, LoadError::TooLarge { limit: 1_000, .. }));
    assert_eq!(
        told(&error),
        [
            format!("module `guest` is too large: {size} bytes, and the limit is 1000"),
            "hint: if the module needs it, raise `limits.componentMiB` in the workspace".to_owned(),
        ]
    );
}

#[test]
fn instances_that_multiply_are_refused_however_they_do_it() {
    let crowd =
        |count| components::with_instances(misbehave_bytes(), &components::memory(0), count);
    let nested = components::nested(7);
    assert!(nested.len() < 700, "{} bytes", nested.len());
    let passed_round = components::passed_round(8);
    assert!(passed_round.len() < 500, "{} bytes", passed_round.len());
    for (bytes, countable) in [
        (crowd(10_000), true),
        (nested, true),
        (passed_round, false),
        (components::nested(100), false),
        (components::imports_component(), false),
    ] {
        let start = Instant::now();
        let error = refusal(&bytes);
        assert!(start.elapsed() < Duration::from_secs(10), "{:?}", start.elapsed());
        assert!(matches!(error, LoadError::TooComplex { limit: 1_000, .. }), "{error:?}");
        assert_eq!(
            told(&error),
            [
                "module `guest` nests components so that they may expand to more than 1000 instances",
                "hint: if the module needs it, raise `limits.expandedInstances` in the workspace",
            ][..1 + usize::from(countable)]
        );
    }
}

#[test]
fn tables_without_number_are_invalid() {
    let crowd = components::with_instances(misbehave_bytes(), &components::tables(10_000), 1);
    let Err(error) =
        load(&engine_with(None, Compiler::InProcess, Limits::default()), "guest", &crowd)
    else {
        panic!("it loads")
    };
    let told = told(&error);
    assert!(matches!(error, LoadError::Invalid { .. }));
    assert_eq!(told[0], "module `guest` is not a valid component");
    assert!(told.join(" ").contains("tables count exceeds limit of 100"), "{told:?}");
}

#[test]
fn no_part_of_a_component_is_a_component() {
    let bytes = misbehave_bytes();
    let engine = no_compiler(Limits::default());
    let mut invalid = 0;
    for length in (0..64).chain((64..bytes.len()).step_by(97)).chain([bytes.len() - 1]) {
        let Err(error) = load(&engine, "guest", &bytes[..length]) else {
            panic!("{length} bytes load")
        };
        match error {
            LoadError::NotWasm { .. } => assert!(length < 4, "{length} bytes: {error:?}"),
            // Between two sections a part looks whole, but for what it does not export.
            LoadError::NoInterface { .. } => {}
            LoadError::Invalid { .. } => invalid += 1,
            // The sections behind the export only describe.
            LoadError::Compiler { .. } => assert!(length > bytes.len() - 500, "{length} bytes"),
            error => panic!("{length} bytes: {error:?}"),
        }
    }
    assert!(invalid > 400, "{invalid}");
}

#[test]
#[ignore = "run by another test in a process of its own"]
fn looked_into_the_deep() {
    let bytes = components::deep(32 << 20);
    let before = peak_memory();
    let start = Instant::now();
    assert!(matches!(refusal(&bytes), LoadError::TooComplex { .. }));
    assert!(start.elapsed() < Duration::from_secs(10), "{:?}", start.elapsed());
    assert!(peak_memory() - before < 8 << 20, "{} bytes", peak_memory() - before);
}

#[test]
fn a_million_components_in_each_other_cost_nothing() {
    in_another_process("engine::load::looked_into_the_deep");
}
