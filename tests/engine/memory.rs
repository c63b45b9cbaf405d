//! The host's own memory stays small whatever a guest does.

use super::fixture::{in_another_process, misbehave, peak_memory, what};

/// What the host may take: a guest's linear memory of 128 MiB, and as much again twice for the answer
/// before and after it is read.
const BOUND: u64 = (3 * 128) << 20;

#[test]
#[ignore = "run by another test in a process of its own"]
fn all_harm_was_done() {
    misbehave();
    let before = peak_memory();
    for harm in [
        "trap",
        "recurse",
        "recurse-flat",
        "log-lines",
        "log-bytes",
        "log-one-line",
        "deep-json",
        "much-json",
        "most-json",
        "much-output",
        "gigabyte",
        "needs-many",
        "grow",
        "patch-kind-long",
        "secret-name-long",
        "long-reject",
        "many-reject",
        "deep-reject",
        "long-trap",
    ] {
        let start = std::time::Instant::now();
        // Whether and how it fails is what other tests ask.
        let _ended = misbehave().generate(&what(harm)).map(|_| ());
        let taken = peak_memory() - before;
        println!("{harm}: {} MiB, {:?}", taken >> 20, start.elapsed());
        assert!(taken < BOUND, "after `{harm}`: {} MiB", taken >> 20);
    }
}

#[test]
fn no_guest_makes_the_host_large() {
    in_another_process("engine::memory::all_harm_was_done");
}
