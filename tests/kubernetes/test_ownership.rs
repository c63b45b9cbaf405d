//! What belongs to others is left alone.

use serde_json::{Value, json};

use super::stage::Stage;

#[test]
fn an_object_of_another_stack_is_refused() {
    let first = Stage::new();
    first.apply();
    let second = Stage::named(first.cluster, first.project.clone());
    second.sandbox.write("dev/stack.yaml", "name: dev\n");
    second.sandbox.write("prod/stack.yaml", "name: prod\n");
    // Two stacks of one project share the namespace, and nothing else.
    let preview = second.sandbox.run("prod", &["preview"]).success();
    assert!(preview.stdout.contains("stays as it is"), "{preview}");
    second.sandbox.run("prod", &["apply", "--yes"]).success();
    second.sandbox.run("prod", &["destroy", "--yes"]).success();
    assert!(first.object("deployment", &first.workload()).is_some());
    assert!(first.object("namespace", &first.project).is_some());
    assert_eq!(first.run(&["preview", "--detailed-exitcode"]).code, Some(0));
}

#[test]
fn two_stacks_of_a_project_share_a_namespace_and_no_pods() {
    let first = Stage::new();
    first.apply();
    let second = Stage::named(first.cluster, first.project.clone());
    second.sandbox.write("prod/stack.yaml", "name: prod\n");
    second.sandbox.run("prod", &["apply", "--yes"]).success();
    for stack in ["dev", "prod"] {
        let service = format!("{0}-{stack}-{0}-private", first.project);
        let service = first.object("service", &service).unwrap();
        let selector = service["spec"]["selector"].as_object().unwrap().iter();
        let selector: Vec<String> =
            selector.map(|(key, value)| format!("{key}={}", value.as_str().unwrap())).collect();
        let pods = ["get", "pods", "--output=name", "--selector", &selector.join(",")];
        let pods = first.kubectl(&pods);
        let own = format!("pod/{0}-{stack}-{0}-", first.project);
        assert_eq!(pods.lines().filter(|pod| pod.starts_with(&own)).count(), 2, "{pods}");
        assert_eq!(pods.lines().count(), 2, "{pods}");
    }

    // Whoever made the namespace leaves it to the other one, who takes it along as the last.
    let destroyed = first.run(&["destroy", "--yes"]).success();
    assert!(
        destroyed.stdout.contains("forget  stays: it holds objects of others: "),
        "{destroyed}"
    );
    let namespace = first.object("namespace", &first.project).unwrap();
    assert_eq!(namespace["metadata"]["annotations"], json!({"kusion.io/made": "true"}));
    let labels = json!({"kubernetes.io/metadata.name": first.project});
    assert_eq!(namespace["metadata"]["labels"], labels);
    let last = second.sandbox.run("prod", &["destroy", "--yes"]).success();
    assert!(last.stdout.contains("\n-  v1:Namespace:"), "{last}");
    assert!(first.object("namespace", &first.project).is_none());
}

