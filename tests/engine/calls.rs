//! The four ways a call can fail, told apart and told well.

use std::time::{Duration, Instant};

use kusion::engine::{CallError, CallLimit, Level, Limits, LoadError, Rejection};
use kusion_tests::guest;
use serde_json::json;

use super::components::{self, with_instances};
use super::fixture::{
    DEFECT, engine, limit_hints, limits, load, misbehave, misbehave_bytes, misbehave_within, place,
    request, told, what,
};

fn failure(harm: &str) -> CallError {
    let start = Instant::now();
    let Err(error) = misbehave().generate(&what(harm)) else { panic!("`{harm}` does no harm") };
    assert!(start.elapsed() < Duration::from_secs(60), "`{harm}` took {:?}", start.elapsed());
    error
}

#[test]
fn a_sound_call_is_no_failure() {
    let generated = misbehave().generate(&what("fine")).unwrap();
    assert_eq!(generated.resources[0].id.as_str(), "v1:ConfigMap:shop:web");
    assert!((5_000..50_000).contains(&generated.usage.fuel), "{}", generated.usage.fuel);
    assert!(generated.usage.peak_memory < 2 << 20, "{}", generated.usage.peak_memory);
}

#[test]
fn nothing_of_a_failed_call_reaches_the_next() {
    let sound = misbehave().generate(&what("fine")).unwrap();
    for harm in ["trap", "grow", "loop", "recurse", "much-output"] {
        failure(harm);
        let next = misbehave().generate(&what("fine")).unwrap();
        assert_eq!((next.resources, next.usage.fuel), (sound.resources.clone(), sound.usage.fuel));
    }
}

#[test]
fn a_crash_says_how() {
    for (harm, reason) in [
        ("trap", "wasm trap: wasm `unreachable` instruction executed"),
        ("last-words", "panicked at heaven:1:1:\nthese"),
        ("bad-pointer", "out of bounds memory access (a bad pointer, or too deep a recursion)"),
        ("recurse", "out of bounds memory access (a bad pointer, or too deep a recursion)"),
    ] {
        let error = failure(harm);
        assert!(matches!(error, CallError::Trapped { .. }), "`{harm}`: {error:?}");
        assert_eq!(told(&error), [&format!("module `misbehave` crashed: {reason}"), DEFECT]);
    }
}

#[test]
fn a_crash_keeps_what_was_logged_before() {
    let CallError::Trapped { log, .. } = failure("last-words") else { panic!("no crash") };
    let lines: Vec<_> = log.iter().map(|line| (line.level, line.message.as_str())).collect();
    assert_eq!(
        lines,
        [
            (Level::Info, "not these"),
            (Level::Error, "panicked at heaven:1:1:\nthese"),
            (Level::Debug, "nor these"),
        ]
    );
}

#[test]
fn a_panic_in_the_sdk_reaches_the_user_with_its_message() {
    let bytes = fs_err::read(guest("panics")).unwrap();
    let module = load(&engine(Limits::default()), "panics", &bytes).unwrap();
    for (reason, code, message) in [
        ("message", "panic!(\"the app", "the app `web` displeases me"),
        ("index", "list[9]", "index out of bounds: the len is 3 but the index is 9"),
        ("unwrap", "unwrap()", "called `Option::unwrap()` on a `None` value"),
        ("divide", "(7 / nothing)", "attempt to divide by zero"),
        ("after-an-error-line", "panic!(\"and flat", "and flat\nat the same time"),
    ] {
        let error = module.generate(&request(json!({"reason": reason}))).unwrap_err();
        assert_eq!(
            told(&error),
            [
                format!(
                    "module `panics` crashed: panicked at {}:\n{message}",
                    place("tests/guests/panics/src/lib.rs", code)
                ),
                DEFECT.to_owned(),
            ]
        );
    }
}

