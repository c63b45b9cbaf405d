//! Assembly from outside: contributions in, one Spec or all faults out.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::*;
use crate::diagnostic::Diagnose;
use crate::name::ModuleName;
use crate::runtime::KubernetesSemantics;
use crate::spec::SecretText;

mod kinds;

fn origin(app: &str, accessory: &str) -> Origin {
    let module = if accessory.is_empty() { "service" } else { accessory };
    Origin {
        app: AppName::parse(app).unwrap(),
        accessory: accessory.to_owned(),
        module: ModuleName::parse(module).unwrap(),
    }
}

fn workload(app: &str, resources: Vec<Resource>) -> Contribution {
    Contribution { workload: true, resources, ..accessory(app, "", vec![]) }
}

fn accessory(app: &str, name: &str, patches: Vec<Patch>) -> Contribution {
    Contribution {
        origin: origin(app, name),
        workload: false,
        resources: Vec::new(),
        patches,
        secrets: BTreeMap::new(),
    }
}

fn resource(manifest: Value) -> Resource {
    let text = |pointer: &str| manifest.pointer(pointer).and_then(Value::as_str);
    let parts = ["/apiVersion", "/kind", "/metadata/namespace", "/metadata/name"];
    let id: Vec<&str> = parts.into_iter().filter_map(text).collect();
    Resource {
        id: ResourceId::parse(id.join(":")).unwrap(),
        kind: "Kubernetes".to_owned(),
        attributes: manifest,
        depends_on: BTreeSet::new(),
        extensions: Map::new(),
    }
}

fn object(api_version: &str, kind: &str, name: &str, rest: Value) -> Resource {
    let mut manifest = json!({"apiVersion": api_version, "kind": kind, "metadata": {"name": name, "namespace": "shop"}});
    json_patch::merge(&mut manifest, &rest);
    resource(manifest)
}

fn deployment(name: &str, env: Value) -> Resource {
    let containers = json!([{"name": "main", "image": "i", "env": env}]);
    object(
        "apps/v1",
        "Deployment",
        name,
        json!({"spec": {"template": {"spec": {"containers": containers}}}}),
    )
}

fn cron_job(name: &str) -> Resource {
    let containers = json!([{"name": "main", "image": "i"}, {"name": "side", "image": "i"}]);
    let template = json!({"template": {"spec": {"containers": containers}}});
    object("batch/v1", "CronJob", name, json!({"spec": {"jobTemplate": {"spec": template}}}))
}

fn id(text: &str) -> ResourceId {
    ResourceId::parse(text).unwrap()
}

fn texts(list: &[(&str, &str)]) -> BTreeMap<String, String> {
    list.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}

fn run(contributions: Vec<Contribution>) -> Result<Assembled, AssembleError> {
    assemble(contributions, &AssembleInput { semantics: &KubernetesSemantics, namespace: "shop" })
}

fn messages(contributions: Vec<Contribution>) -> Vec<String> {
    let error = run(contributions).unwrap_err();
    let one_line = |problem: &crate::diagnostic::Problem| {
        let hints: String = problem.hints.iter().map(|hint| format!(" | {hint}")).collect();
        format!("{}{hints}", problem.message)
    };
    error.problems().iter().map(one_line).collect()
}

/// An app with everything: env, labels, a secret of its own, one from a raw manifest.
fn shop() -> Vec<Contribution> {
    let reference = json!({"secretKeyRef": {"name": "db", "key": "password"}});
    let password = json!({"name": "PASSWORD", "valueFrom": reference});
    let mut db = accessory(
        "shop",
        "db",
        vec![Patch::Env(vec![password]), Patch::PodLabels(texts(&[("db", "yes")]))],
    );
    db.resources.push(object(
        "v1",
        "Secret",
        "db",
        json!({"stringData": {"password": "$kusion_secret.shop.db.password", "user": "root"}}),
    ));
    let generated = SecretSource::Generated { length: 16, alphabet: String::new() };
    db.secrets.insert("password".to_owned(), generated);
    let web = deployment(
        "web",
        json!([{"name": "URL", "value": "u:$(PASSWORD)@h"}, {"name": "A", "value": "1"}]),
    );
    vec![workload("shop", vec![web]), db]
}