#[test]
fn an_object_of_another_tool_is_adopted_only_with_consent_and_never_deleted() {
    let stage = Stage::new();
    let _ = stage.cluster.kubectl(&["create", "namespace", &stage.project]).expect_ok();
    let plan = stage.sandbox.run("dev", &["preview", "-o", "json"]).success().json();
    let steps = plan["plan"]["steps"].as_array().unwrap().clone();
    let mut ids = steps.iter().filter_map(|step| step["id"].as_str());
    let service = ids.find_map(|id| id.strip_prefix("v1:Service:")).unwrap().to_owned();
    let (_, service) = service.split_once(':').unwrap();
    let _ = stage.kubectl(&["create", "service", "clusterip", service, "--tcp=80"]);
    let _ = stage.kubectl(&["label", "service", service, "app.kubernetes.io/managed-by=Helm"]);
    let refused = stage.run(&["preview"]);
    assert_eq!(refused.code, Some(1), "{refused}");
    assert!(refused.stderr.contains("exists and is managed by Helm"), "{refused}");
    assert_eq!(stage.run(&["apply", "--yes"]).code, Some(1));
    assert!(stage.object("deployment", &stage.workload()).is_none());

    let consent = ["--adopt", "--force-conflicts"];
    let preview = stage.run(&[&["preview"][..], &consent].concat()).success();
    assert!(preview.stdout.contains("existed before and becomes managed"), "{preview}");
    stage.run(&[&["apply", "--yes"][..], &consent].concat()).success();
    assert_eq!(stage.run(&["preview", "--detailed-exitcode"]).code, Some(0));
    let marks = |service: &Value| {
        let metadata = &service["metadata"];
        let tool = metadata["labels"]["app.kubernetes.io/managed-by"].as_str();
        (tool.map(str::to_owned), metadata["annotations"]["kusion.io/adopted"].clone())
    };
    let adopted = marks(&stage.object("service", service).unwrap());
    assert_eq!(adopted, (Some("kusion".to_owned()), json!("Helm")));

    // Somebody whose records are elsewhere does not take it for kusion's either.
    let other = Stage::named(stage.cluster, stage.project.clone());
    let preview = other.run(&["preview"]).success();
    assert!(preview.stdout.contains("existed before and becomes managed"), "{preview}");
    other.apply();
    other.run(&["destroy", "--yes"]).success();
    let left = stage.object("service", service).unwrap();
    assert_eq!(marks(&left), (Some("Helm".to_owned()), Value::Null), "{left:#}");
    assert_eq!(left["metadata"]["labels"].get("kusion.io/stack"), None, "{left:#}");
    assert!(stage.object("deployment", &stage.workload()).is_none());
    stage.run(&["destroy", "--yes"]).success();
    assert!(stage.object("service", service).is_some());
}

#[test]
fn an_object_of_nobody_is_adopted_and_survives_a_destroy() {
    let stage = Stage::new();
    let _ = stage.cluster.kubectl(&["create", "namespace", &stage.project]).expect_ok();
    let preview = stage.run(&["preview"]).success();
    assert!(preview.stdout.contains("existed before and becomes managed"), "{preview}");
    stage.apply();
    stage.run(&["destroy", "--yes"]).success();
    assert!(stage.object("namespace", &stage.project).is_some());
    assert!(stage.object("deployment", &stage.workload()).is_none());
}

#[test]
fn what_existed_before_and_cannot_change_in_place_is_told_so_whatever_is_agreed_to() {
    let stage = Stage::new();
    let _ = stage.cluster.kubectl(&["create", "namespace", &stage.project]).expect_ok();
    let workload = stage.workload();
    let _ = stage.kubectl(&["create", "deployment", &workload, "--image=theirs:1"]);
    let why = "it existed before kusion managed it, so it is never replaced";
    for flags in [&[][..], &["--adopt", "--replace", "--force-conflicts"]] {
        let preview = stage.run(&[&["preview"], flags].concat());
        assert_eq!(preview.code, Some(1), "{preview}");
        let (plan, error) = (&preview.stdout, &preview.stderr);
        assert!(plan.contains(&format!("{why}\n")) && !plan.contains('±'), "{preview}");
        assert!(!plan.contains("--replace") && !error.contains("--replace"), "{preview}");
        assert!(error.contains(why) && error.contains("--> ../app.yaml:"), "{preview}");
    }
    let _ = stage.kubectl(&["delete", "deployment", &workload]);

    // What is wrong only beside what an adopted object has is told with it.
    let port = json!({"apiVersion": "v1", "kind": "Service", "metadata": {
        "name": format!("{workload}-private"), "namespace": stage.project,
    }, "spec": {"ports": [{"port": 81}]}});
    let kubeconfig = stage.cluster.kubeconfig();
    let create = ["create", "--filename=-"];
    let _ = stage.cluster.kubectl_with(&kubeconfig, &create, &port.to_string()).expect_ok();
    let preview = stage.run(&["preview"]);
    assert_eq!(preview.code, Some(1), "{preview}");
    let known = "the object exists already and would be adopted, and `spec.ports[81]` of it stays";
    assert!(preview.stderr.contains(known), "{preview}");
    // The rest of the plan is shown beside.
    let rest = format!("+  apps/v1:Deployment:[project]:{}", "[project]-dev-[project]");
    assert!(preview.stdout.contains(&rest), "{preview}");
    assert!(preview.stdout.contains("What is refused is left out of this plan"), "{preview}");
}

