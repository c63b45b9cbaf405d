//! What a module says about itself, and what is made of it.

use kusion::engine::{Limits, LoadError};

use super::fixture::{engine, limit_hints, load, misbehave_describing, told};

fn refusal(mode: &str) -> LoadError {
    let Err(error) = load(&engine(Limits::default()), "guest", &misbehave_describing(mode)) else {
        panic!("`{mode}` loads")
    };
    error
}

#[test]
fn a_description_is_passed_on() {
    let module = load(&engine(Limits::default()), "guest", &misbehave_describing("kind")).unwrap();
    let description = module.description();
    assert_eq!(description.name, "misbehave");
    assert_eq!(description.kind, "decoration");
    assert!(!description.is_workload());
    assert_eq!(description.developer_schema["type"], "object");
}

#[test]
fn a_description_that_says_nothing_is_refused() {
    for mode in ["no-name", "no-version", "no-kind"] {
        let error = refusal(mode);
        assert!(matches!(error, LoadError::BadDescription { .. }), "{error:?}");
        assert_eq!(
            told(&error),
            ["module `guest` describes itself wrongly: name, version and kind cannot be empty"]
        );
    }
}

#[test]
fn a_schema_that_is_no_json_is_refused() {
    for (mode, reason) in [
        (
            "schema-no-json",
            "the developer schema: not JSON (key must be a string at line 1 column 2)",
        ),
        (
            "schema-empty",
            "the platform schema: not JSON (EOF while parsing a value at line 1 column 0)",
        ),
    ] {
        let error = refusal(mode);
        assert!(matches!(error, LoadError::BadDescription { .. }), "{error:?}");
        assert_eq!(told(&error), [format!("module `guest` describes itself wrongly: {reason}")]);
    }
}

#[test]
fn describing_itself_is_a_call_under_the_same_limits() {
    for (mode, cause) in [
        ("trap", "crashed: wasm trap: wasm `unreachable` instruction executed"),
        ("loop", "was stopped: it used more than 1000000000 units of fuel"),
        ("grow", "was stopped: it used more than 128 MiB of memory"),
        ("recurse-flat", "was stopped: it used more than the call stack (it recurses too deeply)"),
        ("log-lines", "was stopped: it used more than 1000 log lines"),
    ] {
        let error = refusal(mode);
        assert!(matches!(error, LoadError::Describe { .. }), "{error:?}");
        let message = ["cannot ask module `guest` what it is".to_owned()];
        let told_cause = [format!("cause: module `guest` {cause}")];
        assert_eq!(told(&error), [&message[..], &told_cause, &limit_hints(cause)].concat());
    }
}
