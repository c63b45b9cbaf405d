//! The whole catalog on a cluster: applied, changed, rolled back and destroyed without a trace.

use std::collections::BTreeMap;

use serde_json::Value;

use super::stage::{Stage, target};

/// The example of the documentation, with a job beside it.
const APPS: &str = "\
apps:
  shop:
    workload:
      module: service
      containers:
        main:
          image: shop:1
          env: {DB_HOST: $(KUSION_DB_HOST_ORDERS), DB_PASSWORD: $(KUSION_DB_PASSWORD_ORDERS)}
          resources: {cpu: 250m-500m, memory: 256Mi}
          readinessProbe: {http: {url: \"http://localhost:8080/ready\"}, periodSeconds: 5}
      replicas: 2
      secrets: {api: {type: token}}
    accessories:
      network: {ports: [{port: 8080, public: true}]}
      orders: {module: mysql, type: local, version: \"8.0\"}
      monitoring: {path: /metrics, port: 8080}
  migrate:
    workload: {module: job, containers: {main: {image: \"migrate:1\"}}}
  report:
    workload: {module: job, schedule: \"0 3 * * *\", containers: {main: {image: \"report:1\"}}}
";

fn stage() -> Stage {
    let stage = Stage::new();
    stage.sandbox.write("app.yaml", APPS);
    stage
}

/// Everything in the namespace by kind and name, with what tells an object from a later one of its name.
fn everything(stage: &Stage) -> BTreeMap<String, Value> {
    let objects = stage.cluster.inventory(&stage.project).into_iter();
    objects.map(|(name, object)| (name, object["metadata"]["uid"].clone())).collect()
}

#[test]
fn the_catalog_applies_changes_rolls_back_and_leaves_nothing() {
    let stage = stage();
    let _ = stage.cluster.kubectl(&["create", "namespace", &stage.project]).expect_ok();
    let _ = stage.kubectl(&["create", "configmap", "theirs", "--from-literal=a=b"]);
    stage.cluster.until("what every namespace holds", || everything(&stage).len() >= 4);
    let before = everything(&stage);
    let theirs = stage.object("configmap", "theirs");

    stage.apply();
    let deployment =
        |name: &str| stage.object("deployment", &format!("{}-dev-{name}", stage.project)).unwrap();
    let shop = deployment("shop");
    assert_eq!(shop["status"]["availableReplicas"], 2);
    let annotations = &shop["spec"]["template"]["metadata"]["annotations"];
    assert_eq!(annotations["prometheus.io/port"], "8080");
    let job = stage.object("job", &format!("{}-dev-migrate", stage.project)).unwrap();
    assert_eq!(job["status"]["succeeded"], 1);
    assert!(stage.object("cronjob", &format!("{}-dev-report", stage.project)).is_some());
    assert_eq!(stage.run(&["preview", "--detailed-exitcode"]).code, Some(0));

    // A job runs once, so another image makes another one.
    stage.sandbox.edit("app.yaml", "shop:1", "shop:2");
    stage.sandbox.edit("app.yaml", "migrate:1", "migrate:2");
    let refused = stage.run(&["apply", "--yes"]);
    assert_eq!(refused.code, Some(1), "{refused}");
    assert!(refused.stderr.contains("--replace"), "{refused}");
    assert_eq!(
        deployment("shop")["metadata"]["resourceVersion"],
        shop["metadata"]["resourceVersion"]
    );
    stage.run(&["apply", "--yes", "--replace"]).success();
    let image =
        |object: &Value| object["spec"]["template"]["spec"]["containers"][0]["image"].clone();
    assert_eq!(image(&deployment("shop")), "shop:2");
    let second = stage.object("job", &format!("{}-dev-migrate", stage.project)).unwrap();
    assert_eq!(image(&second), "migrate:2");
    assert_ne!(second["metadata"]["uid"], job["metadata"]["uid"]);
    assert_eq!(stage.run(&["preview", "--detailed-exitcode"]).code, Some(0));

    stage.run(&["release", "rollback", "1", "--yes", "--replace"]).success();
    assert_eq!(image(&deployment("shop")), "shop:1");

    stage.run(&["destroy", "--yes", "--allow-data-loss"]).success();
    assert_eq!(everything(&stage), before);
    assert_eq!(stage.object("configmap", "theirs"), theirs);
}

#[test]
fn a_kind_that_is_not_there_is_refused_until_it_is_and_is_not_missed_after_it_went() {
    let stage = stage();
    let workspace = format!(
        "modules:\n  job: {{}}\n  monitoring: {{configs: {{default: {{operatorMode: true}}}}}}\n  mysql: {{}}\n  \
         network: {{}}\n  service: {{}}\ntargets: {{kubernetes: {}}}\n",
        target(&stage.cluster.kubeconfig())
    );
    stage.sandbox.write("watched.yaml", &workspace);
    stage.sandbox.run("", &["workspace", "create", "watched", "-f", "watched.yaml"]).success();
    stage.sandbox.write("dev/stack.yaml", "name: dev\nworkspace: watched\n");
    stage.sandbox.write(
        "app.yaml",
        "workload: {module: service, containers: {main: {image: \"shop:1\"}}}\n\
         accessories: {network: {ports: [{port: 80}]}, monitoring: {}}\n",
    );
    let refused = stage.run(&["apply", "--yes"]);
    assert_eq!(refused.code, Some(1), "{refused}");
    assert!(
        refused.stderr.contains(
            "has kind `ServiceMonitor` of `monitoring.coreos.com/v1`, which the cluster does not serve"
        ),
        "{refused}"
    );
    assert!(stage.object("namespace", &stage.project).is_none());

    let definition = serde_json::json!({
        "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": {"name": "servicemonitors.monitoring.coreos.com"},
        "spec": {
            "group": "monitoring.coreos.com", "scope": "Namespaced",
            "names": {"kind": "ServiceMonitor", "plural": "servicemonitors"},
            "versions": [{"name": "v1", "served": true, "storage": true, "schema": {"openAPIV3Schema": {
                "type": "object", "x-kubernetes-preserve-unknown-fields": true,
            }}}],
        },
    });
    let kubeconfig = stage.cluster.kubeconfig();
    let create = ["create", "-f", "-"];
    let _ = stage.cluster.kubectl_with(&kubeconfig, &create, &definition.to_string()).expect_ok();
    let served = ["get", "servicemonitors.monitoring.coreos.com"];
    stage.cluster.until("the new kind", || stage.cluster.kubectl(&served).ok);
    stage.apply();
    assert_eq!(stage.kubectl(&["get", "servicemonitors", "--output=name"]).lines().count(), 1);
    let delete = ["delete", "crd", "servicemonitors.monitoring.coreos.com"];
    let _ = stage.cluster.kubectl(&delete).expect_ok();
    stage.cluster.until("the end of the kind", || !stage.cluster.kubectl(&served).ok);
    stage.run(&["destroy", "--yes"]).success();
    assert!(stage.object("namespace", &stage.project).is_none());
    let again = stage.run(&["destroy", "--yes"]).success();
    assert!(again.stdout.contains("Nothing to do"), "{again}");
}
