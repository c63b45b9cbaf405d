//! What guests do with the ways in and out of them, and with WASI.

use std::collections::BTreeMap;

use kusion::engine::{CallError, CallLimit, Limits, Request};

use super::components;
use super::fixture::{
    engine, in_another_process, limits, load, misbehave, misbehave_bytes, misbehave_describing,
    peak_memory, told, what,
};
use super::wasip2;

/// The size of a text that the guest's allocator recognises.
const MARKED: usize = 54_321;

/// A request with a text that the host must place into the guest's memory.
fn marked() -> Request {
    let mut request = what("fine");
    request.labels = BTreeMap::from([("label".to_owned(), "x".repeat(MARKED))]);
    request
}

#[test]
fn an_allocator_that_gives_bad_memory_harms_nobody_else() {
    assert!(misbehave().generate(&marked()).is_ok());
    for (mode, said) in [
        ("realloc-outside", "answered wrongly: realloc return: beyond end of memory"),
        ("realloc-null", "crashed: wasm trap: wasm `unreachable` instruction executed"),
        ("realloc-loop", "was stopped: it used more than 1000000000 units of fuel"),
    ] {
        let module =
            load(&engine(Limits::default()), "guest", &misbehave_describing(mode)).unwrap();
        let error = module.generate(&marked()).unwrap_err();
        assert_eq!(told(&error)[0], format!("module `guest` {said}"));
        assert!(module.generate(&what("fine")).is_ok(), "{mode}");
    }
}

#[test]
fn what_happens_after_an_answer_counts() {
    let error = misbehave().generate(&what("post-return-trap")).unwrap_err();
    assert!(matches!(error, CallError::Trapped { .. }), "{error:?}");
    let error = misbehave().generate(&what("post-return-loop")).unwrap_err();
    assert!(
        matches!(error, CallError::OverLimit { limit: CallLimit::Fuel(1_000_000_000), .. }),
        "{error:?}"
    );
}

#[test]
fn ten_megabytes_of_names_change_nothing() {
    let bytes = components::with_custom_section(misbehave_bytes(), "component-name", 10 << 20);
    // The section is no names at all; nobody needs them.
    let named = load(&engine(Limits::default()), "guest", &bytes).unwrap();
    let (one, other) = (named.generate(&what("fine")), misbehave().generate(&what("fine")));
    let (one, other) = (one.unwrap(), other.unwrap());
    assert_eq!((one.usage.fuel, one.resources), (other.usage.fuel, other.resources));
}

#[test]
#[ignore = "run by another test in a process of its own"]
fn wasi_was_abused() {
    let bytes = fs_err::read(wasip2::guest("ambient")).unwrap();
    let module =
        load(&engine(limits(|limits| limits.fuel = 500_000_000)), "ambient", &bytes).unwrap();
    let before = peak_memory();
    for harm in [
        "poll-many",
        "flood",
        "hoard",
        "hoard-streams",
        "random-max",
        "random-much",
        "sleep-for-ever",
    ] {
        let start = std::time::Instant::now();
        let ended = module.generate(&what(harm));
        let taken = peak_memory() - before;
        let ended = ended.map(|generated| generated.resources[0].attributes.clone());
        println!("{harm}: {} MiB, {:?}, {ended:?}", taken >> 20, start.elapsed());
        assert!(taken < 256 << 20, "after `{harm}`: {} MiB", taken >> 20);
        assert!(ended.is_err(), "{harm}");
    }
}

#[test]
fn abuse_of_wasi_costs_the_host_little_memory() {
    in_another_process("engine::abuse::wasi_was_abused");
}

#[test]
#[ignore = "run by another test in a process of its own"]
fn descriptions_were_read() {
    misbehave();
    let before = peak_memory();
    for mode in ["schema-flood", "schema-laughs", "schema-row", "long-name"] {
        let _ended =
            load(&engine(Limits::default()), "guest", &misbehave_describing(mode)).map(|_| ());
        let taken = peak_memory() - before;
        println!("{mode}: {} MiB", taken >> 20);
        assert!(taken < 128 << 20, "after `{mode}`: {} MiB", taken >> 20);
    }
}

#[test]
fn no_description_makes_the_host_large() {
    in_another_process("engine::abuse::descriptions_were_read");
}