#[test]
fn an_app_becomes_a_spec() {
    let assembled = run(shop()).unwrap();
    let expected = json!({"resources": [
        {
            "id": "apps/v1:Deployment:shop:web",
            "type": "Kubernetes",
            "attributes": {
                "apiVersion": "apps/v1", "kind": "Deployment",
                "metadata": {"name": "web", "namespace": "shop"},
                "spec": {"template": {
                    "metadata": {"labels": {"db": "yes"}},
                    "spec": {"containers": [{"name": "main", "image": "i", "env": [
                        {"name": "PASSWORD", "valueFrom": {"secretKeyRef": {"name": "db", "key": "password"}}},
                        {"name": "URL", "value": "u:$(PASSWORD)@h"},
                        {"name": "A", "value": "1"},
                    ]}]},
                }},
            },
            "dependsOn": ["v1:Namespace:shop", "v1:Secret:shop:db"],
            "extensions": {"GVK": "apps/v1, Kind=Deployment", "kusion.io/is-workload": true},
        },
        {
            "id": "v1:Namespace:shop",
            "type": "Kubernetes",
            "attributes": {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}},
            "extensions": {"GVK": "/v1, Kind=Namespace"},
        },
        {
            "id": "v1:Secret:shop:db",
            "type": "Kubernetes",
            "attributes": {
                "apiVersion": "v1", "kind": "Secret",
                "metadata": {"name": "db", "namespace": "shop"},
                "stringData": {
                    "password": "$kusion_secret.shop.db.password",
                    "user": "$kusion_secret.shop.db.db__user",
                },
            },
            "dependsOn": ["v1:Namespace:shop"],
            "extensions": {"GVK": "/v1, Kind=Secret"},
        },
    ]});
    assert_eq!(serde_json::to_value(&assembled.spec).unwrap(), expected);

    let secret =
        |name: &str| SecretRef { app: "shop".into(), accessory: "db".into(), name: name.into() };
    let literal = SecretSource::Literal(SecretText::new("root"));
    let generated = SecretSource::Generated { length: 16, alphabet: String::new() };
    assert_eq!(
        assembled.secrets,
        [(secret("db__user"), literal), (secret("password"), generated)].into()
    );
    let web = id("apps/v1:Deployment:shop:web");
    assert_eq!(assembled.patched_by, [(web.clone(), vec![origin("shop", "db")])].into());
    assert_eq!(
        assembled.origins,
        [(web.clone(), origin("shop", "")), (id("v1:Secret:shop:db"), origin("shop", "db"))].into()
    );
    assert_eq!(assembled.workloads, [(AppName::parse("shop").unwrap(), web)].into());
    assert_eq!(assembled.namespace, Some(id("v1:Namespace:shop")));
}

#[test]
fn the_order_of_contributions_does_not_matter() {
    let mut contributions = shop();
    for name in ["cache", "logs", "zebra"] {
        let mut one = accessory(
            "shop",
            name,
            vec![
                Patch::Labels(texts(&[("same", "x"), (name, name)])),
                Patch::Env(vec![json!({"name": name, "value": "$(A)"})]),
                Patch::Json {
                    id: id("apps/v1:Deployment:shop:web"),
                    document: json!([{"op": "add", "path": "/spec/template/spec/containers/-", "value": {"name": name}}]),
                },
            ],
        );
        one.resources.push(object("v1", "ConfigMap", name, json!({"data": {"k": "v"}})));
        one.resources.push(object("v1", "Secret", name, json!({"data": {"k": "aGk="}})));
        contributions.push(one);
    }
    let expected = run(contributions.clone()).unwrap();
    // A cheap way to many orders: rotations and swaps that reach every position.
    for round in 0..contributions.len() * contributions.len() {
        contributions.rotate_left(1);
        let last = contributions.len() - 1;
        contributions.swap(round % (last + 1), last);
        assert_eq!(run(contributions.clone()).unwrap(), expected, "round {round}");
    }
}

