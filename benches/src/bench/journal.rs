//! What it costs to lose nothing: the journal's two lines for each resource, against writing the same bytes durably.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::Path;
use std::sync::Arc;

use fs_err as fs;
use kusion::backend::{Holder, LocalBackend};
use kusion::name::{ProjectName, StackName, WorkspaceName};
use kusion::release::{
    Change, Draft, Intent, Journal, Operation, Phase, ReleaseStore, StackKey, TargetRecord,
};
use kusion::spec::{Resource, ResourceId, Spec, State, StateEntry};
use kusion_benches::Failure;
use serde_json::{Value, json};

use super::{Report, Times};

/// Measures the journal on the disk that holds `folder`.
pub(crate) fn journal(folder: &Path, resources: usize, report: &mut Report) -> Result<(), Failure> {
    let folder = tempfile::tempdir_in(folder)?;
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    let [mut journal, mut floor] = <[Times; 2]>::default();
    runtime.block_on(measure(folder.path(), resources, &mut journal, &mut floor))?;
    report.section("Journal, per resource: two durable lines");
    let both = |times: &Times| format!("{:.0} / {:.0} µs", times.min() * 1e3, times.median() * 1e3);
    report.tell("floor: two appends and `fdatasync`, min / median", both(&floor));
    report.tell("`started` and `applied`, min / median", both(&journal));
    report.tell("… to the floor, medians", format!("{:.2}×", journal.median() / floor.median()));
    Ok(())
}

async fn measure(
    folder: &Path,
    count: usize,
    journal_times: &mut Times,
    floor_times: &mut Times,
) -> Result<(), Failure> {
    let stack = StackKey {
        project: ProjectName::parse("bench")?,
        workspace: WorkspaceName::parse("dev")?,
        stack: StackName::parse("dev")?,
    };
    let store = ReleaseStore::new(Arc::new(LocalBackend::new(folder.join("backend"))), stack);
    let holder = Holder {
        who: "bench".to_owned(),
        pid: std::process::id(),
        since: jiff::Timestamp::now(),
        operation: "apply".to_owned(),
    };
    let lease = store.lease(&holder).await?;
    let entries: Vec<StateEntry> = (0..count).map(entry).collect::<Result<_, _>>()?;
    let resources = entries.iter().map(|entry| (entry.resource.id.clone(), entry.resource.clone()));
    let intent = |entry: &StateEntry| Intent {
        id: entry.resource.id.clone(),
        change: Change::Create,
        adopted: false,
    };
    let draft = Draft {
        operation: Operation::Apply,
        actor: "bench".to_owned(),
        kusion_version: "0.0.0".to_owned(),
        target: TargetRecord { name: "nothing".to_owned(), id: None },
        modules: Vec::new(),
        calls: Vec::new(),
        origins: BTreeMap::new(),
        rolled_back_to: None,
        keeps_secrets: None,
        secrets: BTreeMap::new(),
        spec: Spec { resources: resources.collect() },
        prior: State::default(),
        intents: entries.iter().map(intent).collect(),
    };
    let journal = Journal::begin(store, lease, draft).await?;
    let mut log = fs::OpenOptions::new().create(true).append(true).open(folder.join("log"))?;
    for entry in entries {
        let lines = [serde_json::to_vec(&entry.resource.id)?, serde_json::to_vec(&entry)?];
        floor_times.take(|| {
            lines.iter().try_for_each(|line| {
                log.write_all(line)?;
                log.sync_data()
            })
        })?;
        let id = entry.resource.id.clone();
        let start = std::time::Instant::now();
        journal.started(&id).await?;
        journal.applied(entry).await?;
        journal_times.add(start.elapsed());
    }
    journal.finish(Phase::Succeeded).await?;
    Ok(())
}

fn entry(number: usize) -> Result<StateEntry, Failure> {
    let name = format!("config-{number:04}");
    let attributes = json!({
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": name, "namespace": "bench"},
        "data": {"key": "value".repeat(100)},
    });
    let resource = Resource {
        id: ResourceId::parse(format!("v1:ConfigMap:bench:{name}"))?,
        kind: "Kubernetes".to_owned(),
        attributes,
        depends_on: std::collections::BTreeSet::new(),
        extensions: serde_json::Map::new(),
    };
    Ok(StateEntry {
        resource,
        origin: None,
        adopted: false,
        uncertain: false,
        private: Value::Null,
    })
}
