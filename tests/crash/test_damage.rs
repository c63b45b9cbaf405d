//! Files that something else cut off or overwrote: each is named in a clear error, or made good; nothing
//! else changes meanwhile, and the next run works once the file is mended.

use std::collections::BTreeMap;
use std::path::PathBuf;

use fs_err as fs;
use kusion_faults::Fault;
use kusion_tests::{Output, Sandbox, can_trace};

use super::story::{Goal, Manifests, Policy, ask_for, manifests, reach, stories};

/// What happens to a file.
#[derive(Debug, Clone, Copy)]
enum Damage {
    Empty,
    Half,
    Garbage,
    /// Well-formed, but of another shape.
    Foreign,
    Removed,
}

const DAMAGES: [Damage; 5] =
    [Damage::Empty, Damage::Half, Damage::Garbage, Damage::Foreign, Damage::Removed];

fn damage(path: &PathBuf, damage: Damage) {
    let bytes = fs::read(path).unwrap();
    match damage {
        Damage::Empty => fs::write(path, b"").unwrap(),
        Damage::Half => fs::write(path, &bytes[..bytes.len() / 2]).unwrap(),
        Damage::Garbage => fs::write(path, b"\x00\xff\xfe{[: \n- :\n").unwrap(),
        Damage::Foreign => fs::write(path, b"[1, 2, 3]\n").unwrap(),
        Damage::Removed => fs::remove_file(path).unwrap(),
    }
}

/// A sandbox after the first two steps, whose configuration asks for another goal.
fn settled() -> Sandbox {
    let sandbox = stories()[0].steps[2].before.copy();
    ask_for(&sandbox, Policy::Plain, Goal::Third);
    sandbox.run("", &["config", "set", "workspace", "default"]).success();
    sandbox
}

/// Everything that must not be lost: the manifests, and the records without our own locks.
fn valuables(sandbox: &Sandbox) -> (Manifests, BTreeMap<PathBuf, Vec<u8>>) {
    let ours = |path: &PathBuf| {
        path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'))
    };
    let records = ["../home/releases", "../home/secrets", "../home/workspaces"];
    let files = records.iter().flat_map(|folder| sandbox.files(folder));
    let files = files.filter(|(path, _)| !ours(path)).map(|(path, (bytes, _))| (path, bytes));
    let mut manifests = manifests(sandbox);
    // What a killed run left half-written is swept by whoever comes next.
    manifests.retain(|path, _| !ours(&PathBuf::from(path)));
    (manifests, files.collect())
}

/// Damages a file in every way. Each time either the apply works as if nothing was, or it fails, says one of
/// `said` and changes nothing; and with the file mended the next one works.
fn each_damage(name: &str, said: &[&str]) {
    for kind in DAMAGES {
        let sandbox = settled();
        let path = sandbox.root().join(name);
        let (sound, rights) =
            (fs::read(&path).unwrap(), fs::metadata(&path).unwrap().permissions());
        damage(&path, kind);
        let before = valuables(&sandbox);
        let output = sandbox.run("dev", &["apply", "--yes"]);
        let context = format!("{name} {kind:?}: {output}");
        assert!(output.code.is_some_and(|code| code != 70), "{context}");
        assert!(!output.stderr.contains("panicked"), "{context}");
        if output.code != Some(0) {
            assert!(said.iter().any(|said| output.stderr.contains(said)), "{context}");
            assert_eq!(valuables(&sandbox), before, "{context}");
            fs::write(&path, sound).unwrap();
            fs::set_permissions(&path, rights).unwrap();
            sandbox.run("dev", &["apply", "--yes"]).success();
        }
        let settled = sandbox.run("dev", &["preview", "--detailed-exitcode"]);
        assert_eq!(settled.code, Some(0), "{context}\n{settled}");
        assert_eq!(manifests(&sandbox).len(), stories()[0].made[&Goal::Third].len(), "{context}");
    }
}

#[test]
fn a_damaged_release_is_named() {
    each_damage("home/releases/shop/default/dev/2.yaml", &["releases/shop/default/dev/2.yaml"]);
}