#[test]
fn every_limit_of_a_call_is_named() {
    for (harm, limit, text) in [
        ("loop", CallLimit::Fuel(1_000_000_000), "1000000000 units of fuel"),
        ("recurse-flat", CallLimit::Stack, "the call stack (it recurses too deeply)"),
        ("grow", CallLimit::Memory(128 << 20), "128 MiB of memory"),
        ("much-output", CallLimit::Output(16 << 20), "16 MiB of output"),
        ("gigabyte", CallLimit::Output(16 << 20), "16 MiB of output"),
        ("log-one-line", CallLimit::Output(16 << 20), "16 MiB of output"),
        ("log-lines", CallLimit::LogLines(1_000), "1000 log lines"),
        ("log-then-trap", CallLimit::LogLines(1_000), "1000 log lines"),
        ("log-bytes", CallLimit::LogBytes(1 << 20), "1024 KiB of log lines"),
    ] {
        let error = failure(harm);
        assert!(
            matches!(error, CallError::OverLimit { limit: found, .. } if found == limit),
            "`{harm}`: {error:?}"
        );
        let message = format!("module `misbehave` was stopped: it used more than {text}");
        assert_eq!(told(&error), [vec![message.clone()], limit_hints(&message)].concat());
    }
}

#[test]
fn a_guest_that_is_refused_memory_is_stopped_there() {
    for harm in [
        "grow-refused",
        "grow-refused-then-trap",
        "grow-refused-then-loop",
        "grow-refused-then-recurse",
    ] {
        let error = failure(harm);
        let limit = CallLimit::Memory(128 << 20);
        assert!(
            matches!(error, CallError::OverLimit { limit: found, .. } if found == limit),
            "`{harm}`: {error:?}"
        );
    }
}

#[test]
fn the_deadline_stops_what_fuel_does_not() {
    let module = misbehave_within(limits(|limits| {
        limits.fuel = u64::MAX;
        limits.deadline = Duration::from_millis(200);
    }));
    let start = Instant::now();
    let error = module.generate(&what("loop")).unwrap_err();
    let took = start.elapsed();
    assert!((150..30_000).contains(&took.as_millis()), "{took:?}");
    assert_eq!(
        told(&error),
        [
            "module `misbehave` was stopped: it used more than 0.2 s",
            "hint: time depends on the machine; the same call may pass on a faster one",
            "hint: if the module needs it, raise `limits.seconds` in the workspace",
        ]
    );
}

#[test]
fn instantiating_is_bounded_too() {
    let kib = 1 << 10;
    for (module, instances, reason) in [
        (components::memory(65_536), 1, "was stopped: it used more than 128 MiB of memory"),
        (components::memory(1_024), 3, "was stopped: it used more than 128 MiB of memory"),
        (components::table(10_000_000), 1, "was stopped: it used more than 100000 table elements"),
        (components::table(60 * kib), 2, "was stopped: it used more than 100000 table elements"),
        (
            components::memory(0),
            70,
            "was stopped: it used more than 64 instances, memories or tables",
        ),
        (
            components::tables(99),
            1,
            "was stopped: it used more than 64 instances, memories or tables",
        ),
        (components::start_loop(), 1, "was stopped: it used more than 1000000000 units of fuel"),
        (
            components::stray_data(),
            1,
            "crashed: out of bounds memory access (a bad pointer, or too deep a recursion)",
        ),
    ] {
        let bytes = with_instances(misbehave_bytes(), &module, instances);
        let start = Instant::now();
        let Err(error) = load(&engine(Limits::default()), "crowd", &bytes) else {
            panic!("{reason}")
        };
        assert!(start.elapsed() < Duration::from_secs(120), "{:?}", start.elapsed());
        assert!(matches!(error, LoadError::Describe { .. }), "{error:?}");
        let message = ["cannot ask module `crowd` what it is".to_owned()];
        let cause = [format!("cause: module `crowd` {reason}")];
        assert_eq!(told(&error), [&message[..], &cause, &limit_hints(reason)].concat());
    }
}

