use std::sync::Arc;

use serde_json::{Value, json};

use super::*;
use crate::backend::{Backend, BackendError, Holder, Key, Lease, LocalBackend, MemoryBackend};
use crate::diagnostic::Diagnose;
use crate::digest::Digest;
use crate::name::{ProjectName, StackName, WorkspaceName};
use crate::spec::{Origin, Resource, ResourceId, SecretRef, Spec, State, StateEntry};

pub(super) fn stack(name: &str) -> StackKey {
    StackKey {
        project: ProjectName::parse("shop").unwrap(),
        workspace: WorkspaceName::parse("dev").unwrap(),
        stack: StackName::parse(name).unwrap(),
    }
}

pub(super) fn holder() -> Holder {
    Holder {
        who: "alice@a".to_owned(),
        pid: 1,
        since: "2025-11-22T12:03:00Z".parse().unwrap(),
        operation: "apply".to_owned(),
    }
}

pub(super) fn store(backend: &MemoryBackend) -> ReleaseStore {
    ReleaseStore::new(Arc::new(backend.clone()), stack("dev"))
}

pub(super) fn id(name: &str) -> ResourceId {
    ResourceId::parse(format!("v1:ConfigMap:shop:{name}")).unwrap()
}

fn resource(name: &str, value: &str) -> Resource {
    Resource {
        id: id(name),
        kind: "Kubernetes".to_owned(),
        attributes: json!({"data": {"key": value, "nasty": "on", "octal": "0777"}}),
        depends_on: [id("base")].into(),
        extensions: serde_json::Map::new(),
    }
}

pub(super) fn entry(name: &str, value: &str) -> StateEntry {
    StateEntry {
        resource: resource(name, value),
        origin: None,
        adopted: false,
        uncertain: false,
        private: Value::Null,
    }
}

fn intent(name: &str, change: Change) -> Intent {
    Intent { id: id(name), change, adopted: false }
}

pub(super) fn state(entries: impl IntoIterator<Item = StateEntry>) -> State {
    State {
        resources: entries.into_iter().map(|entry| (entry.resource.id.clone(), entry)).collect(),
    }
}

/// A secret of each source.
fn sources() -> std::collections::BTreeMap<SecretRef, RecordedSource> {
    let named = |name: &str| SecretRef::parse(&format!("$kusion_secret.shop.db.{name}")).unwrap();
    [
        (named("drawn"), RecordedSource::Generated { length: 24, alphabet: String::new() }),
        (named("stored"), RecordedSource::External { reference: "ref://a/b".to_owned() }),
        (named("written"), RecordedSource::Literal),
    ]
    .into()
}

/// A plan with a change of each kind: `new` comes, `old` changes, `gone` goes, `kept` stays.
pub(super) fn draft() -> Draft {
    let origin: Origin =
        serde_json::from_value(json!({"app": "shop", "module": "service"})).unwrap();
    let spec = ["new", "old", "kept", "taken"].map(|name| (id(name), resource(name, "after")));
    let mut taken = intent("taken", Change::Create);
    taken.adopted = true;
    Draft {
        operation: Operation::Apply,
        actor: "alice@a".to_owned(),
        kusion_version: "0.1.0".to_owned(),
        target: TargetRecord { name: "directory `manifests/dev/dev`".to_owned(), id: None },
        modules: vec![],
        calls: vec![CallRecord {
            app: origin.app.clone(),
            accessory: String::new(),
            module: origin.module.clone(),
            digest: "sha256:0".to_owned(),
            request: json!({"config": {"big": u64::MAX, "float": 0.5, "text": "- a\n: b #c\n"}}),
            files: [("init.sql".to_owned(), Digest::of(b"create"))].into(),
        }],
        origins: [(id("new"), vec![origin])].into(),
        rolled_back_to: None,
        keeps_secrets: None,
        secrets: sources(),
        spec: Spec { resources: spec.into() },
        prior: state(["old", "gone", "kept"].map(|name| entry(name, "before"))),
        intents: vec![
            intent("new", Change::Create),
            intent("old", Change::Update),
            intent("gone", Change::Delete),
            taken,
        ],
    }
}

async fn begin(store: &ReleaseStore) -> Result<Journal, ReleaseError> {
    let lease = store.lease(&holder()).await?;
    Journal::begin(store.clone(), lease, draft()).await
}

