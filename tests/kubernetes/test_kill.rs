//! Runs that are killed while they talk to the server, and the runs that follow.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::sleep;
use std::time::Duration;

use kusion::backend::LocalBackend;
use kusion::name::{ProjectName, StackName, WorkspaceName};
use kusion::release::{ReleaseStore, StackKey};
use kusion_cluster::{Fault, Proxy, Request, Rule};
use serde_json::Value;

use super::stage::Stage;
use crate::crash::seeds::{Random, each_seed};

/// How many lives of a stack are told, with a death in each of the [`STEPS`].
const LIVES: u64 = 13;
/// In how many runs at least the process must die.
const DEADLY: usize = 48;
/// The requests that change nothing.
const DRY_RUN: &str = "dryRun=All";

/// What a step of a life wants: how it is commanded, the image, whether there is a network, the secrets.
struct Step {
    title: &'static str,
    command: &'static str,
    image: &'static str,
    network: bool,
    secrets: &'static [&'static str],
}

const STEPS: [Step; 4] = [
    Step {
        title: "first apply",
        command: "apply",
        image: "shop:1",
        network: true,
        secrets: &["a"],
    },
    Step {
        title: "update",
        command: "apply",
        image: "shop:2",
        network: true,
        secrets: &["a", "b"],
    },
    Step { title: "prune", command: "apply", image: "shop:2", network: false, secrets: &["b"] },
    Step { title: "destroy", command: "destroy", image: "shop:2", network: false, secrets: &[] },
];

impl Step {
    fn write(&self, stage: &Stage) {
        let network =
            if self.network { "accessories: {network: {ports: [{port: 80}]}}\n" } else { "" };
        let secrets: String = self
            .secrets
            .iter()
            .map(|name| {
                format!(
                    "    {name}: {{type: opaque, data: {{key: \"{name} of {}\"}}}}\n",
                    self.image
                )
            })
            .collect();
        let secrets = if secrets.is_empty() { secrets } else { format!("  secrets:\n{secrets}") };
        stage.sandbox.write(
            "app.yaml",
            &format!(
                "workload:\n  module: service\n  replicas: 0\n  containers: {{main: {{image: \"{}\"}}}}\n{secrets}{network}",
                self.image
            ),
        );
    }

    /// The method of HTTP by which it changes something.
    fn verb(&self) -> &'static str {
        if self.command == "destroy" { "DELETE" } else { "PATCH" }
    }

    fn is_change(&self, request: &Request) -> bool {
        request.verb == self.verb() && !request.target.contains(DRY_RUN)
    }

    fn arguments(&self) -> Vec<&'static str> {
        match self.command {
            "apply" => vec!["apply", "--yes", "--no-wait"],
            command => vec![command, "--yes"],
        }
    }
}

/// A stage whose namespace is there already, so that nobody waits for its end.
fn stage(proxy: &Proxy) -> Stage {
    let stage = Stage::new().through(proxy);
    let _ = stage.cluster.kubectl(&["create", "namespace", &stage.project]).expect_ok();
    stage
}

/// Names the objects on the server that say that they are the stack's; the project is left out of the names.
fn live(stage: &Stage) -> BTreeSet<String> {
    let kinds = ["get", "deployments,services,secrets", "--output=json"];
    let list: Value = serde_json::from_str(&stage.kubectl(&kinds)).unwrap();
    let ours = list["items"].as_array().unwrap().iter().filter(|object| {
        let metadata = &object["metadata"];
        metadata["annotations"]["kusion.io/project"] == stage.project.as_str()
            && metadata["labels"]["applyset.kubernetes.io/id"].is_null()
    });
    ours.map(|object| {
        let part = |value: &Value| value.as_str().unwrap().to_owned();
        format!("{}:{}", part(&object["kind"]), part(&object["metadata"]["name"]))
            .replace(&stage.project, "[p]")
    })
    .collect()
}

