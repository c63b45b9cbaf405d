//! What the server does not let us do is told with who says no, and changes nothing.

use kusion_cluster::User;
use serde_json::{Value, json};

use super::stage::Stage;

/// A stage whose namespace exists already and holds an object of somebody else.
fn stage() -> Stage {
    let stage = Stage::new();
    stage.sandbox.edit("app.yaml", "replicas: 2", "replicas: 0");
    let _ = stage.cluster.kubectl(&["create", "namespace", &stage.project]).expect_ok();
    let _ = stage.kubectl(&["create", "configmap", "theirs", "--from-literal=a=b"]);
    stage
}

#[track_caller]
fn create(stage: &Stage, object: &Value) {
    let kubeconfig = stage.cluster.kubeconfig();
    let arguments = ["apply", "--server-side", "-f", "-"];
    let _ = stage.cluster.kubectl_with(&kubeconfig, &arguments, &object.to_string()).expect_ok();
}

/// Lets the developer do these things with these kinds in the stage's namespace.
fn allow(stage: &Stage, rules: &[(&str, &[&str], &[&str])]) {
    let rules: Vec<Value> = rules
        .iter()
        .map(|(group, kinds, verbs)| json!({"apiGroups": [group], "resources": kinds, "verbs": verbs}))
        .collect();
    let metadata = json!({"name": "developer", "namespace": stage.project});
    create(
        stage,
        &json!({
            "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "Role",
            "metadata": metadata, "rules": rules,
        }),
    );
    create(
        stage,
        &json!({
            "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "RoleBinding", "metadata": metadata,
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "developer"},
            "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": "developer"}],
        }),
    );
}

const ALL: &[&str] = &["get", "list", "watch", "create", "patch", "delete"];
const NO_DELETE: &[&str] = &["get", "list", "watch", "create", "patch"];

#[test]
fn who_may_not_do_it_all_is_told_before_anything_changes() {
    let stage = stage().with_user(User::Developer);
    let theirs = stage.object("configmap", "theirs");
    let workload = stage.workload();

    allow(&stage, &[("apps", &["deployments"], ALL)]);
    let refused = stage.run(&["apply", "--yes", "--no-wait"]);
    assert_eq!(refused.code, Some(3), "{refused}");
    let said = "User \"developer\" cannot get resource \"services\" in API group \"\" in the namespace \"[project]\"";
    assert!(refused.stderr.contains(said), "{refused}");
    assert!(refused.stderr.contains("not allowed to read resource"), "{refused}");

    allow(&stage, &[("apps", &["deployments"], ALL), ("", &["services"], &["get", "list"])]);
    let refused = stage.run(&["apply", "--yes", "--no-wait"]);
    assert_eq!(refused.code, Some(3), "{refused}");
    assert!(refused.stderr.contains("not allowed to apply resource"), "{refused}");
    assert!(refused.stderr.contains("cannot patch resource \"services\""), "{refused}");
    assert!(stage.object("deployment", &workload).is_none());

    // Whoever may do everything in the namespace needs no right to the namespace itself.
    allow(&stage, &[("apps", &["deployments"], ALL), ("", &["services"], NO_DELETE)]);
    let preview = stage.run(&["preview"]).success();
    assert!(preview.stdout.contains("you may not change it, so it stays as it is"), "{preview}");
    stage.run(&["apply", "--yes"]).success();
    assert!(stage.object("deployment", &workload).is_some());
    assert_eq!(stage.run(&["preview", "--detailed-exitcode"]).code, Some(0));
    allow(
        &stage,
        &[
            ("apps", &["deployments"], ALL),
            ("", &["services"], NO_DELETE),
            ("", &["namespaces"], &["get"]),
        ],
    );
    assert_eq!(stage.run(&["preview", "--detailed-exitcode"]).code, Some(0));

    // A destroy asks first whether it may.
    let refused = stage.run(&["destroy", "--yes"]);
    assert_eq!(refused.code, Some(3), "{refused}");
    assert!(refused.stderr.contains("not allowed to delete resource"), "{refused}");
    assert!(refused.stderr.contains("cannot delete resource \"services\""), "{refused}");
    assert!(stage.object("deployment", &workload).is_some());
    allow(&stage, &[("apps", &["deployments"], ALL), ("", &["services"], ALL)]);
    stage.run(&["destroy", "--yes"]).success();
    assert!(stage.object("deployment", &workload).is_none());
    assert_eq!(stage.object("configmap", "theirs"), theirs);
}