/// Runs the plan of [`draft`] to its end, without finishing it.
async fn run(journal: &Journal) -> Result<(), ReleaseError> {
    for name in ["new", "old", "taken"] {
        journal.started(&id(name)).await?;
        let mut done = entry(name, "after");
        done.adopted = name == "taken";
        journal.applied(done).await?;
    }
    journal.started(&id("gone")).await?;
    journal.deleted(&id("gone")).await
}

#[tokio::test]
async fn a_finished_release_is_read_back_as_it_was_written() {
    let folder = tempfile::tempdir().unwrap();
    let backend: Arc<dyn Backend> = Arc::new(LocalBackend::new(folder.path()));
    let store = ReleaseStore::new(Arc::clone(&backend), stack("dev"));
    assert_eq!(store.latest_state().await.unwrap(), LatestState::default());
    let journal = begin(&store).await.unwrap();
    assert_eq!(journal.revision(), 1);
    assert_eq!(store.latest().await.unwrap().unwrap().phase, Phase::Applying);
    run(&journal).await.unwrap();
    let release = journal.finish(Phase::Succeeded).await.unwrap();
    assert_eq!(store.get(1).await.unwrap(), release);
    assert_eq!(
        release.state.resources.keys().cloned().collect::<Vec<_>>(),
        [id("kept"), id("new"), id("old"), id("taken")]
    );
    assert!(release.state.resources.values().all(|entry| !entry.uncertain));
    assert!(matches!(journal.finish(Phase::Failed).await, Err(ReleaseError::Transition { .. })));
    assert!(matches!(journal.started(&id("new")).await, Err(ReleaseError::JournalBroken { .. })));
    let keys = backend.list(&stack("dev").releases()).await.unwrap();
    assert_eq!(keys, [Key::parse("releases/shop/dev/dev/1.yaml").unwrap()]);
    drop(journal);
    let second = begin(&store).await.unwrap();
    assert_eq!((second.revision(), store.revisions().await.unwrap()), (2, vec![1, 2]));
}

#[tokio::test]
async fn stacks_are_listed_over_a_whole_backend() {
    let backend = MemoryBackend::default();
    for name in ["prod", "dev"] {
        let store = ReleaseStore::new(Arc::new(backend.clone()), stack(name));
        begin(&store).await.unwrap().finish(Phase::Succeeded).await.unwrap();
    }
    backend.overwrite(&Key::parse("releases/shop/dev/other/notes.txt").unwrap(), Some(vec![]));
    assert_eq!(ReleaseStore::stacks(&backend).await.unwrap(), [stack("dev"), stack("prod")]);
}

#[tokio::test]
async fn one_run_at_a_time_works_on_a_stack() {
    let backend = MemoryBackend::default();
    let store = store(&backend);
    let _first = begin(&store).await.unwrap();
    let error = begin(&store).await.unwrap_err();
    assert!(matches!(error, ReleaseError::Backend(BackendError::Held { .. })));
    let other = ReleaseStore::new(Arc::new(backend), stack("prod"));
    begin(&other).await.unwrap();
}

#[tokio::test]
async fn a_run_that_lost_its_lease_stops_before_its_next_write() {
    let backend = MemoryBackend::default();
    let store = store(&backend);
    let journal = begin(&store).await.unwrap();
    journal.started(&id("new")).await.unwrap();
    backend.steal(&stack("dev").releases());
    let lost = |result: Result<(), ReleaseError>| {
        matches!(result, Err(ReleaseError::Backend(BackendError::Lost { .. })))
    };
    assert!(lost(journal.started(&id("old")).await));
    assert!(lost(journal.applied(entry("new", "after")).await));
    assert!(lost(journal.finish(Phase::Succeeded).await.map(drop)));
    let lease = store.lease(&holder()).await.unwrap();
    assert_eq!(store.recover(lease.as_ref()).await.unwrap().unwrap().resources, 1);
    assert!(store.latest().await.unwrap().unwrap().state.resources[&id("new")].uncertain);
}

/// Returns where to cut a journal: after each line, and at places inside each.
fn cuts(bytes: &[u8]) -> Vec<usize> {
    let mut start = 0;
    let mut cuts = vec![0];
    for line in bytes.split_inclusive(|byte| *byte == b'\n') {
        let end = start + line.len();
        cuts.extend([start + 1, start + 17, start + line.len() / 2, end - 1, end]);
        start = end;
    }
    cuts
}

