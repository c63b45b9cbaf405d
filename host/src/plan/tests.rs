//! Plans from whole inputs.

use std::time::Instant;

use serde_json::{Map, Value, json};

use super::*;
use crate::name::{AppName, ModuleName};
use crate::spec::{Editor, Grade, Note, NoteKind, Resource, StateEntry};

fn id(text: &str) -> ResourceId {
    ResourceId::parse(text).unwrap()
}

fn resource(name: &str, depends_on: &[&str], attributes: Value) -> Resource {
    Resource {
        id: id(name),
        kind: "Kubernetes".to_owned(),
        attributes,
        depends_on: depends_on.iter().map(|name| id(name)).collect(),
        extensions: Map::new(),
    }
}

fn entry(resource: Resource) -> StateEntry {
    StateEntry { resource, origin: None, adopted: false, uncertain: false, private: Value::Null }
}

fn spec(resources: Vec<Resource>) -> Spec {
    Spec { resources: resources.into_iter().map(|r| (r.id.clone(), r)).collect() }
}

fn state(entries: Vec<StateEntry>) -> State {
    State { resources: entries.into_iter().map(|e| (e.resource.id.clone(), e)).collect() }
}

fn live(attributes: Value) -> Observed {
    Observed { live: Some(attributes), ..Observed::default() }
}

/// What happens to one resource that shall be `{"a": 1, "b": 1}`.
fn judge(prior: Option<StateEntry>, observed: Observed) -> (Action, Option<Reason>) {
    let spec = spec(vec![resource("r", &[], json!({"a": 1, "b": 1}))]);
    let state = state(prior.into_iter().collect());
    let plan = Plan::between(&spec, &state, &[(id("r"), observed)].into(), &BTreeMap::new());
    (plan.steps[0].action, plan.steps[0].reason)
}

#[test]
fn desired_recorded_and_live_decide_what_happens_and_why() {
    let recorded = |attributes: Value| Some(entry(resource("r", &[], attributes)));
    let same = || json!({"a": 1, "b": 1});
    let uncertain =
        |prior: Option<StateEntry>| prior.map(|prior| StateEntry { uncertain: true, ..prior });
    let absent = Observed::default;
    let foreign = Observed { foreign: true, ..live(same()) };
    let replace = Observed { replace: true, ..live(json!({"a": 2, "b": 1})) };
    let secret = Observed { secrets_changed: true, ..live(same()) };
    let unread = Observed { unread: vec!["/a".to_owned()], ..live(same()) };
    let hidden = Observed { sensitive: vec!["/a".to_owned()], ..live(json!({"a": 2, "b": 1})) };
    let defaulted = Observed {
        planned: Some(json!({"a": 1, "b": 1, "default": true})),
        ..live(json!({"a": 1, "b": 1, "default": true}))
    };
    let cases = [
        ("new", None, absent(), Action::Create, Some(Reason::Configuration)),
        ("gone", recorded(same()), absent(), Action::Create, Some(Reason::DeletedOutside)),
        (
            "interrupted create",
            uncertain(recorded(same())),
            absent(),
            Action::Create,
            Some(Reason::Recovered),
        ),
        (
            "interrupted update",
            uncertain(recorded(same())),
            live(same()),
            Action::Update,
            Some(Reason::Recovered),
        ),
        ("same", recorded(same()), live(same()), Action::Unchanged, None),
        ("same with defaults", recorded(same()), defaulted, Action::Unchanged, None),
        ("same but never recorded", None, live(same()), Action::Update, Some(Reason::Unrecorded)),
        ("foreign", None, foreign.clone(), Action::Update, Some(Reason::Adopted)),
        (
            "foreign, where a create was interrupted",
            uncertain(recorded(same())),
            foreign,
            Action::Update,
            Some(Reason::Adopted),
        ),
        (
            "configured",
            recorded(json!({"a": 2, "b": 1})),
            live(json!({"a": 2, "b": 1})),
            Action::Update,
            Some(Reason::Configuration),
        ),
        (
            "drifted",
            recorded(same()),
            live(json!({"a": 2, "b": 1})),
            Action::Update,
            Some(Reason::Drift),
        ),
        (
            "both",
            recorded(json!({"a": 2, "b": 1})),
            live(json!({"a": 2, "b": 2})),
            Action::Update,
            Some(Reason::ConfigurationAndDrift),
        ),
        (
            "both, in one value",
            recorded(json!({"a": 2, "b": 1})),
            live(json!({"a": 3, "b": 1})),
            Action::Update,
            Some(Reason::ConfigurationAndDrift),
        ),
        ("cannot change in place", recorded(same()), replace, Action::Replace, Some(Reason::Drift)),
        ("secret not shown", recorded(same()), secret, Action::Update, Some(Reason::Secret)),
        ("secret in the document", recorded(same()), hidden, Action::Update, Some(Reason::Secret)),
        (
            "secret that cannot be read",
            recorded(same()),
            unread.clone(),
            Action::Update,
            Some(Reason::SecretUnknown),
        ),
        (
            "secret that cannot be read beside what is configured",
            recorded(json!({"a": 1, "b": 2})),
            Observed { live: Some(json!({"a": 1, "b": 2})), ..unread },
            Action::Update,
            Some(Reason::Configuration),
        ),
        (
            "unreadable",
            recorded(same()),
            live(json!("not yaml")),
            Action::Update,
            Some(Reason::Drift),
        ),
    ];
    for (name, prior, observed, action, reason) in cases {
        assert_eq!(judge(prior, observed), (action, reason), "{name}");
    }
}