#[test]
fn a_policy_that_rejects_is_named_with_what_it_says() {
    let stage = stage();
    create(
        &stage,
        &json!({
            "apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingAdmissionPolicy",
            "metadata": {"name": stage.project},
            "spec": {
                "failurePolicy": "Fail",
                "matchConstraints": {"resourceRules": [{
                    "apiGroups": ["apps"], "apiVersions": ["v1"], "operations": ["CREATE", "UPDATE"],
                    "resources": ["deployments"],
                }]},
                "validations": [{
                    "expression": "object.spec.template.spec.containers.all(c, !c.image.endsWith(':1'))",
                    "message": "version 1 is not supported any more",
                }],
            },
        }),
    );
    create(
        &stage,
        &json!({
            "apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingAdmissionPolicyBinding",
            "metadata": {"name": stage.project},
            "spec": {
                "policyName": stage.project, "validationActions": ["Deny"],
                "matchResources": {"namespaceSelector": {"matchLabels": {
                    "kubernetes.io/metadata.name": stage.project,
                }}},
            },
        }),
    );
    stage.cluster.until("the policy", || stage.run(&["preview"]).code != Some(0));
    let refused = stage.run(&["apply", "--yes"]);
    assert_eq!(refused.code, Some(1), "{refused}");
    let said = "was denied by policy `[project]`: version 1 is not supported any more";
    assert!(refused.stderr.contains(said), "{refused}");
    assert!(stage.object("deployment", &stage.workload()).is_none());
    stage.sandbox.edit("app.yaml", "shop:1", "shop:2");
    stage.run(&["apply", "--yes", "--no-wait"]).success();
    for kind in ["validatingadmissionpolicybinding", "validatingadmissionpolicy"] {
        let _ = stage.cluster.kubectl(&["delete", kind, &stage.project]).expect_ok();
    }
}

#[test]
fn a_webhook_that_rejects_is_named_with_what_it_says() {
    let stage = stage();
    let webhook = stage.cluster.webhook(|object| {
        let image = &object["spec"]["template"]["spec"]["containers"][0]["image"];
        (image == "shop:1").then(|| "version 1 is not supported any more".to_owned())
    });
    let rule = json!({
        "apiGroups": ["apps"], "apiVersions": ["v1"], "operations": ["CREATE", "UPDATE"],
        "resources": ["deployments"],
    });
    create(&stage, &webhook.configuration(&stage.project, &stage.project, &rule));
    stage.cluster.until("the webhook", || stage.run(&["preview"]).code != Some(0));
    let refused = stage.run(&["apply", "--yes"]);
    assert_eq!(refused.code, Some(1), "{refused}");
    let said = "was denied by webhook `[project].example.com`: version 1 is not supported any more";
    assert!(refused.stderr.contains(said), "{refused}");
    assert!(stage.object("deployment", &stage.workload()).is_none());
    stage.sandbox.edit("app.yaml", "shop:1", "shop:2");
    stage.run(&["apply", "--yes", "--no-wait"]).success();
    let delete = ["delete", "validatingwebhookconfiguration", &stage.project];
    let _ = stage.cluster.kubectl(&delete).expect_ok();
}

#[test]
fn a_quota_that_rejects_is_named_and_the_rest_is_applied() {
    let stage = stage();
    stage.sandbox.edit(
        "app.yaml",
        "  replicas: 0\n",
        "  replicas: 0\n  secrets: {a: {type: opaque, data: {k: v}}, b: {type: opaque, data: {k: v}}}\n",
    );
    let quota = |secrets: &str| {
        create(
            &stage,
            &json!({
                "apiVersion": "v1", "kind": "ResourceQuota",
                "metadata": {"name": "small", "namespace": stage.project},
                "spec": {"hard": {"count/secrets": secrets}},
            }),
        );
        stage.cluster.until("the quota", || {
            let quota = stage.object("resourcequota", "small").unwrap();
            quota["status"]["hard"]["count/secrets"] == secrets
                && !quota["status"]["used"]["count/secrets"].is_null()
        });
    };
    // Each alone would fit, so no preview can tell.
    quota("1");
    let output = stage.run(&["apply", "--yes", "--no-wait"]);
    assert_eq!(output.code, Some(1), "{output}");
    assert!(
        output.stderr.contains("was denied by quota `small`: requested: count/secrets=1"),
        "{output}"
    );
    assert!(stage.object("deployment", &stage.workload()).is_some());
    let refused = stage.run(&["preview"]);
    assert_eq!(refused.code, Some(1), "{refused}");
    assert!(refused.stderr.contains("was denied by quota `small`"), "{refused}");
    quota("2");
    stage.run(&["apply", "--yes", "--no-wait"]).success();
    assert_eq!(stage.run(&["preview", "--detailed-exitcode"]).code, Some(0));
    let secrets = stage.kubectl(&["get", "secrets", "--output=name"]);
    assert_eq!(secrets.lines().count(), 2, "{secrets}");
}