#[test]
fn patches_reach_cron_jobs_and_every_container() {
    let patches = vec![
        Patch::Env(vec![json!({"name": "B", "value": "2"}), json!({"name": "A", "value": "1"})]),
        Patch::PodAnnotations(texts(&[("scrape", "true")])),
        Patch::Annotations(texts(&[("note", "x")])),
        Patch::Labels(texts(&[("gone", "ops://kusionstack.io/remove"), ("team", "a")])),
    ];
    let mut job = cron_job("nightly");
    job.attributes["metadata"]["labels"] = json!({"gone": "soon", "kept": "yes"});
    let assembled = run(vec![workload("job", vec![job]), accessory("job", "m", patches)]).unwrap();
    let env = json!([{"name": "A", "value": "1"}, {"name": "B", "value": "2"}]);
    assert_eq!(
        assembled.spec.resources["batch/v1:CronJob:shop:nightly"].attributes,
        json!({
            "apiVersion": "batch/v1", "kind": "CronJob",
            "metadata": {
                "name": "nightly", "namespace": "shop",
                "labels": {"kept": "yes", "team": "a"}, "annotations": {"note": "x"},
            },
            "spec": {"jobTemplate": {"spec": {"template": {
                "metadata": {"annotations": {"scrape": "true"}},
                "spec": {"containers": [
                    {"name": "main", "image": "i", "env": env}, {"name": "side", "image": "i", "env": env},
                ]},
            }}}},
        })
    );
}

#[test]
fn volumes_reach_the_pods_and_the_containers_that_they_are_for() {
    let volume = |name: &str| json!({"name": name, "emptyDir": {}});
    let patch = |mounts: Value| Patch::Volumes {
        volumes: vec![volume("data")],
        mounts: mounts.as_array().unwrap().clone(),
    };
    let everywhere = patch(json!([{"name": "data", "mountPath": "/data"}]));
    let beside = patch(json!([{"container": "side", "name": "data", "mountPath": "/side"}]));
    let contributions = vec![
        workload("job", vec![cron_job("nightly")]),
        accessory("job", "a", vec![everywhere.clone()]),
        accessory("job", "b", vec![beside, everywhere]),
    ];
    let assembled = run(contributions).unwrap();
    let id = id("batch/v1:CronJob:shop:nightly");
    let data = json!({"name": "data", "mountPath": "/data"});
    let side = json!({"name": "data", "mountPath": "/side"});
    assert_eq!(
        assembled.spec.resources[&id].attributes["spec"]["jobTemplate"]["spec"]["template"]["spec"],
        json!({
            "containers": [
                {"name": "main", "image": "i", "volumeMounts": [data]},
                {"name": "side", "image": "i", "volumeMounts": [data, side]},
            ],
            "volumes": [volume("data")],
        })
    );
    assert_eq!(assembled.patched_by[&id], [origin("job", "a"), origin("job", "b")]);
}

#[test]
fn volumes_that_do_not_fit_are_told() {
    let mut web = deployment("web", json!([]));
    json_patch::merge(
        &mut web.attributes["spec"]["template"]["spec"],
        &json!({"volumes": [{"name": "own", "emptyDir": {}}]}),
    );
    web.attributes["spec"]["template"]["spec"]["containers"][0]["volumeMounts"] =
        json!([{"name": "own", "mountPath": "/own"}]);
    let patch = |volumes: Value, mounts: Value| Patch::Volumes {
        volumes: volumes.as_array().unwrap().clone(),
        mounts: mounts.as_array().unwrap().clone(),
    };
    let told = |patch: Patch| {
        messages(vec![workload("a", vec![web.clone()]), accessory("a", "m", vec![patch])])
    };
    for (patch, expected) in [
        (
            patch(json!([{"name": "own", "secret": {"secretName": "s"}}]), json!([])),
            "the pods have another volume `own` already",
        ),
        (patch(json!([{"emptyDir": {}}]), json!([])), "a volume has no name"),
        (
            patch(json!([]), json!([{"name": "x", "mountPath": "/own"}])),
            "something else is mounted at `/own` already",
        ),
        (patch(json!([]), json!([{"name": "own"}])), "a mount has no `mountPath`"),
        (
            patch(json!([]), json!([{"container": "side", "name": "own", "mountPath": "/x"}])),
            "the workload has no container `side` for a mount",
        ),
        (
            patch(json!([]), json!([{"container": 1, "name": "own", "mountPath": "/x"}])),
            "`container` of a mount is no name",
        ),
    ] {
        assert_eq!(
            told(patch),
            [format!(
                "accessory `m` of app `a` (module `m`) has a patch that cannot be applied: {expected}"
            )]
        );
    }
    let mount = |path: &str| json!([{"name": path, "mountPath": "/data"}]);
    let two = vec![
        workload("a", vec![web]),
        accessory("a", "m", vec![patch(json!([]), mount("one"))]),
        accessory("a", "n", vec![patch(json!([]), mount("two"))]),
    ];
    assert_eq!(
        messages(two),
        [
            "accessory `m` of app `a` (module `m`) and accessory `n` of app `a` (module `n`) set different values at `/spec/template/spec/containers/*/volumeMounts/~1data` of resource `apps/v1:Deployment:shop:web` | configure one of the two modules so that it leaves this value alone"
        ]
    );
}

