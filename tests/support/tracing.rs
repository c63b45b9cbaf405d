//! Whether tests that stop, kill and refuse programs at a point can run on this machine.

/// Says what is done where programs cannot be traced.
const CRASH: &str = "KUSION_CRASH";
/// Such tests are passed over.
const SKIP: &str = "skip";

/// Returns whether programs can be traced here.
///
/// # Panics
///
/// They cannot, and nobody said with `KUSION_CRASH=skip` that this is known: a test that shows nothing must not
/// pass for one that does.
#[expect(clippy::disallowed_methods, reason = "a person decides by the environment")]
#[expect(clippy::print_stderr, reason = "a test says that it shows nothing")]
pub fn can_trace() -> bool {
    let can = kusion_faults::is_supported();
    let skips = std::env::var(CRASH).is_ok_and(|value| value == SKIP);
    assert!(
        can || skips,
        "programs cannot be traced here; `{CRASH}={SKIP} cargo test` passes over what needs it"
    );
    if !can {
        eprintln!("skipped: programs cannot be traced here");
    }
    can
}