#[tokio::test]
async fn nothing_is_lost_wherever_a_run_dies() {
    let backend = MemoryBackend::default();
    let running = store(&backend);
    let journal = begin(&running).await.unwrap();
    run(&journal).await.unwrap();
    let key = stack("dev").journal(1);
    let bytes = backend.peek(&key).unwrap();
    for cut in cuts(&bytes) {
        // The journal was written in order, so a change stands in the target only if its start is whole.
        let text = String::from_utf8_lossy(&bytes[..cut]);
        let lines: Vec<&str> =
            text.split_inclusive('\n').filter(|line| line.ends_with('\n')).collect();
        let has = |event: &str, name: &str| {
            let id = format!("\"id\":\"{}\"", id(name));
            lines
                .iter()
                .any(|line| line.contains(&format!("\"event\":\"{event}\"")) && line.contains(&id))
        };
        let dead = backend.after_a_crash();
        dead.overwrite(&key, (cut > 0).then(|| bytes[..cut].to_vec()));
        let store = store(&dead);
        let seen = store.latest_state().await.unwrap();
        assert_eq!(seen.phase, Some(Phase::Applying));
        let lease = store.lease(&holder()).await.unwrap();
        let recovered = store.recover(lease.as_ref()).await.unwrap().unwrap();
        let release = store.latest().await.unwrap().unwrap();
        assert_eq!((recovered.revision, recovered.actor.as_str()), (1, "alice@a"));
        assert_eq!((release.phase, &release.state), (Phase::Failed, &seen.state), "cut at {cut}");
        let uncertain = release.state.resources.values().filter(|entry| entry.uncertain).count();
        assert_eq!(recovered.uncertain, uncertain, "cut at {cut}");
        assert_eq!(recovered.confirmed + recovered.uncertain, recovered.resources, "cut at {cut}");
        let entry = |name: &str| release.state.resources.get(&id(name));
        for name in ["new", "taken"] {
            match entry(name) {
                None => assert!(
                    !has("started", name) && !has("applied", name),
                    "{name} lost, cut at {cut}"
                ),
                Some(entry) => {
                    assert!(!entry.uncertain || !has("applied", name), "{name}, cut at {cut}");
                }
            }
        }
        if let Some(taken) = entry("taken") {
            assert!(taken.adopted, "cut at {cut}");
        }
        assert_eq!(
            entry("gone").is_none(),
            has("deleted", "gone") || cut + 1 == bytes.len(),
            "cut at {cut}"
        );
        assert!(entry("kept").is_some_and(|kept| !kept.uncertain));
        let old = &entry("old").unwrap().resource.attributes["data"]["key"];
        assert!(*old == "after" || !has("applied", "old"), "cut at {cut}");
        assert!(dead.peek(&key).is_none(), "the journal stayed");
        assert_eq!(store.recover(lease.as_ref()).await.unwrap(), None);
    }
}

#[tokio::test]
async fn a_recovery_that_dies_is_repeated() {
    let backend = MemoryBackend::default();
    let journal = begin(&store(&backend)).await.unwrap();
    run(&journal).await.unwrap();
    let mut outcomes = Vec::new();
    for writes in 0..3 {
        let dead = backend.after_a_crash();
        let store = store(&dead);
        let lease = store.lease(&holder()).await.unwrap();
        dead.fail_after(writes);
        outcomes.push(store.recover(lease.as_ref()).await.is_ok());
        dead.mend();
        store.recover(lease.as_ref()).await.unwrap();
        let release = store.latest().await.unwrap().unwrap();
        assert_eq!((release.phase, release.state), (Phase::Failed, journal.state().await));
        assert!(dead.peek(&stack("dev").journal(1)).is_none());
    }
    assert_eq!(outcomes, [false, false, true]);
}

#[tokio::test]
async fn what_a_full_disk_kept_from_the_journal_is_in_the_final_record() {
    let backend = MemoryBackend::default();
    let store = store(&backend);
    let journal = begin(&store).await.unwrap();
    journal.started(&id("new")).await.unwrap();
    backend.fail_after(0);
    assert!(journal.applied(entry("new", "after")).await.is_err());
    assert!(journal.started(&id("old")).await.is_err());
    backend.mend();
    assert!(matches!(journal.started(&id("old")).await, Err(ReleaseError::JournalBroken { .. })));
    let release = journal.finish(Phase::Failed).await.unwrap();
    assert_eq!(release.state.resources.get(&id("new")), Some(&entry("new", "after")));
    assert!(
        !release.state.resources[&id("old")].uncertain,
        "a change that never began is not uncertain"
    );
}

