//! What must hold after a run that died, and after the next one.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::{Debug, Display};
use std::sync::Arc;

use kusion::backend::LocalBackend;
use kusion::name::{ProjectName, StackName, WorkspaceName};
use kusion::release::{Phase, Release, ReleaseStore, StackKey};
use kusion_tests::{Sandbox, difference};

use super::story::{Goal, Manifests, Story, manifests, names, passwords, without_passwords};

const MARKER: &str = "# Managed by kusion: ";

/// What is on record.
pub(super) struct Record {
    pub(super) releases: Vec<Release>,
    /// The ids of the resources in the latest state, with what the journal says.
    pub(super) resources: BTreeSet<String>,
}

/// Reads the records as the library does.
pub(super) fn record(sandbox: &Sandbox) -> Result<Record, String> {
    let stack = StackKey {
        project: ProjectName::parse("shop").unwrap(),
        workspace: WorkspaceName::parse("default").unwrap(),
        stack: StackName::parse("dev").unwrap(),
    };
    let store = ReleaseStore::new(Arc::new(LocalBackend::new(sandbox.home(""))), stack);
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(async {
        let damaged = |error| format!("a record is damaged: {error}");
        let mut releases = Vec::new();
        for revision in store.revisions().await.map_err(damaged)? {
            releases.push(store.get(revision).await.map_err(damaged)?);
        }
        let latest = store.latest_state().await.map_err(damaged)?;
        let resources = latest.state.resources.keys().map(ToString::to_string).collect();
        Ok(Record { releases, resources })
    })
}

/// Returns the ids of the resources in the target that carry our marker.
fn resources(manifests: &Manifests) -> BTreeSet<String> {
    let id = |text: &String| {
        let marker = text.lines().next()?.strip_prefix(MARKER)?;
        Some(marker.rsplit_once(" id=")?.1.to_owned())
    };
    // A file that was being written is none yet.
    let whole = manifests.iter().filter(|(name, _)| !name.contains("/.kusion-"));
    whole.filter_map(|(_, text)| id(text)).collect()
}

pub(super) fn equal<T: PartialEq + Debug>(
    what: &str,
    found: &T,
    expected: &T,
) -> Result<(), String> {
    if found == expected {
        return Ok(());
    }
    let texts = [expected, found].map(|value| format!("{value:#?}\n"));
    let [expected, found] = &texts;
    Err(format!("{what}\n{}", difference(expected, found).unwrap_or_default()))
}

/// Names what is missing and what should not be there, and shows how the others differ.
fn same_manifests(found: &Manifests, expected: &Manifests) -> Result<(), String> {
    equal(
        "the files of the target",
        &found.keys().collect(),
        &expected.keys().collect::<BTreeSet<_>>(),
    )?;
    for (name, text) in expected {
        if let Some(difference) = difference(text, &found[name]) {
            return Err(format!("{name} in the target\n{difference}"));
        }
    }
    Ok(())
}

pub(super) fn holds(what: impl Display, condition: bool) -> Result<(), String> {
    if condition { Ok(()) } else { Err(what.to_string()) }
}

/// What a dead run left in the target.
pub(super) struct Wreck {
    manifests: Manifests,
}

/// Checks what holds at once after a run died: all is readable, and what exists is on record.
pub(super) fn after_crash(sandbox: &Sandbox) -> Result<Wreck, String> {
    let list = sandbox.run("dev", &["release", "list"]);
    let is_sound = list.code == Some(0) && !list.stderr.contains("warning");
    holds(format_args!("`release list` after the crash: {list}"), is_sound)?;
    let manifests = manifests(sandbox);
    let record = record(sandbox)?;
    check_releases(&record, false)?;
    let lost: Vec<_> = resources(&manifests).difference(&record.resources).cloned().collect();
    holds(format_args!("in the target and not on record: {lost:?}"), lost.is_empty())?;
    Ok(Wreck { manifests })
}

/// Checks what holds after the run that followed.
pub(super) fn converged(
    sandbox: &Sandbox,
    story: &Story,
    goal: Goal,
    wreck: &Wreck,
) -> Result<(), String> {
    let found = manifests(sandbox);
    same_manifests(&without_passwords(&found), &story.made[&goal])?;
    let kept = passwords(&found);
    for (name, password) in passwords(&wreck.manifests) {
        let now = kept.get(&name);
        holds(
            format_args!("the password in {name} changed"),
            now.is_none_or(|now| *now == password),
        )?;
    }
    let record = record(sandbox)?;
    check_releases(&record, true)?;
    equal("the resources on record", &record.resources, &resources(&found))?;
    let strange: Vec<_> = names(sandbox).difference(&story.names).cloned().collect();
    holds(format_args!("left behind: {strange:?}"), strange.is_empty())?;
    let again = match goal {
        Goal::Gone => {
            let vault = sandbox.home("secrets/shop/default/dev.age");
            holds("the secrets of a stack that is gone are kept", !vault.exists())?;
            sandbox.run("dev", &["destroy", "--yes"])
        }
        _ => sandbox.run("dev", &["preview", "--detailed-exitcode"]),
    };
    holds(format_args!("there is more to do: {again}"), again.code == Some(0))?;
    let releases = self::record(sandbox)?.releases.len();
    equal("the number of releases", &releases, &record.releases.len())
}

/// Checks that releases count up without a gap, and that none is open but perhaps the last.
fn check_releases(record: &Record, all_closed: bool) -> Result<(), String> {
    let revisions: Vec<u64> = record.releases.iter().map(|release| release.revision).collect();
    let first = revisions.first().copied().unwrap_or(1);
    let expected: Vec<u64> = (first..).take(revisions.len()).collect();
    equal("the numbers of the releases", &revisions, &expected)?;
    let open: BTreeMap<u64, Phase> = record
        .releases
        .iter()
        .map(|release| (release.revision, release.phase))
        .filter(|(revision, phase)| {
            !phase.is_finished() && (all_closed || Some(revision) != revisions.last())
        })
        .collect();
    holds(format_args!("open releases: {open:?}"), open.is_empty())
}