#[test]
fn documents_are_patched_by_id() {
    let config = object("v1", "ConfigMap", "c", json!({"data": {"a": "1", "b": "2", "c": "3"}}));
    let target = config.id.clone();
    let patches = vec![
        Patch::Merge {
            id: target.clone(),
            document: json!({"data": {"a": null, "b": "ops://kusionstack.io/remove", "d": "4"}}),
        },
        Patch::Json {
            id: target.clone(),
            document: json!([
                {"op": "test", "path": "/data/c", "value": "3"},
                {"op": "move", "from": "/data/c", "path": "/data/e"},
                {"op": "add", "path": "/data/x~1y", "value": "5"},
            ]),
        },
    ];
    let mut raw = accessory("app", "raw", vec![]);
    raw.resources.push(config);
    let assembled = run(vec![raw, accessory("app", "z", patches)]).unwrap();
    let data = &assembled.spec.resources[&target].attributes["data"];
    assert_eq!(*data, json!({"d": "4", "e": "3", "x/y": "5"}));
}

#[test]
fn what_cannot_be_patched_is_told() {
    let web = || workload("a", vec![deployment("web", json!([]))]);
    let patched = |patch: Patch| vec![web(), accessory("a", "m", vec![patch])];
    let json_patch =
        |document: Value| Patch::Json { id: id("apps/v1:Deployment:shop:web"), document };
    let many: Vec<Value> =
        (0..30).map(|n| json!({"op": "copy", "from": "", "path": format!("/x{n}")})).collect();
    let m = "accessory `m` of app `a` (module `m`)";
    let cases = [
        (
            vec![accessory("a", "m", vec![Patch::Labels(texts(&[("k", "v")]))])],
            format!("{m} patches the workload of app `a`, which has none | give the app a workload, or remove the accessory"),
        ),
        (
            patched(Patch::Merge { id: id("apps/v1:Deployment:shop:wep"), document: json!({}) }),
            format!("{m} patches resource `apps/v1:Deployment:shop:wep`, which does not exist | did you mean `apps/v1:Deployment:shop:web`?"),
        ),
        (
            patched(json_patch(json!([{"op": "remove", "path": "/spec/nothing"}]))),
            format!("{m} has a patch that cannot be applied: at `/spec/nothing` of resource `apps/v1:Deployment:shop:web`: path is invalid"),
        ),
        (
            patched(json_patch(Value::Array(many))),
            format!("{m} has a patch that cannot be applied: resource `apps/v1:Deployment:shop:web` becomes too large or too deep"),
        ),
        (
            patched(Patch::Env(vec![json!({"value": "x"})])),
            format!("{m} has a patch that cannot be applied: an environment variable has no name"),
        ),
        (
            patched(json_patch(json!([{"op": "replace", "path": "/metadata/name", "value": "x"}]))),
            "resource `apps/v1:Deployment:shop:web` of workload of app `a` (module `service`): its manifest is that of `apps/v1:Deployment:shop:x`".to_owned(),
        ),
        (
            vec![
                workload("a", vec![object("v1", "Service", "s", json!({}))]),
                accessory("a", "m", vec![Patch::PodLabels(texts(&[("k", "v")]))]),
            ],
            format!("{m} patches the pods of resource `v1:Service:shop:s`, which has none"),
        ),
        (
            vec![
                workload("a", vec![deployment("x", json!([])), deployment("y", json!([]))]),
                accessory("a", "m", vec![Patch::Labels(texts(&[("k", "v")]))]),
            ],
            "it is not clear which resource is the workload of app `a`: `apps/v1:Deployment:shop:x`, `apps/v1:Deployment:shop:y` | the module must set the extension `kusion.io/is-workload: true` on one of them".to_owned(),
        ),
    ];
    for (contributions, expected) in cases {
        assert_eq!(messages(contributions), [expected]);
    }
}