/// What is on record: the objects of the latest state but the namespace, and the releases that were not ended.
fn record(stage: &Stage) -> Result<(BTreeSet<String>, Vec<u64>), String> {
    let key = StackKey {
        project: ProjectName::parse(stage.project.as_str()).unwrap(),
        workspace: WorkspaceName::parse("other").unwrap(),
        stack: StackName::parse("dev").unwrap(),
    };
    let store = ReleaseStore::new(Arc::new(LocalBackend::new(stage.sandbox.home(""))), key);
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(async {
        let damaged = |error| format!("a record is damaged: {error}");
        let mut open = Vec::new();
        for revision in store.revisions().await.map_err(damaged)? {
            if !store.get(revision).await.map_err(damaged)?.phase.is_finished() {
                open.push(revision);
            }
        }
        let state = store.latest_state().await.map_err(damaged)?.state;
        let name = |id: &str| {
            let parts: Vec<&str> = id.split(':').collect();
            let (kind, name) = (parts.iter().rev().nth(2)?, parts.last()?);
            Some(format!("{kind}:{name}").replace(&stage.project, "[p]"))
        };
        let ids = state.resources.keys().map(|id| id.as_str());
        let recorded = ids.filter(|id| !id.starts_with("v1:Namespace:")).filter_map(name);
        Ok((recorded.collect(), open))
    })
}

/// The life of a stack that nobody kills: what is there after each step, and how many requests each takes, of
/// which how many change something.
struct Undisturbed {
    live: BTreeSet<String>,
    requests: usize,
    changes: usize,
}

fn undisturbed() -> &'static [Undisturbed] {
    static LIFE: OnceLock<Vec<Undisturbed>> = OnceLock::new();
    LIFE.get_or_init(|| {
        let proxy = kusion_cluster::Cluster::shared().proxy();
        let stage = stage(&proxy);
        STEPS
            .iter()
            .map(|step| {
                step.write(&stage);
                proxy.forget();
                stage.run(&step.arguments()).success();
                let requests = proxy.requests();
                let changes = requests.iter().filter(|request| step.is_change(request)).count();
                Undisturbed { live: live(&stage), requests: requests.len(), changes }
            })
            .collect()
    })
}

/// Kills a run when the request of a number is on its way, or was answered and nobody heard of it. Returns whether
/// it came to that, and what was done.
fn kill(stage: &Stage, proxy: &Proxy, number: usize, random: &mut Random) -> (bool, String) {
    let step = &STEPS[number];
    let whole = &undisturbed()[number];
    let fault = random.one_of(&[Fault::SilentBefore, Fault::SilentAfter, Fault::SilentAfter]);
    // Mostly where something changes.
    let (rule, at) = if random.below(4) == 0 {
        let at = random.below(whole.requests);
        (Rule::always(fault).after(at), format!("request {at} of {}", whole.requests))
    } else {
        let at = random.below(whole.changes);
        let verb = step.verb();
        (
            Rule::always(fault).verb(verb).but(DRY_RUN).after(at),
            format!("{verb} {at} of {}", whole.changes),
        )
    };
    proxy.forget();
    proxy.inject(rule);
    let mut arguments = step.arguments();
    if random.below(2) == 0 {
        arguments.extend(["--parallelism", "1"]);
    }
    let mut running = stage.sandbox.start("dev", &arguments);
    let met = || {
        let requests = proxy.requests();
        let met = requests.into_iter().find(|request| request.fault.is_some())?;
        (fault == Fault::SilentBefore || met.status.is_some()).then_some(met)
    };
    let request = loop {
        if let Some(request) = met() {
            // Others are on their way too.
            sleep(Duration::from_millis(random.below(3) as u64 * 10));
            running.signal("-KILL");
            break Some(request);
        }
        if running.has_ended() {
            break None;
        }
        sleep(Duration::from_millis(2));
    };
    let output = running.end(&stage.sandbox);
    proxy.heal();
    let where_ = request
        .as_ref()
        .map_or_else(String::new, |request| format!(" ({} {})", request.verb, request.target));
    (
        request.is_some(),
        format!("\n  {} {fault:?} at {at}{where_}: exit {:?}", step.title, output.code),
    )
}