#[tokio::test]
async fn a_failed_change_stays_uncertain_until_it_is_settled() {
    let backend = MemoryBackend::default();
    let store = store(&backend);
    let journal = begin(&store).await.unwrap();
    for name in ["new", "old", "gone"] {
        journal.started(&id(name)).await.unwrap();
        journal.failed(&id(name), "the target said no").await.unwrap();
    }
    let uncertain = |state: &State| -> Vec<ResourceId> {
        state
            .resources
            .values()
            .filter(|entry| entry.uncertain)
            .map(|entry| entry.resource.id.clone())
            .collect()
    };
    assert_eq!(uncertain(&journal.state().await), [id("gone"), id("new"), id("old")]);
    journal.applied(entry("old", "after")).await.unwrap();
    let release = journal.finish(Phase::Failed).await.unwrap();
    assert_eq!(uncertain(&release.state), [id("gone"), id("new")]);
    assert_eq!(release.state.resources[&id("new")].origin.as_ref().unwrap().app.as_str(), "shop");
}

#[tokio::test]
async fn only_approved_changes_are_begun_and_only_after_the_last_release_ended() {
    let backend = MemoryBackend::default();
    let store = store(&backend);
    let journal = begin(&store).await.unwrap();
    let error = journal.started(&id("kept")).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "the change of `v1:ConfigMap:shop:kept` is not part of release 1"
    );
    drop(journal);
    let error = begin(&store).await.unwrap_err();
    assert_eq!(error.to_string(), "release 1 is still applying");
}

#[tokio::test]
async fn a_release_that_was_taken_back_was_never_there() {
    let backend = MemoryBackend::default();
    let store = store(&backend);
    begin(&store).await.unwrap().abandon().await.unwrap();
    assert_eq!(store.revisions().await.unwrap(), [0; 0]);
    let journal = begin(&store).await.unwrap();
    run(&journal).await.unwrap();
    assert_eq!(journal.finish(Phase::Succeeded).await.unwrap().revision, 1);
}

#[tokio::test]
async fn a_release_that_could_not_be_read_again_changes_nothing() {
    let backend = MemoryBackend::default();
    let store = store(&backend);
    let lease = store.lease(&holder()).await.unwrap();
    let mut draft = draft();
    let deep = (0..127).fold(json!(0), |inner, _| json!([inner]));
    draft.spec.resources.get_mut(&id("new")).unwrap().attributes = deep;
    let error = Journal::begin(store.clone(), lease, draft).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "release record `releases/shop/dev/dev/1.yaml` could not be read again"
    );
    assert_eq!(store.revisions().await.unwrap(), [0u64; 0]);
}

#[tokio::test]
async fn records_that_cannot_be_trusted_are_refused() {
    let backend = MemoryBackend::default();
    let store = store(&backend);
    let journal = begin(&store).await.unwrap();
    journal.finish(Phase::Succeeded).await.unwrap();
    let key = stack("dev").record(1);
    let good = String::from_utf8(backend.peek(&key).unwrap()).unwrap();
    let cases = [
        (
            "formatVersion: 2\nphase: {something: new}\n".to_owned(),
            "release 1 was written by a newer kusion",
        ),
        (
            good.replace("formatVersion: 1\n", ""),
            "record `releases/shop/dev/dev/1.yaml` has no `formatVersion`",
        ),
        (
            good.replace("revision: 1\n", "revision: 2\n"),
            "record `releases/shop/dev/dev/1.yaml` holds release 2 of shop/dev in workspace dev",
        ),
        (
            good.replace("phase: succeeded", "phase: done"),
            "record `releases/shop/dev/dev/1.yaml` is damaged",
        ),
        (good[..good.len() / 2].to_owned(), "record `releases/shop/dev/dev/1.yaml` is damaged"),
        ("{".to_owned(), "record `releases/shop/dev/dev/1.yaml` is damaged"),
    ];
    for (text, message) in cases {
        assert_ne!(text, good);
        backend.overwrite(&key, Some(text.into_bytes()));
        let error = store.latest().await.unwrap_err();
        assert_eq!(error.to_string(), message);
        assert!(!error.hints().is_empty());
    }
    backend.overwrite(
        &key,
        Some(good.replace("formatVersion: 1\n", "formatVersion: 1\nunknown: [field]\n").into()),
    );
    assert_eq!(store.latest().await.unwrap().unwrap().phase, Phase::Succeeded);
    let error = store.get(7).await.unwrap_err();
    assert_eq!(error.to_string(), "shop/dev in workspace dev has no release 7");
    assert_eq!(error.hints(), ["the newest release is 1"]);
}

