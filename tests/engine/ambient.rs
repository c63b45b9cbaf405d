//! A guest with the WASI of its language runtime sees a world without time, chance and files.

use std::sync::OnceLock;
use std::time::{Duration, Instant};

use kusion::engine::{CallError, CallLimit, Module};
use kusion_tests::Sandbox;
use serde_json::json;

use super::fixture::{engine, in_another_process, limits, load, peak_memory, place, told, what};
use super::wasip2;

fn ambient() -> &'static Module {
    static MODULE: OnceLock<Module> = OnceLock::new();
    MODULE.get_or_init(|| {
        let bytes = fs_err::read(wasip2::guest("ambient")).unwrap();
        load(&engine(limits(|_| {})), "ambient", &bytes).unwrap()
    })
}

#[test]
fn nothing_of_the_machine_is_seen() {
    let generated = ambient().generate(&what("look")).unwrap();
    assert_eq!(
        generated.resources[0].attributes,
        json!({
            "clock": "Ok(0ns)",
            "hash": "17535356345747737899",
            "order": "[13, 14, 2, 5, 7, 11, 1, 3, 10, 16, 4, 9, 18, 19, 6, 17, 12, 15, 0, 8]",
            "environment": "0",
            "arguments": "0",
            "folder": "/",
            "root": "entity not found",
            "file": "entity not found",
            "write": "entity not found",
            "input": "0",
            "output": "taken",
            "network": "permission denied",
            "names": "permission denied",
            "took": "0ns",
        })
    );
    assert!(!fs_err::exists("/tmp/kusion-was-here").unwrap());
}

#[test]
#[ignore = "run by another test in a process of its own"]
fn looked_round() {
    let generated = ambient().generate(&what("look")).unwrap();
    println!("saw {} {}", generated.usage.fuel, generated.resources[0].attributes);
}

#[test]
fn every_process_sees_the_same_world_for_the_same_fuel() {
    let first = ambient().generate(&what("look")).unwrap();
    for _ in 0..100 {
        let next = ambient().generate(&what("look")).unwrap();
        assert_eq!(next.usage.fuel, first.usage.fuel);
        assert_eq!(next.resources, first.resources);
    }
    let other = in_another_process("engine::ambient::looked_round");
    let expected = format!("saw {} {}", first.usage.fuel, first.resources[0].attributes);
    let stdout = String::from_utf8_lossy(&other.stdout);
    assert!(stdout.contains(&expected), "{expected}\n{stdout}");
}

#[test]
fn an_hour_passes_at_once() {
    let start = Instant::now();
    let generated = ambient().generate(&what("sleep")).unwrap();
    assert!(start.elapsed() < Duration::from_secs(2), "{:?}", start.elapsed());
    assert_eq!(generated.resources[0].attributes, json!({"slept": "0ns"}));
}

#[test]
fn a_guest_may_write_more_to_standard_error_than_is_kept() {
    let generated = ambient().generate(&what("shout")).unwrap();
    assert_eq!(generated.resources[0].attributes, json!({"done": true}));
}

#[test]
fn a_panic_is_read_from_standard_error() {
    let error = ambient().generate(&what("panic")).unwrap_err();
    assert_eq!(
        told(&error),
        [
            &format!(
                "module `ambient` crashed: thread '<unnamed>' (1) panicked at {}:\n\
                 no peace in web\n\
                 note: run with `RUST_BACKTRACE=1` environment variable to display a backtrace",
                place("tests/guests/ambient/src/lib.rs", "panic!(")
            ),
            "hint: this is a defect of the module, not of your configuration",
        ]
    );
}

#[test]
fn a_guest_that_ends_its_process_has_crashed() {
    let error = ambient().generate(&what("exit")).unwrap_err();
    assert_eq!(
        told(&error),
        [
            "module `ambient` crashed: it ended itself with exit code 1",
            "hint: this is a defect of the module, not of your configuration",
        ]
    );
}

#[test]
#[ignore = "run by another test in a process of its own"]
fn hoarded() {
    ambient();
    let before = peak_memory();
    let error = ambient().generate(&what("hoard")).unwrap_err();
    println!("hoard: {error}, {} MiB", (peak_memory() - before) >> 20);
    assert!(matches!(error, CallError::OverLimit { limit: CallLimit::Handles(_), .. }), "{error}");
    assert!(peak_memory() - before < 64 << 20, "{} bytes", peak_memory() - before);
}

#[test]
fn handles_that_are_never_given_back_are_bounded() {
    in_another_process("engine::ambient::hoarded");
}

#[test]
fn a_guest_with_wasi_runs_on_a_thread_that_has_a_runtime() {
    let sandbox = Sandbox::new();
    let path = wasip2::guest("ambient");
    sandbox.write("ws.yaml", &format!("modules: {{ambient: {{path: {}}}}}\n", path.display()));
    sandbox.write("project.yaml", "name: shop\n");
    sandbox.write("dev/stack.yaml", "name: dev\n");
    let created = sandbox.run("", &["workspace", "create", "default", "-f", "ws.yaml"]);
    assert_eq!(created.code, Some(0), "{created}");
    for what in ["sleep", "shout", "look"] {
        sandbox.write("dev/app.yaml", &format!("accessories: {{ambient: {{do: {what}}}}}\n"));
        // One module at a time runs where the command line waits.
        let generated = sandbox.run("dev", &["generate", "--parallelism", "1"]);
        assert!(!generated.stderr.contains("runtime"), "{what}: {generated}");
        assert!(matches!(generated.code, Some(0 | 1)), "{what}: {generated}");
    }
}