#[test]
fn what_was_not_observed_is_as_recorded() {
    let spec = spec(vec![resource("a", &[], json!({"v": 2})), resource("b", &[], json!({"v": 1}))]);
    let recorded = state(vec![entry(resource("a", &[], json!({"v": 1})))]);
    let plan = Plan::between(&spec, &recorded, &BTreeMap::new(), &BTreeMap::new());
    let actions: Vec<Action> = plan.steps.iter().map(|step| step.action).collect();
    assert_eq!(actions, [Action::Update, Action::Create]);
}

fn order(plan: &Plan) -> Vec<String> {
    let name = |at: &usize| plan.steps[*at].id.to_string();
    let line = |step: &Step| {
        let after: Vec<String> = step.after.iter().map(name).collect();
        format!("{} {} after {}", step.action, step.id, after.join(","))
    };
    plan.steps.iter().map(line).collect()
}

#[test]
fn creates_follow_needs_and_deletes_go_the_other_way() {
    let old = state(vec![
        entry(resource("ns", &[], json!({}))),
        entry(resource("config", &["ns"], json!({}))),
        entry(resource("gone", &["ns", "config"], json!({}))),
        entry(resource("web", &["ns", "config"], json!({"v": 1}))),
        entry(resource("still", &["config"], json!({}))),
    ]);
    let new = spec(vec![
        resource("ns", &[], json!({})),
        resource("web", &["ns", "db"], json!({"v": 2})),
        resource("db", &["ns"], json!({})),
        resource("still", &[], json!({})),
    ]);
    let plan = Plan::between(&new, &old, &BTreeMap::new(), &BTreeMap::new());
    assert_eq!(
        order(&plan),
        [
            "unchanged ns after ",
            "create db after ns",
            "unchanged still after ",
            "update web after ns,db",
            "delete gone after ",
            "delete config after web,gone",
        ]
    );
    assert_eq!(plan.summary().to_string(), "Plan: 1 to create, 1 to update, 2 to delete.");
    let destroy = Plan::destroy(&old, &BTreeMap::new());
    assert_eq!(
        order(&destroy),
        [
            "delete web after ",
            "delete still after ",
            "delete gone after ",
            "delete config after web,still,gone",
            "delete ns after web,gone,config",
        ]
    );
}

#[test]
fn a_circle_in_an_old_state_does_not_stop_the_deletes() {
    let old = state(vec![
        entry(resource("a", &["b"], json!({}))),
        entry(resource("b", &["a"], json!({}))),
        entry(resource("c", &["c"], json!({}))),
    ]);
    let plan = Plan::destroy(&old, &BTreeMap::new());
    assert_eq!(order(&plan), ["delete c after ", "delete a after ", "delete b after a"]);
}

#[test]
fn adopted_and_vanished_resources_are_forgotten() {
    let adopted = StateEntry { adopted: true, ..entry(resource("adopted", &[], json!({}))) };
    let old = state(vec![adopted, entry(resource("vanished", &[], json!({})))]);
    let observed = [(id("vanished"), Observed::default()), (id("adopted"), live(json!({})))].into();
    let plan = Plan::destroy(&old, &observed);
    assert_eq!((plan.steps.len(), &plan.forgotten), (0, &vec![id("adopted"), id("vanished")]));
    assert!(!plan.is_empty());
    assert!(Plan::destroy(&State::default(), &observed).is_empty());
}

#[test]
fn what_others_need_too_stays_and_why_is_told() {
    let said = |why: &str| vec![Note::new(NoteKind::Shared, why)];
    let old = state(vec![
        entry(resource("namespace", &[], json!({}))),
        StateEntry { adopted: true, ..entry(resource("adopted", &[], json!({}))) },
        entry(resource("gone", &[], json!({}))),
    ]);
    let kept = Observed { kept: true, notes: said("others use it"), ..live(json!({})) };
    let observed = [
        (id("namespace"), kept),
        (id("adopted"), live(json!({}))),
        (id("gone"), Observed::default()),
    ];
    let plan = Plan::destroy(&old, &observed.into());
    assert_eq!(plan.forgotten, [id("adopted"), id("gone"), id("namespace")]);
    let stays = [
        (
            id("adopted"),
            "it existed before kusion managed it, and keeps what kusion changed".to_owned(),
        ),
        (id("namespace"), "others use it".to_owned()),
    ];
    assert_eq!(plan.stays, stays.into());

    let shared = Observed { foreign: true, notes: said("theirs"), ..live(json!({"a": 1})) };
    assert_eq!(judge(None, shared), (Action::Unchanged, None));
}