#[tokio::test]
async fn a_damaged_journal_is_not_guessed_over() {
    let backend = MemoryBackend::default();
    let store = store(&backend);
    let journal = begin(&store).await.unwrap();
    run(&journal).await.unwrap();
    drop(journal);
    let key = stack("dev").journal(1);
    let mut bytes = backend.peek(&key).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    backend.overwrite(&key, Some(bytes.clone()));
    let lease = store.lease(&holder()).await.unwrap();
    assert!(matches!(
        store.recover(lease.as_ref()).await,
        Err(ReleaseError::JournalDamaged { .. })
    ));
    assert!(matches!(store.latest_state().await, Err(ReleaseError::JournalDamaged { .. })));
    assert_eq!(backend.peek(&key), Some(bytes), "the journal was touched");
}

#[tokio::test]
async fn the_journal_of_a_finished_release_is_left_over_and_goes() {
    let backend = MemoryBackend::default();
    let store = store(&backend);
    let journal = begin(&store).await.unwrap();
    let key = stack("dev").journal(1);
    let bytes = backend.peek(&key).unwrap();
    journal.finish(Phase::Succeeded).await.unwrap();
    drop(journal);
    backend.overwrite(&key, Some(bytes));
    let lease: Arc<dyn Lease> = store.lease(&holder()).await.unwrap();
    assert_eq!(store.recover(lease.as_ref()).await.unwrap(), None);
    assert!(backend.peek(&key).is_none());
}

#[tokio::test]
async fn a_journal_of_a_newer_kusion_is_refused() {
    let backend = MemoryBackend::default();
    let store = store(&backend);
    drop(begin(&store).await.unwrap());
    let key = stack("dev").journal(1);
    let content = "0 {\"event\":\"begun\",\"formatVersion\":2}";
    let sum = blake3::hash(content.as_bytes()).to_hex().to_string();
    backend.overwrite(&key, Some(format!("{} {content}\n", &sum[..16]).into_bytes()));
    let error = store.latest_state().await.unwrap_err();
    assert_eq!(error.to_string(), "release 1 was written by a newer kusion");
    assert_eq!(error.hints(), ["upgrade kusion"]);
    let lease = store.lease(&holder()).await.unwrap();
    assert!(matches!(store.recover(lease.as_ref()).await, Err(ReleaseError::Newer { .. })));
    assert!(backend.peek(&key).is_some());
}

#[tokio::test]
async fn a_record_from_before_sources_were_kept_is_read() {
    let backend = MemoryBackend::default();
    let store = store(&backend);
    begin(&store).await.unwrap().finish(Phase::Succeeded).await.unwrap();
    assert_eq!(store.get(1).await.unwrap().secrets, Some(sources()));
    let key = stack("dev").record(1);
    let text = String::from_utf8(backend.peek(&key).unwrap()).unwrap();
    let (before, rest) = text.split_once("secrets:\n").unwrap();
    let (_, after) = rest.split_once("\nspec:").unwrap();
    backend.overwrite(&key, Some(format!("{before}spec:{after}").into_bytes()));
    assert_eq!(store.get(1).await.unwrap().secrets, None);
}

/// Makes releases that end so, numbered from 1.
async fn releases(store: &ReleaseStore, phases: &[Phase]) {
    for phase in phases {
        begin(store).await.unwrap().finish(*phase).await.unwrap();
    }
}

