//! A disk that is full, broken or cannot be written: a clear error, nothing lost, and the next run goes on.

use std::process::Command;

use kusion_faults::{Fault, Refusal};
use kusion_tests::{Sandbox, Traced, can_trace, kusion};

use super::check::{after_crash, converged, holds};
use super::seeds::{AT_ONCE, Random, each_seed};
use super::story::{reach, stories};

/// What the operating system says of each refusal.
const REFUSALS: [(Refusal, &str); 4] = [
    (Refusal::Full, "No space left on device"),
    (Refusal::ReadOnly, "Read-only file system"),
    (Refusal::Denied, "Permission denied"),
    (Refusal::Broken, "Input/output error"),
];

/// Refuses a step's changes to files from some point on.
fn trial(seed: u64) -> Result<bool, String> {
    let mut random = Random::new(seed ^ 0x5eed);
    let story = &stories()[random.one_of(&[0, 1, 2])];
    let step = &story.steps[random.below(story.steps.len())];
    let sandbox = step.before.copy();
    let (refusal, said) = random.one_of(&REFUSALS);
    let fault = Fault::Refuse(1 + random.below(step.points), refusal);
    let Traced { output, points, hit, .. } =
        sandbox.run_with(Some(fault), "dev", step.goal.command());
    let point = points.last().map_or_else(String::new, ToString::to_string);
    let history = format!("{:?} to {:?}, {fault} ({point}){AT_ONCE}", step.from, step.goal);
    let context = |failure| format!("{history}\n{failure}");
    if hit && output.code != Some(0) {
        holds(format_args!("an unclear error: {output}"), output.stderr.contains(said))
            .map_err(context)?;
        holds(format_args!("another exit code than 3: {output}"), output.code == Some(3))
            .map_err(context)?;
    }
    let wreck = after_crash(&sandbox).map_err(context)?;
    let next = reach(&sandbox, step.policy, step.goal);
    holds(format_args!("the next run: {next}"), next.code == Some(0)).map_err(context)?;
    let context = |failure| format!("{history}\n{output}\n{next}\n{failure}");
    converged(&sandbox, story, step.goal, &wreck).map_err(context)?;
    Ok(hit)
}

#[test]
fn a_disk_that_refuses_loses_nothing_and_the_next_run_goes_on() {
    if !can_trace() {
        return;
    }
    each_seed(
        "crash::test_refusals::a_disk_that_refuses_loses_nothing_and_the_next_run_goes_on",
        60,
        trial,
    );
}

/// Runs a script with `$disk`, a small file system of its own, `$kusion` and `$cache`; `None` if such a file
/// system cannot be made here.
fn on_a_small_disk(sandbox: &Sandbox, script: &str) -> Option<String> {
    let disk = sandbox.path("disk");
    fs_err::create_dir_all(&disk).unwrap();
    // In a name space of its own nobody else sees the file system, and it goes with the last process.
    let mount = "mount -t tmpfs -o size=1m tmpfs \"$disk\" || exit 99";
    let output = Command::new("unshare")
        .args(["--user", "--map-root-user", "--mount", "sh", "-c"])
        .arg(format!("{mount}\nexport KUSION_HOME=\"$disk/home\"\n{script}"))
        .env("disk", &disk)
        .env("kusion", kusion())
        .env("cache", sandbox.home("cache"))
        .env("KUSION_CATALOG", kusion_tests::catalog())
        .current_dir(sandbox.path(""))
        .output();
    let output = output.ok().filter(|output| !matches!(output.status.code(), None | Some(1 | 99)));
    if output.is_none() {
        eprintln!("skipped: a file system cannot be mounted here");
    }
    let output = output?;
    let text = [output.stdout, output.stderr].concat();
    let text = String::from_utf8_lossy(&text).into_owned();
    assert!(output.status.success(), "{text}");
    Some(text)
}

/// Copies the project to the small disk, and makes its workspace.
const SETUP: &str = r#"
fail() { echo "$1" >&2; exit 2; }
mkdir -p "$KUSION_HOME" && ln -s "$cache" "$KUSION_HOME/cache"
cp -r project.yaml app.yaml dev "$disk" && cd "$disk/dev" || fail "no project"
"$kusion" workspace create default || fail "no workspace"
"#;

#[test]
fn a_disk_that_is_really_full_is_reported_and_survived() {
    let sandbox = Sandbox::new().with_shop();
    sandbox.run("dev", &["generate"]).success();
    let script = r#"
"$kusion" mod pull || fail "the modules cannot be kept"
dd if=/dev/zero of="$disk/ballast" bs=1k count=1000 2>/dev/null
"$kusion" apply --yes >/dev/shm/err.$$ 2>&1
code=$?
text=$(cat /dev/shm/err.$$); rm /dev/shm/err.$$
[ $code = 3 ] || fail "exit code $code: $text"
case $text in *"No space left on device"*) ;; *) fail "no clear error: $text";; esac
case $text in *"free some space"*) ;; *) fail "no hint: $text";; esac
"$kusion" release list || fail "the list cannot be read"
rm "$disk/ballast"
"$kusion" apply --yes || fail "the next run failed"
"$kusion" preview --detailed-exitcode || fail "something is left to do"
find "$disk" -name '.kusion-*' | grep . && fail "a temporary file is left"
true
"#;
    on_a_small_disk(&sandbox, &format!("{SETUP}{script}"));
}

#[test]
fn a_disk_that_cannot_be_written_can_be_read() {
    let sandbox = Sandbox::new().with_shop();
    sandbox.run("dev", &["generate"]).success();
    let script = r#"
"$kusion" apply --yes || fail "no apply"
sed -i s/shop:1/shop:2/ ../app.yaml
mount -o remount,ro "$disk" || exit 99
"$kusion" preview --detailed-exitcode
[ $? = 2 ] || fail "no preview"
"$kusion" release list || fail "the list cannot be read"
"$kusion" apply --yes >/dev/shm/err.$$ 2>&1
code=$?
text=$(cat /dev/shm/err.$$); rm /dev/shm/err.$$
[ $code = 3 ] || fail "exit code $code: $text"
case $text in *"Read-only file system"*) ;; *) fail "$text";; esac
mount -o remount,rw "$disk" || exit 99
"$kusion" apply --yes || fail "the next run failed"
"$kusion" preview --detailed-exitcode || fail "something is left to do"
"#;
    on_a_small_disk(&sandbox, &format!("{SETUP}{script}"));
}