#[test]
fn two_patches_of_one_value_must_agree() {
    let web = || workload("a", vec![deployment("web", json!([]))]);
    let env = |value: &str| Patch::Env(vec![json!({"name": "HOST", "value": value})]);
    let agree =
        vec![web(), accessory("a", "m", vec![env("x")]), accessory("a", "n", vec![env("x")])];
    assert!(run(agree).is_ok());
    let differ =
        vec![web(), accessory("a", "n", vec![env("y")]), accessory("a", "m", vec![env("x")])];
    assert_eq!(
        messages(differ),
        [
            "accessory `m` of app `a` (module `m`) and accessory `n` of app `a` (module `n`) set different values at \
             `/spec/template/spec/containers/*/env/HOST` of resource `apps/v1:Deployment:shop:web` | configure one of \
             the two modules so that it leaves this value alone"
        ]
    );
    let label = Patch::Labels(texts(&[("tier", "1")]));
    let merge = Patch::Merge {
        id: id("apps/v1:Deployment:shop:web"),
        document: json!({"metadata": {"labels": {"tier": "2"}}}),
    };
    let differ = vec![web(), accessory("a", "m", vec![label]), accessory("a", "n", vec![merge])];
    assert!(messages(differ)[0].contains("different values at `/metadata/labels/tier`"));
}

#[test]
fn the_workload_is_the_marked_one_or_the_one_with_pods() {
    let files = || object("v1", "ConfigMap", "files", json!({}));
    let marked = |value: Value| {
        let mut one = deployment("marked", json!([]));
        one.extensions.insert(IS_WORKLOAD.to_owned(), value);
        one
    };
    const IS_WORKLOAD: &str = "kusion.io/is-workload";
    let cases = [
        (vec![files()], "v1:ConfigMap:shop:files"),
        (vec![files(), deployment("web", json!([]))], "apps/v1:Deployment:shop:web"),
        (
            vec![deployment("web", json!([])), marked(json!("true"))],
            "apps/v1:Deployment:shop:marked",
        ),
        (vec![deployment("web", json!([])), marked(json!(true))], "apps/v1:Deployment:shop:marked"),
        (vec![deployment("web", json!([])), marked(json!(false)), files()], ""),
    ];
    for (resources, expected) in cases {
        let assembled = run(vec![workload("a", resources)]).unwrap();
        let chosen: Vec<&str> = assembled.workloads.values().map(ResourceId::as_str).collect();
        assert_eq!(chosen.join(","), expected);
    }
}

#[test]
fn a_namespace_is_added_only_if_something_lies_in_it_and_nobody_made_it() {
    let cluster_wide = resource(
        json!({"apiVersion": "v1", "kind": "PersistentVolume", "metadata": {"name": "p"}}),
    );
    assert_eq!(run(vec![workload("a", vec![cluster_wide])]).unwrap().namespace, None);
    let own = resource(
        json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop", "labels": {"a": "b"}}}),
    );
    let assembled = run(vec![workload("a", vec![own, cron_job("j")])]).unwrap();
    assert_eq!((assembled.namespace, assembled.spec.resources.len()), (None, 2));
    let error = assemble(
        vec![workload("a", vec![cron_job("j")])],
        &AssembleInput { semantics: &KubernetesSemantics, namespace: "my shop" },
    );
    assert_eq!(
        error.unwrap_err().to_string(),
        "`my shop` cannot be the name of a namespace: it contains white space or control characters"
    );
}