#[tokio::test]
async fn old_releases_go_and_the_last_good_one_stays() {
    use Phase::{Failed, Succeeded};
    for (phases, keep, left) in [
        (&[Succeeded; 5][..], 2, &[4, 5][..]),
        (&[Succeeded; 2], 2, &[1, 2]),
        (&[Succeeded, Succeeded, Failed, Failed, Failed], 1, &[2, 5]),
        (&[Failed; 4], 3, &[2, 3, 4]),
        (&[Failed; 4], 1, &[4]),
    ] {
        let backend = MemoryBackend::default();
        let store = store(&backend);
        releases(&store, phases).await;
        let lease = store.lease(&holder()).await.unwrap();
        let keep = std::num::NonZeroUsize::new(keep).unwrap();
        let pruned = store.prune(lease.as_ref(), keep).await.unwrap();
        assert_eq!(store.revisions().await.unwrap(), left, "{phases:?}");
        assert_eq!(pruned.len() + left.len(), phases.len());
        assert_eq!(store.prune(lease.as_ref(), keep).await.unwrap(), [0u64; 0]);
        drop(lease);
        assert_eq!(begin(&store).await.unwrap().revision(), phases.len() as u64 + 1);
    }
}

#[tokio::test]
async fn a_pruning_that_dies_leaves_no_gap_and_needs_the_lease() {
    let backend = MemoryBackend::default();
    releases(&store(&backend), &[Phase::Succeeded; 6]).await;
    let keep = std::num::NonZeroUsize::new(2).unwrap();
    for writes in 0..5 {
        let dead = backend.after_a_crash();
        let store = store(&dead);
        let lease = store.lease(&holder()).await.unwrap();
        dead.fail_after(writes);
        assert_eq!(store.prune(lease.as_ref(), keep).await.is_ok(), writes >= 4);
        dead.mend();
        let first = writes.min(4) + 1;
        assert_eq!(store.revisions().await.unwrap(), (first..=6).collect::<Vec<_>>());
        dead.steal(&stack("dev").releases());
        let lost = store.prune(lease.as_ref(), keep).await;
        assert_eq!(lost.is_err(), writes < 4);
        let lease = store.lease(&holder()).await.unwrap();
        store.prune(lease.as_ref(), keep).await.unwrap();
        assert_eq!(store.revisions().await.unwrap(), [5, 6]);
    }
}

#[tokio::test]
async fn a_release_whose_journal_is_there_is_not_pruned() {
    let backend = MemoryBackend::default();
    let store = store(&backend);
    releases(&store, &[Phase::Succeeded; 4]).await;
    backend.overwrite(&stack("dev").journal(2), Some(Vec::new()));
    let lease = store.lease(&holder()).await.unwrap();
    let keep = std::num::NonZeroUsize::MIN;
    assert_eq!(store.prune(lease.as_ref(), keep).await.unwrap(), [1, 3]);
    assert_eq!(store.revisions().await.unwrap(), [2, 4]);
}

#[tokio::test]
async fn a_damaged_record_does_not_hide_the_others() {
    let backend = MemoryBackend::default();
    let store = store(&backend);
    releases(&store, &[Phase::Succeeded; 3]).await;
    backend.overwrite(&stack("dev").record(2), Some(b"{".to_vec()));
    let seen = store.each(|number, read| (number, read.is_ok())).await.unwrap();
    assert_eq!(seen, [(1, true), (2, false), (3, true)]);
}

#[tokio::test]
async fn a_release_that_failed_is_marked_once_all_is_as_it_says() {
    let backend = MemoryBackend::default();
    let store = store(&backend);
    let journal = begin(&store).await.unwrap();
    run(&journal).await.unwrap();
    journal.finish(Phase::Failed).await.unwrap();
    drop(journal);
    let lease = store.lease(&holder()).await.unwrap();
    let here = store.latest().await.unwrap().unwrap().went_to();
    let mark_in = async |spec: &Spec, target: &TargetRecord| {
        store.mark_reached(lease.as_ref(), spec, target).await.unwrap()
    };
    let mark = async |spec: &Spec| mark_in(spec, &here).await;
    let elsewhere = TargetRecord { name: "elsewhere".to_owned(), id: None };
    assert_eq!(mark_in(&draft().spec, &elsewhere).await, None);
    // What is so now is not what that release was for.
    assert_eq!(mark(&Spec::default()).await, None);
    assert_eq!(store.latest().await.unwrap().unwrap().phase, Phase::Failed);
    assert_eq!(mark(&draft().spec).await, Some(1));
    assert_eq!(store.latest().await.unwrap().unwrap().phase, Phase::Succeeded);
    assert_eq!(mark(&draft().spec).await, None);
}