fn holds(what: impl FnOnce() -> String, condition: bool) -> Result<(), String> {
    if condition { Ok(()) } else { Err(what()) }
}

/// Tells the life of a stack in which every step is killed on its way, some twice, and done again.
fn live_and_die(seed: u64, deaths: &AtomicUsize) -> Result<bool, String> {
    let mut random = Random::new(seed);
    let proxy = kusion_cluster::Cluster::shared().proxy();
    let stage = stage(&proxy);
    let mut history = String::new();
    let mut met = false;
    for (number, step) in STEPS.iter().enumerate() {
        step.write(&stage);
        for _ in 0..random.one_of(&[1, 1, 1, 2]) {
            let (died, told) = kill(&stage, &proxy, number, &mut random);
            history.push_str(&told);
            deaths.fetch_add(usize::from(died), Ordering::Relaxed);
            met |= died;
            // Nothing that is there may be missing on record.
            let (recorded, _) = record(&stage).map_err(|error| format!("{history}\n{error}"))?;
            let lost: Vec<String> = live(&stage).difference(&recorded).cloned().collect();
            holds(|| format!("{history}\nnot on record: {lost:?}"), lost.is_empty())?;
        }
        let output = stage.run(&step.arguments());
        holds(|| format!("{history}\nthe next run: {output}"), output.code == Some(0))?;
        let (found, expected) = (live(&stage), &undisturbed()[number].live);
        holds(
            || format!("{history}\nthere is {found:?}, and not {expected:?}"),
            found == *expected,
        )?;
        let (recorded, open) = record(&stage).map_err(|error| format!("{history}\n{error}"))?;
        holds(
            || format!("{history}\non record is {recorded:?}, and not {expected:?}"),
            recorded == *expected,
        )?;
        holds(|| format!("{history}\nreleases were not ended: {open:?}"), open.is_empty())?;
    }
    let again = stage.run(&["destroy", "--yes"]);
    holds(|| format!("{history}\n{again}"), again.stdout.contains("Nothing to do"))?;
    let delete = ["delete", "namespace", &stage.project, "--wait=false"];
    let _ = stage.cluster.kubectl(&delete).expect_ok();
    Ok(met)
}

#[test]
fn a_namespace_that_was_made_before_anything_else_is_on_record() {
    let proxy = kusion_cluster::Cluster::shared().proxy();
    let stage = Stage::new().through(&proxy);
    proxy.inject(Rule::always(Fault::SilentBefore).verb("POST").to("/leases"));
    let mut running = stage.sandbox.start("dev", &["apply", "--yes"]);
    while proxy.requests().iter().all(|request| request.fault.is_none()) {
        assert!(!running.has_ended(), "{}", running.end(&stage.sandbox));
        sleep(Duration::from_millis(5));
    }
    running.signal("-KILL");
    assert_eq!(running.end(&stage.sandbox).code, None);
    proxy.heal();
    assert!(stage.cluster.object("namespace", "", &stage.project).is_some());
    stage.run(&["destroy", "--yes"]).success();
    assert!(stage.cluster.object("namespace", "", &stage.project).is_none());
}

#[test]
fn a_killed_run_loses_nothing_of_what_the_server_has_and_the_next_one_goes_on() {
    let test = "kubernetes::test_kill::a_killed_run_loses_nothing_of_what_the_server_has_and_the_next_one_goes_on";
    let deaths = AtomicUsize::new(0);
    if each_seed(test, LIVES, |seed| live_and_die(seed, &deaths)).is_some() {
        let deaths = deaths.into_inner();
        assert!(deaths >= DEADLY, "{deaths} runs died");
    }
}