#[test]
fn what_was_adopted_keeps_the_namespace_that_we_made() {
    let stage = Stage::raw();
    let object = |name: &str| {
        let metadata = json!({"name": name, "namespace": stage.project});
        json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": {"a": "1"}})
    };
    stage.write_raw(&[object("ours")]);
    stage.apply();
    let _ = stage.kubectl(&["create", "configmap", "theirs"]);
    stage.write_raw(&[object("ours"), object("theirs")]);
    stage.run(&["apply", "--yes", "--adopt"]).success();
    stage.run(&["destroy", "--yes"]).success();
    assert!(stage.object("configmap", "ours").is_none());
    assert!(stage.object("configmap", "theirs").is_some());
    assert!(stage.object("namespace", &stage.project).is_some());
}

#[test]
fn what_was_adopted_stays_on_record_until_its_marks_are_off() {
    let stage = Stage::raw();
    let object = |kind: &str, name: &str| {
        let metadata = json!({"name": name, "namespace": stage.project});
        json!({"apiVersion": "v1", "kind": kind, "metadata": metadata})
    };
    let (ours, theirs) = (object("ConfigMap", "ours"), object("ConfigMap", "theirs"));
    stage.write_raw(std::slice::from_ref(&ours));
    stage.apply();
    let _ = stage.kubectl(&["create", "configmap", "theirs"]);
    stage.write_raw(&[ours.clone(), theirs.clone()]);
    stage.run(&["apply", "--yes", "--adopt"]).success();

    // An apply that leaves it, and fails elsewhere: nothing provides the claim's volume.
    let mut claim = object("PersistentVolumeClaim", "never");
    claim["spec"] = json!({
        "accessModes": ["ReadWriteOnce"], "storageClassName": "none",
        "resources": {"requests": {"storage": "1Mi"}},
    });
    stage.write_raw(&[ours.clone(), claim]);
    let failed = stage.run(&["apply", "--yes", "--timeout", "2"]);
    assert_ne!(failed.code, Some(0), "{failed}");
    stage.write_raw(&[ours, theirs]);
    stage.run(&["apply", "--yes", "--allow-data-loss"]).success();
    stage.run(&["destroy", "--yes"]).success();
    assert!(stage.object("configmap", "ours").is_none());
    let theirs = stage.object("configmap", "theirs").unwrap();
    assert_eq!(theirs["metadata"].get("annotations"), None, "{theirs:#}");
}

#[test]
fn what_others_do_while_somebody_is_asked_is_not_run_over() {
    let stage = Stage::new();
    stage.apply();
    let service = format!("{}-private", stage.workload());
    assert!(stage.object("service", &service).is_some());
    stage.sandbox.edit("app.yaml", "accessories:\n  network: {ports: [{port: 80}]}\n", "");
    let prune = stage.sandbox.at_terminal("dev", "apply", &[], |_| {
        let _ = stage.kubectl(&["annotate", "service", &service, "kusion.io/keep=true"]);
        Some("yes")
    });
    assert_eq!(prune.code, Some(1), "{prune}");
    assert!(prune.stdout.contains("was marked with `kusion.io/keep` since"), "{prune}");
    assert!(stage.object("service", &service).is_some());

    stage.run(&["destroy", "--yes"]).success();
    stage.sandbox.edit(
        "app.yaml",
        "workload:\n",
        "workload:\n  secrets: {a: {type: opaque, data: {key: x}}}\n",
    );
    let create = stage.sandbox.at_terminal("dev", "apply", &[], |_| {
        let _ = stage.kubectl(&["create", "secret", "generic", "a"]);
        std::thread::sleep(std::time::Duration::from_secs(11));
        Some("yes")
    });
    assert_eq!(create.code, Some(1), "{create}");
    assert!(create.stdout.contains("was made by somebody else since"), "{create}");
    assert!(stage.object("secret", "a").is_some_and(|secret| secret["data"].is_null()));
}