#[test]
fn a_damaged_lease_file_is_made_anew() {
    each_damage("home/releases/shop/default/.dev.lease", &[]);
    each_damage("home/releases/shop/default/.dev.lock", &[]);
    each_damage("home/releases/shop/default/dev/.lock", &[]);
}

#[test]
fn a_damaged_vault_is_named_and_no_secret_is_made_anew() {
    each_damage("home/secrets/shop/default/dev.age", &["secrets/shop/default/dev.age"]);
}

#[test]
fn a_damaged_key_is_named_and_no_secret_is_made_anew() {
    each_damage("home/key.txt", &["key.txt"]);
}

#[test]
fn damaged_settings_are_named() {
    each_damage("home/config.yaml", &["config.yaml"]);
}

#[test]
fn a_damaged_workspace_is_named() {
    each_damage("home/workspaces/default.yaml", &["default.yaml", "workspace `default`"]);
}

#[test]
fn a_damaged_manifest_is_written_again() {
    let name = "apps+v1_Deployment_shop_shop-dev-shop.yaml";
    each_damage(&format!("work/manifests/default/dev/{name}"), &[]);
}

#[test]
fn a_manifest_that_lost_its_marker_is_ours_by_the_record() {
    each_damage("work/manifests/default/dev/v1_Namespace_shop.yaml", &[]);
}

/// Leaves the journal of a run that died in the middle of its changes. How many lines are written at once depends on
/// the moment, so the middle is searched.
fn interrupted() -> (Sandbox, PathBuf) {
    let step = &stories()[0].steps[1];
    let died = |point| {
        let sandbox = step.before.copy();
        let died = sandbox.run_with(Some(Fault::KillBefore(point)), "dev", step.goal.command()).hit;
        let journal = sandbox.home("releases/shop/default/dev/2.journal");
        let lines = fs::read(&journal).unwrap_or_default();
        let lines = lines.iter().filter(|byte| **byte == b'\n').count();
        (died && lines > 3).then_some((sandbox, journal))
    };
    (step.points / 3..=step.points * 2 / 3).rev().step_by(3).find_map(died).unwrap()
}

fn recovered(sandbox: &Sandbox) -> Output {
    let output = reach(sandbox, Policy::Plain, Goal::Second).success();
    let settled = sandbox.run("dev", &["preview", "--detailed-exitcode"]);
    assert_eq!(settled.code, Some(0), "{settled}");
    output
}

#[test]
fn a_journal_that_is_cut_off_at_any_byte_is_recovered() {
    if !can_trace() {
        return;
    }
    let (sandbox, journal) = interrupted();
    let whole = fs::read(&journal).unwrap();
    let last_line = whole[..whole.len() - 1].iter().rposition(|byte| *byte == b'\n').unwrap() + 1;
    for length in (last_line..whole.len()).step_by(7) {
        let copy = sandbox.copy();
        fs::write(copy.home("releases/shop/default/dev/2.journal"), &whole[..length]).unwrap();
        let output = recovered(&copy);
        assert!(output.stderr.contains("ecovered"), "{length}: {output}");
    }
}

#[test]
fn a_journal_that_is_damaged_in_the_middle_is_named() {
    if !can_trace() {
        return;
    }
    let (sandbox, journal) = interrupted();
    let whole = fs::read(&journal).unwrap();
    let mut altered = whole.clone();
    let place = whole.iter().position(|byte| *byte == b'\n').unwrap() / 2;
    altered[place] ^= 1;
    fs::write(&journal, &altered).unwrap();
    let before = valuables(&sandbox);
    let output = sandbox.run("dev", &["apply", "--yes"]);
    assert_ne!(output.code, Some(0), "{output}");
    assert!(output.stderr.contains("releases/shop/default/dev/2.journal"), "{output}");
    assert_eq!(valuables(&sandbox), before);
    fs::write(&journal, &whole).unwrap();
    recovered(&sandbox);
}