#[test]
fn references_become_edges_and_unknown_ones_are_told() {
    let ip = |name: &str, target: &str| {
        object("v1", "ConfigMap", name, json!({"data": {"ip": format!("$kusion_path.{target}")}}))
    };
    let gadget = object("apps.example.com/v1", "Gadget", "g", json!({}));
    let assembled = run(vec![workload(
        "a",
        vec![gadget.clone(), ip("c", "apps.example.com/v1:Gadget:shop:g.status.ip")],
    )]);
    let depends_on = &assembled.unwrap().spec.resources["v1:ConfigMap:shop:c"].depends_on;
    assert_eq!(
        *depends_on,
        [id("apps.example.com/v1:Gadget:shop:g"), id("v1:Namespace:shop")].into()
    );

    let mut careless = gadget;
    careless.depends_on.insert(id("v1:ConfigMap:shop:d"));
    let c = "resource `v1:ConfigMap:shop:c` of workload of app `a` (module `service`)";
    assert_eq!(
        messages(vec![workload(
            "a",
            vec![careless.clone(), ip("c", "apps.example.com/v1:Gadget:shop:x.status.ip")]
        )]),
        [format!(
            "{c} refers to `$kusion_path.apps.example.com/v1:Gadget:shop:x.status.ip`, but no such resource exists \
             | did you mean `apps.example.com/v1:Gadget:shop:g`?"
        )]
    );
    assert_eq!(
        messages(vec![workload(
            "a",
            vec![careless, ip("c", "apps.example.com/v1:Gadget:shop:g.ip")]
        )]),
        [
            "resource `apps.example.com/v1:Gadget:shop:g` of workload of app `a` (module `service`) depends on \
             `v1:ConfigMap:shop:d`, which does not exist | did you mean `v1:ConfigMap:shop:c`?"
        ]
    );
}

#[test]
fn a_circle_is_drawn_with_who_made_it() {
    let mut namespace =
        resource(json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}}));
    namespace.depends_on.insert(id("v1:ConfigMap:shop:c"));
    let mut raw = accessory("a", "raw", vec![]);
    raw.resources.push(object("v1", "ConfigMap", "c", json!({})));
    assert_eq!(
        messages(vec![workload("a", vec![namespace]), raw]),
        [
            "resources depend on each other in a circle: `v1:ConfigMap:shop:c` of accessory `raw` of app `a` (module `raw`) \
             -> `v1:Namespace:shop` of workload of app `a` (module `service`) -> `v1:ConfigMap:shop:c`"
        ]
    );
}

#[test]
fn secrets_stand_where_nobody_reads_them_and_were_asked_for() {
    let config = |text: &str| {
        workload("a", vec![object("v1", "ConfigMap", "c", json!({"data": {"p": text}}))])
    };
    let secret = |text: &str| {
        workload("a", vec![object("v1", "Secret", "s", json!({"stringData": {"p": text}}))])
    };
    let asked = |mut contribution: Contribution, name: &str| {
        let source = SecretSource::External { reference: "ref://a/b".to_owned() };
        contribution.secrets.insert(name.to_owned(), source);
        vec![contribution]
    };
    let of = "of workload of app `a` (module `service`)";
    let unknown = |reference: &str, hint: &str| {
        vec![format!(
            "resource `v1:Secret:shop:s` {of} refers to `{reference}`, a secret that no module of the app asked for{hint}"
        )]
    };
    assert_eq!(
        messages(asked(config("x $kusion_secret.a.workload.p"), "p")),
        [format!(
            "resource `v1:ConfigMap:shop:c` {of} has a reference to a secret at `/data/p`, where no secret can stand \
             | put the reference into `data` or `stringData` of a Secret and refer to the Secret"
        )]
    );
    assert_eq!(
        messages(asked(secret("$kusion_secret.a.workload.pasword"), "password")),
        unknown(
            "$kusion_secret.a.workload.pasword",
            " | did you mean `$kusion_secret.a.workload.password`?"
        )
    );
    assert_eq!(
        messages(asked(secret("$kusion_secret.a.p"), "p")),
        unknown("$kusion_secret.a.p", "")
    );
    assert_eq!(
        messages(asked(secret("$kusion_secret.b.workload.p"), "p"))[0],
        unknown("$kusion_secret.b.workload.p", " | did you mean `$kusion_secret.a.workload.p`?")[0]
    );
    assert_eq!(
        messages(asked(secret("x"), "a.b")),
        [
            "workload of app `a` (module `service`) asks for a secret under the name `a.b`, which is no name of a secret \
          | a secret's name has letters, digits, `_` and `-`"
        ]
    );
    assert!(run(asked(secret("u:$kusion_secret.a.workload.p@h"), "p")).is_ok());
}