#[test]
fn an_answer_that_is_none_is_described() {
    const ID: &str = "attributes of `v1:ConfigMap:shop:web`";
    for (harm, reason) in [
        ("invalid-json", format!("{ID}: not JSON (expected ident at line 1 column 11)")),
        ("no-json", format!("{ID}: not JSON (EOF while parsing a value at line 1 column 0)")),
        ("array", format!("{ID} are not a JSON object")),
        ("deep-json", format!("{ID}: not JSON (recursion limit exceeded at line 1 column 133)")),
        ("huge-number", format!("{ID}: not JSON (number out of range at line 1 column 11)")),
        ("id-empty", "`` is not a resource id: it is empty".to_owned()),
        (
            "id-white-space",
            "`v1:ConfigMap:shop:two words` is not a resource id: \
             it contains white space or control characters"
                .to_owned(),
        ),
        (
            "id-long",
            format!("`{}` is not a resource id: it is longer than 1024 bytes", "a".repeat(80)),
        ),
        (
            "depends-on",
            "dependencies of `v1:ConfigMap:shop:web`: `\n` is not a resource id: \
             it contains white space or control characters"
                .to_owned(),
        ),
        ("extensions", "extensions of `v1:ConfigMap:shop:web` are not a JSON object".to_owned()),
        ("secret-twice", "it asks for secret `a` twice".to_owned()),
        (
            "secret-name",
            "`a.b` is not a secret name: letters, digits, `_` and `-` are allowed".to_owned(),
        ),
        ("secret-other", "secrets of kind `stolen` are unknown to this kusion".to_owned()),
        ("patch-env", "an env patch is not a JSON array".to_owned()),
        ("patch-id", "`` is not a resource id: it is empty".to_owned()),
        (
            "patch-json",
            "a patch of `v1:ConfigMap:shop:a`: not JSON (expected value at line 1 column 1)"
                .to_owned(),
        ),
        ("patch-other", "patches of kind `binary` are unknown to this kusion".to_owned()),
        ("need-no-json", "a need: not JSON (expected value at line 1 column 1)".to_owned()),
        ("much-json", "it is more than 500000 JSON values".to_owned()),
        ("utf-8", "invalid utf-8 sequence of 1 bytes from index 2".to_owned()),
        ("pointer", "string pointer/length out of bounds of memory".to_owned()),
        ("reject-nothing", "it rejects the request and names no place that is wrong".to_owned()),
    ] {
        let error = failure(harm);
        assert!(matches!(error, CallError::BadOutput { .. }), "`{harm}`: {error:?}");
        let message = format!("module `misbehave` answered wrongly: {reason}");
        assert_eq!(told(&error), [message.as_str(), DEFECT]);
    }
}

#[test]
fn a_rejection_is_the_modules_own_words() {
    for (harm, message) in [
        ("reject", ": `/config/do` is not nice: `/platform` is not nice either"),
        ("reject-unsupported", ": ask version 2"),
        ("reject-failed", ": no idea"),
    ] {
        let error = failure(harm);
        assert!(matches!(error, CallError::Rejected { .. }), "`{harm}`: {error:?}");
        assert_eq!(told(&error), [format!("module `misbehave` rejects the request{message}")]);
    }
    let CallError::Rejected { rejection: Rejection::Invalid(places), .. } = failure("reject")
    else {
        panic!("not rejected")
    };
    assert_eq!(places[1].pointer, "/platform");
}

#[test]
fn log_lines_of_a_sound_call_are_kept_in_order() {
    let generated = misbehave().generate(&what("log-some")).unwrap();
    let lines: Vec<_> =
        generated.log.iter().map(|line| (line.level, line.message.as_str())).collect();
    assert_eq!(lines, [(Level::Trace, "a"), (Level::Warn, "b\nc")]);
}