#[test]
fn the_json_form_is_stable_and_holds_no_secret() {
    let secret = resource("secret", &[], json!({"data": {"p": "hunter3"}, "type": "b"}));
    let new = spec(vec![secret, resource("web", &["secret"], json!({"v": 1}))]);
    let old = state(vec![
        entry(resource("web", &[], json!({"v": 1}))),
        entry(resource("old", &[], json!({}))),
    ]);
    let seen = Observed {
        sensitive: vec!["/data".to_owned()],
        grades: [Grade::PermissionGained].into(),
        ..live(json!({"data": {"p": "hunter2"}, "type": "a"}))
    };
    let origin = Origin {
        app: AppName::parse("shop").unwrap(),
        accessory: "db".to_owned(),
        module: ModuleName::parse("mysql").unwrap(),
    };
    let plan =
        Plan::between(&new, &old, &[(id("secret"), seen)].into(), &[(id("secret"), origin)].into());
    let document = serde_json::to_value(&plan).unwrap();
    assert_eq!(
        document,
        json!({
            "version": 1,
            "summary": {
                "create": 0, "update": 1, "replace": 0, "delete": 1, "unchanged": 1,
                "rollingRestart": 0, "dataAtRisk": 0, "permissionGained": 1, "drifted": 0,
            },
            "steps": [
                {
                    "id": "secret", "type": "Kubernetes", "action": "update", "reason": "configuration",
                    "grades": ["permission-gained"],
                    "origin": {"app": "shop", "accessory": "db", "module": "mysql"},
                    "changes": [
                        {"path": "data.p", "old": "(sensitive)", "new": "(sensitive)", "sensitive": true},
                        {"path": "type", "old": "a", "new": "b"},
                    ],
                },
                {"id": "web", "type": "Kubernetes", "action": "unchanged", "after": ["secret"]},
                {"id": "old", "type": "Kubernetes", "action": "delete", "reason": "configuration"},
            ],
            "forgotten": [],
        })
    );
}

#[test]
fn what_the_target_adds_to_what_the_configuration_added_or_removed_whole_is_no_drift() {
    let bare = || json!({"name": "main", "image": "a"});
    let probed = |extra: bool| {
        let mut container = bare();
        container["probe"] = json!({"path": "/"});
        if extra {
            container["probe"]["period"] = json!(10);
        }
        container
    };
    let list = |items: &[Value]| json!({"containers": items});
    let side = json!({"name": "side", "image": "b"});
    let whole_side = json!({"name": "side", "image": "b", "policy": "x"});
    for (before, after, live, planned) in [
        (list(&[bare()]), list(&[probed(false)]), list(&[bare()]), list(&[probed(true)])),
        (list(&[probed(false)]), list(&[bare()]), list(&[probed(true)]), list(&[bare()])),
        (list(&[bare()]), list(&[bare(), side]), list(&[bare()]), list(&[bare(), whole_side])),
    ] {
        let spec = spec(vec![resource("r", &[], after)]);
        let state = state(vec![entry(resource("r", &[], before))]);
        let editors = Some(BTreeMap::new());
        let observed =
            Observed { live: Some(live), planned: Some(planned), editors, ..Observed::default() };
        let plan = Plan::between(&spec, &state, &[(id("r"), observed)].into(), &BTreeMap::new());
        assert_eq!(plan.steps[0].reason, Some(Reason::Configuration));
        assert!(plan.steps[0].changes.iter().all(|change| change.drift.is_none()));
    }
}

fn editor(manager: &str) -> Editor {
    let (manager, operation) = (manager.to_owned(), "Update".to_owned());
    Editor { manager, operation, subresource: None, time: Some("12:00".to_owned()) }
}