#[test]
fn no_reference_copies_what_a_secret_holds() {
    let made = |attribute: &str| {
        let reference = format!("$kusion_path.v1:Secret:shop:s.{attribute}");
        vec![workload(
            "a",
            vec![
                object("v1", "Secret", "s", json!({"stringData": {"p": "x"}})),
                object("v1", "ConfigMap", "c", json!({"data": {"p": reference}})),
            ],
        )]
    };
    for shown in ["data.p", "stringData", "metadata.annotations.a", "metadata"] {
        assert_eq!(
            messages(made(shown)),
            [format!(
                "resource `v1:ConfigMap:shop:c` of workload of app `a` (module `service`) refers to \
                 `$kusion_path.v1:Secret:shop:s.{shown}`, which holds secret values of another resource \
                 | let the pods read the Secret by `secretKeyRef`, or use the `$kusion_secret` it is made of"
            )]
        );
    }
    for open in ["metadata.name", "metadata.uid", "type"] {
        assert!(run(made(open)).is_ok(), "{open}");
    }
}

#[test]
fn plain_data_is_kept_out_of_the_spec_under_names_of_its_own() {
    let data = json!({"data": {"tls.crt": "aGk=", "tls_crt": "aG8="}, "stringData": {"ref": "$kusion_path.v1:ConfigMap:shop:c.data.k"}});
    let mut cloud = resource(json!({"apiVersion": "x", "kind": "y", "metadata": {"name": "z"}}));
    cloud.kind = "Terraform".to_owned();
    cloud.attributes = json!({"password": "hunter2", "size": 1});
    cloud.extensions.insert("kusion.io/sensitive".to_owned(), json!(["/password"]));
    let resources =
        vec![object("v1", "Secret", "s", data), object("v1", "ConfigMap", "c", json!({})), cloud];
    let assembled = run(vec![workload("a", resources)]).unwrap();
    let secret = &assembled.spec.resources["v1:Secret:shop:s"];
    assert_eq!(
        secret.attributes["data"],
        json!({"tls.crt": "$kusion_secret.a.workload.s__tls_crt", "tls_crt": "$kusion_secret.a.workload.s__tls_crt__2"})
    );
    assert!(secret.depends_on.contains("v1:ConfigMap:shop:c"));
    assert_eq!(
        assembled.spec.resources["x:y:z"].attributes,
        json!({"password": "$kusion_secret.a.workload.z__password", "size": 1})
    );
    let literals: Vec<&str> = assembled
        .secrets
        .values()
        .filter_map(|source| match source {
            SecretSource::Literal(text) => Some(text.expose()),
            _ => None,
        })
        .collect();
    assert_eq!(literals, ["aGk=", "aG8=", "hunter2"]);
}

#[test]
fn duplicates_and_many_faults_are_told_at_once() {
    let config = |n: usize| object("v1", "ConfigMap", &format!("c{n}"), json!({}));
    let all = || (0..30).map(config).collect::<Vec<_>>();
    let mut raw = accessory("a", "raw", vec![]);
    raw.resources = all();
    let found = messages(vec![workload("a", all()), raw]);
    assert_eq!(found.len(), 21);
    assert_eq!(
        (found[0].as_str(), found[20].as_str()),
        (
            "resource `v1:ConfigMap:shop:c0` is made twice: by workload of app `a` (module `service`), and by accessory \
             `raw` of app `a` (module `raw`)",
            "10 more problems like these"
        )
    );
}

#[test]
fn edges_grow_with_the_resources_and_ten_thousand_take_no_time() {
    let resources: Vec<Resource> = (0..5_000)
        .flat_map(|n| {
            let volumes = json!([{"name": "v", "configMap": {"name": format!("c{n}")}}]);
            let mut pod = deployment(&format!("d{n}"), json!([]));
            pod.attributes["spec"]["template"]["spec"]["volumes"] = volumes;
            [object("v1", "ConfigMap", &format!("c{n}"), json!({})), pod]
        })
        .collect();
    let start = std::time::Instant::now();
    let spec = run(vec![workload("a", resources)]).unwrap().spec;
    let edges: usize = spec.resources.values().map(|resource| resource.depends_on.len()).sum();
    assert_eq!((spec.resources.len(), edges), (10_001, 15_000));
    assert!(start.elapsed().as_secs() < 5, "took {:?}", start.elapsed());
}