#[test]
fn a_namespace_that_others_make_while_somebody_is_asked_stays_theirs() {
    let stage = Stage::new();
    let create = stage.sandbox.at_terminal("dev", "apply", &[], |_| {
        let _ = stage.cluster.kubectl(&["create", "namespace", &stage.project]).expect_ok();
        Some("yes")
    });
    assert_eq!(create.code, Some(1), "{create}");
    assert!(create.stdout.contains("was made by somebody else since"), "{create}");
    let theirs = stage.object("namespace", &stage.project).unwrap();
    assert_eq!(theirs["metadata"].get("annotations"), None, "{theirs:#}");
    // Whoever looks at it then, adopts it.
    stage.apply();
    stage.run(&["destroy", "--yes"]).success();
    assert!(stage.object("namespace", &stage.project).is_some());
}

#[test]
fn a_record_that_was_lost_is_found_again_on_the_objects() {
    let first = Stage::new();
    first.apply();
    let second = Stage::named(first.cluster, first.project.clone());
    let preview = second.run(&["preview"]).success();
    assert!(preview.stdout.contains("in the target already, and not on record"), "{preview}");
    let known = "The stack is on another record: last changed by `";
    assert!(preview.stdout.contains(known), "{preview}");
    let drift = second.run(&["preview", "--drift-only"]);
    assert_eq!(drift.code, Some(1), "{drift}");
    let known = "error: the stack runs in the target and is on another record: last changed by `";
    assert!(drift.stderr.starts_with(known) && drift.stderr.contains(" (apply)` at 20"), "{drift}");
    second.apply();
    second.run(&["destroy", "--yes"]).success();
    assert!(first.object("deployment", &first.workload()).is_none());
}

#[test]
fn other_tools_can_list_exactly_the_members() {
    let stage = Stage::new();
    stage.apply();
    let list =
        stage.kubectl(&["get", "configmaps", "-l", "applyset.kubernetes.io/id", "-o", "json"]);
    let list: Value = serde_json::from_str(&list).unwrap();
    let parent = &list["items"][0]["metadata"];
    let id = parent["labels"]["applyset.kubernetes.io/id"].as_str().unwrap();
    let annotations = &parent["annotations"];
    assert_eq!(
        annotations["applyset.kubernetes.io/contains-group-kinds"],
        "Deployment.apps,Service"
    );
    assert!(
        annotations["applyset.kubernetes.io/tooling"].as_str().unwrap().starts_with("kusion/v")
    );
    let members = || {
        let selector = format!("applyset.kubernetes.io/part-of={id}");
        let kinds = "deployments,services,configmaps,secrets,leases,replicasets,pods,namespaces";
        stage.kubectl(&["get", kinds, "--output=name", "-l", &selector])
    };
    let workload = stage.workload();
    let deployment = format!("deployment.apps/{workload}\n");
    assert_eq!(members().lines().count(), 2);
    assert!(members().starts_with(&deployment), "{}", members());
    let deployment_of = || stage.object("deployment", &workload).unwrap();
    assert_eq!(
        deployment_of()["spec"]["template"]["metadata"]["labels"]
            .get("applyset.kubernetes.io/part-of"),
        None
    );
    // Nothing is written where nothing changes.
    let version = |list: &Value| list["items"][0]["metadata"]["resourceVersion"].clone();
    stage.apply();
    let again =
        stage.kubectl(&["get", "configmaps", "-l", "applyset.kubernetes.io/id", "-o", "json"]);
    assert_eq!(version(&serde_json::from_str(&again).unwrap()), version(&list));

    stage.sandbox.edit("app.yaml", "accessories:\n  network: {ports: [{port: 80}]}\n", "");
    stage.apply();
    assert_eq!(members(), deployment);
}

#[test]
fn a_namespace_that_was_there_before_holds_nothing_more_after_a_destroy() {
    let stage = Stage::new();
    let _ = stage.cluster.kubectl(&["create", "namespace", &stage.project]).expect_ok();
    stage.cluster.until("the namespace has what the system puts into it", || {
        stage.object("configmap", "kube-root-ca.crt").is_some()
    });
    let everything = || {
        let kinds = "configmaps,secrets,leases,deployments,services";
        stage.kubectl(&["get", kinds, "--output=name"])
    };
    let before = everything();
    stage.apply();
    assert_ne!(everything(), before);
    stage.run(&["destroy", "--yes"]).success();
    assert_eq!(everything(), before);
}