#[test]
fn drift_is_set_apart_from_what_was_configured_and_names_who_did_it() {
    let recorded =
        json!({"cpu": "0.5", "replicas": 2, "image": "a:1", "args": ["x"], "gone": 1, "zone": 1});
    let new = json!({"cpu": "0.5", "replicas": 3, "image": "a:2", "args": ["x"], "gone": 1, "zone": 2, "extra": 1});
    let observed = Observed {
        live: Some(
            json!({"cpu": "500m", "replicas": 5, "image": "a:1", "args": ["y"], "extra": 9}),
        ),
        planned: Some(json!({
            "cpu": "500m", "replicas": 3, "image": "a:2", "args": ["x"], "gone": 1, "zone": 2, "extra": 1,
        })),
        editors: Some(
            [("/replicas", "scaler"), ("/args", "kubectl-edit"), ("/extra", "other")]
                .map(|(place, manager)| (place.to_owned(), editor(manager)))
                .into(),
        ),
        ..Observed::default()
    };
    let spec = spec(vec![resource("r", &[], new)]);
    let state = state(vec![entry(resource("r", &[], recorded))]);
    let plan = Plan::between(&spec, &state, &[(id("r"), observed)].into(), &BTreeMap::new());
    let step = &plan.steps[0];
    assert_eq!(step.reason, Some(Reason::ConfigurationAndDrift));
    assert_eq!(plan.summary().drifted, 1);
    let found: Vec<_> = step.changes.iter().map(|c| (c.path.as_str(), c.drift.clone())).collect();
    let drift = |recorded: Value, configured, by: Option<&str>| {
        Some(Drift { recorded: Some(recorded), configured, by: by.map(editor) })
    };
    assert_eq!(
        found,
        [
            ("args", drift(json!(["x"]), false, Some("kubectl-edit"))),
            ("extra", None),
            ("gone", drift(json!(1), false, None)),
            ("image", None),
            ("replicas", drift(json!(2), true, Some("scaler"))),
            ("zone", drift(json!(1), true, None)),
        ]
    );
    let document = serde_json::to_value(&plan).unwrap();
    assert_eq!(
        document["steps"][0]["changes"][4],
        json!({
            "path": "replicas", "old": 5, "new": 3,
            "drift": {
                "recorded": 2, "configured": true,
                "by": {"manager": "scaler", "operation": "Update", "time": "12:00"},
            },
        })
    );
}

#[test]
fn a_secret_drifted_only_if_somebody_else_set_it() {
    let recorded = || resource("r", &[], json!({"data": {"a": "$1", "b": "$2"}}));
    let change = |editors: &[&str]| {
        let observed = Observed {
            live: Some(json!({"data": {"a": "1", "b": "2"}})),
            planned: Some(json!({"data": {"a": "3", "b": "2"}})),
            sensitive: vec!["/data".to_owned()],
            editors: Some(editors.iter().map(|at| ((*at).to_owned(), editor("x"))).collect()),
            ..Observed::default()
        };
        let (spec, state) = (spec(vec![recorded()]), state(vec![entry(recorded())]));
        let plan = Plan::between(&spec, &state, &[(id("r"), observed)].into(), &BTreeMap::new());
        (plan.steps[0].reason.unwrap(), plan.steps[0].changes[0].drift.clone())
    };
    assert_eq!(change(&["/data/b"]), (Reason::Secret, None));
    let by = Some(Drift { recorded: None, configured: false, by: Some(editor("x")) });
    assert_eq!(change(&["/data/a"]), (Reason::Drift, by));
}

#[test]
fn a_secret_that_cannot_be_read_is_told_as_unknown() {
    let same = || json!({"data": {"a.b": "$1", "c": "$2"}});
    let observed = Observed {
        live: Some(same()),
        planned: Some(same()),
        sensitive: vec!["/data".to_owned()],
        unread: vec!["/data/a.b".to_owned(), "/data/c".to_owned()],
        ..Observed::default()
    };
    let recorded = || resource("r", &[], same());
    let (spec, state) = (spec(vec![recorded()]), state(vec![entry(recorded())]));
    let observed = [(id("r"), observed)].into();
    let plan = Plan::between(&spec, &state, &observed, &BTreeMap::new());
    assert!(!plan.steps[0].is_drifted());
    assert_eq!(
        json!(plan)["steps"][0],
        json!({
            "id": "r", "type": "Kubernetes", "action": "update", "reason": "secret-unknown",
            "changes": [
                {"path": "data[\"a.b\"]", "old": "(sensitive)", "sensitive": true, "unknown": true},
                {"path": "data.c", "old": "(sensitive)", "sensitive": true, "unknown": true},
            ],
        })
    );
}

#[test]
fn ten_thousand_resources_are_planned_at_once() {
    let name = |n: usize| format!("r{n:05}");
    let all: Vec<Resource> = (0..10_000)
        .map(|n| resource(&name(n), &[&name(n + 1), "r10000"], json!({"n": n})))
        .collect();
    let old = state(all.iter().cloned().map(entry).collect());
    let start = Instant::now();
    let created = Plan::between(&spec(all), &State::default(), &BTreeMap::new(), &BTreeMap::new());
    let destroyed = Plan::destroy(&old, &BTreeMap::new());
    assert_eq!((created.steps.len(), destroyed.steps.len()), (10_000, 10_000));
    assert!(start.elapsed().as_secs() < 3, "took {:?}", start.elapsed());
}
