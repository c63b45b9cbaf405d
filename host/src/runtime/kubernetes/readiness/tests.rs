use serde_json::{Value, json};

use super::*;

fn of(api_version: &str, kind: &str, spec: Value, status: Value) -> Readiness {
    Readiness::of(&json!({
        "apiVersion": api_version, "kind": kind,
        "metadata": {"name": "x", "namespace": "n", "generation": 2},
        "spec": spec, "status": status,
    }))
}

/// A table of a status and what is said about it: nothing, a text for `waiting`, `!` and a text for `failed`.
fn check(api_version: &str, kind: &str, cases: Vec<(Value, Value, &str)>) {
    for (spec, status, expected) in cases {
        let expected = match (expected, expected.strip_prefix('!')) {
            ("", _) => Readiness::Ready,
            (_, Some(reason)) => failed(reason),
            (reason, None) => waiting(reason),
        };
        assert_eq!(of(api_version, kind, spec, status.clone()), expected, "{kind} {status}");
    }
}

fn condition(kind: &str, status: &str, reason: &str, message: &str) -> Value {
    json!({"type": kind, "status": status, "reason": reason, "message": message})
}

#[test]
fn a_deployment_is_ready_when_the_new_replicas_alone_are_available() {
    let three = || json!({"replicas": 3});
    let deadline = condition(
        "Progressing",
        "False",
        "ProgressDeadlineExceeded",
        "ReplicaSet \"x-1\" has timed out progressing.",
    );
    let quota = condition("ReplicaFailure", "True", "FailedCreate", "exceeded quota: q");
    let seen = |updated, replicas, available| {
        json!({
            "observedGeneration": 2, "updatedReplicas": updated, "replicas": replicas,
            "availableReplicas": available,
        })
    };
    let mut over_quota = seen(1, 1, 1);
    over_quota["conditions"] = json!([quota]);
    let mut given_up = seen(3, 3, 2);
    given_up["conditions"] = json!([deadline]);
    check(
        "apps/v1",
        "Deployment",
        vec![
            (three(), json!({}), "its controller has not seen it yet"),
            (
                three(),
                json!({"observedGeneration": 1, "updatedReplicas": 3, "replicas": 3, "availableReplicas": 3}),
                "its controller has not seen the change yet",
            ),
            (three(), seen(1, 3, 3), "1 of 3 replicas updated"),
            (three(), seen(3, 4, 3), "1 old replica to be stopped"),
            (three(), seen(3, 5, 3), "2 old replicas to be stopped"),
            (three(), seen(3, 3, 2), "2 of 3 replicas available"),
            (three(), seen(3, 3, 3), ""),
            (three(), over_quota, "1 of 3 replicas updated: FailedCreate: exceeded quota: q"),
            (
                three(),
                given_up,
                "!ProgressDeadlineExceeded: ReplicaSet \"x-1\" has timed out progressing",
            ),
            (json!({}), seen(1, 1, 1), ""),
            (json!({"replicas": 0}), json!({"observedGeneration": 2}), ""),
            (json!({"replicas": 3, "paused": true}), seen(0, 3, 3), ""),
        ],
    );
}

#[test]
fn a_stateful_set_is_ready_when_all_above_the_partition_have_the_new_revision() {
    let status = |ready, updated, current: &str| {
        json!({
            "observedGeneration": 2, "readyReplicas": ready, "updatedReplicas": updated,
            "currentRevision": current, "updateRevision": "b",
        })
    };
    let rolling = |partition| json!({"replicas": 3, "updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"partition": partition}}});
    let mut not_long_enough = status(3, 3, "b");
    not_long_enough["availableReplicas"] = json!(2);
    check(
        "apps/v1",
        "StatefulSet",
        vec![
            (rolling(0), json!({}), "its controller has not seen it yet"),
            (rolling(0), status(2, 3, "b"), "2 of 3 replicas ready"),
            (rolling(0), not_long_enough, "2 of 3 replicas available"),
            (rolling(0), status(3, 2, "a"), "2 of 3 replicas updated"),
            (rolling(0), status(3, 3, "a"), "the rollout is not complete"),
            (rolling(0), status(3, 3, "b"), ""),
            (rolling(2), status(3, 0, "a"), "0 of 1 replicas updated"),
            (rolling(2), status(3, 1, "a"), ""),
            (json!({"replicas": 3, "updateStrategy": {"type": "OnDelete"}}), status(3, 0, "a"), ""),
        ],
    );
}

#[test]
fn a_daemon_set_is_ready_when_every_node_has_its_new_pod() {
    let status = |wanted, updated, available| {
        json!({
            "observedGeneration": 2, "desiredNumberScheduled": wanted,
            "updatedNumberScheduled": updated, "numberAvailable": available,
        })
    };
    check(
        "apps/v1",
        "DaemonSet",
        vec![
            (json!({}), json!({}), "its controller has not seen it yet"),
            (json!({}), status(2, 1, 2), "1 of 2 pods updated"),
            (json!({}), status(2, 2, 1), "1 of 2 pods available"),
            (json!({}), status(2, 2, 2), ""),
            (json!({}), status(0, 0, 0), ""),
            (json!({"updateStrategy": {"type": "OnDelete"}}), status(2, 0, 2), ""),
        ],
    );
}

#[test]
fn a_replica_set_counts_its_available_pods() {
    check(
        "apps/v1",
        "ReplicaSet",
        vec![
            (
                json!({"replicas": 2}),
                json!({"observedGeneration": 2, "availableReplicas": 1}),
                "1 of 2 replicas available",
            ),
            (json!({"replicas": 2}), json!({"observedGeneration": 2, "availableReplicas": 2}), ""),
            (json!({}), json!({}), "its controller has not seen it yet"),
        ],
    );
}

#[test]
fn a_job_is_ready_when_it_is_done_and_a_cron_job_at_once() {
    let ended = |kind: &str| json!({"conditions": [condition(kind, "True", "BackoffLimitExceeded", "Job has reached the specified backoff limit")]});
    check(
        "batch/v1",
        "Job",
        vec![
            (json!({"completions": 3}), json!({"succeeded": 1}), "1 of 3 pods completed"),
            (json!({}), json!({}), "0 pods completed"),
            (
                json!({"completions": 1, "backoffLimit": 2}),
                json!({"failed": 2}),
                "0 of 1 pods completed, 2 of 3 attempts failed",
            ),
            (json!({}), json!({"failed": 1}), "0 pods completed, 1 of 7 attempts failed"),
            (json!({"completions": 1}), ended("Complete"), ""),
            (
                json!({"completions": 1}),
                ended("Failed"),
                "!BackoffLimitExceeded: Job has reached the specified backoff limit",
            ),
            (
                json!({"completions": 1}),
                ended("FailureTarget"),
                "!BackoffLimitExceeded: Job has reached the specified backoff limit",
            ),
            (json!({"completions": 1, "suspend": true}), json!({}), ""),
        ],
    );
    check("batch/v1", "CronJob", vec![(json!({"schedule": "0 0 1 1 *"}), json!({}), "")]);
}

#[test]
fn a_pod_says_why_it_does_not_run() {
    let waits = |reason: &str, message: &str, restarts: u32| {
        json!({"phase": "Pending", "containerStatuses": [
            {"name": "main", "restartCount": restarts, "state": {"waiting": {"reason": reason, "message": message}}},
        ]})
    };
    check(
        "v1",
        "Pod",
        vec![
            (json!({}), json!({}), "it has not started yet"),
            (json!({}), json!({"phase": "Succeeded"}), ""),
            (
                json!({}),
                json!({"phase": "Running", "conditions": [condition("Ready", "True", "", "")]}),
                "",
            ),
            (
                json!({}),
                waits("ImagePullBackOff", "Back-off pulling image \"nope:1\"", 0),
                "container `main`: ImagePullBackOff: Back-off pulling image \"nope:1\"",
            ),
            (
                json!({}),
                json!({"phase": "Pending", "containerStatuses": [
                    {"name": "main", "image": "nope:1", "state": {"waiting": {"reason": "ErrImagePull"}}},
                ]}),
                "container `main`: ErrImagePull, image `nope:1`",
            ),
            (
                json!({}),
                json!({"phase": "Running", "containerStatuses": [{
                    "name": "main", "image": "shop:1", "restartCount": 1,
                    "state": {"waiting": {"reason": "CrashLoopBackOff", "message": "back-off 10s restarting failed container."}},
                    "lastState": {"terminated": {"exitCode": 137, "reason": "OOMKilled"}},
                }]}),
                "container `main`: CrashLoopBackOff: back-off 10s restarting failed container, exit code 137, restarted once",
            ),
            (
                json!({}),
                json!({"phase": "Running", "conditions": [condition("Ready", "False", "ContainersNotReady", "containers with unready status: [main]")]}),
                "ContainersNotReady: containers with unready status: [main]",
            ),
            (
                json!({}),
                waits("CrashLoopBackOff", "", 4),
                "container `main`: CrashLoopBackOff, restarted 4 times",
            ),
            (json!({}), waits("ContainerCreating", "", 0), "it has not started yet"),
            (
                json!({}),
                json!({"phase": "Pending", "conditions": [condition("PodScheduled", "False", "Unschedulable", "0/3 nodes are available.")]}),
                "Unschedulable: 0/3 nodes are available",
            ),
            (
                json!({}),
                json!({"phase": "Failed", "reason": "Evicted", "message": "The node was low on resource: memory."}),
                "!Evicted: The node was low on resource: memory",
            ),
            (
                json!({}),
                json!({"phase": "Failed", "containerStatuses": [
                    {"name": "main", "state": {"terminated": {"exitCode": 137, "reason": "OOMKilled"}}},
                ]}),
                "!container `main`: OOMKilled, exit code 137",
            ),
        ],
    );
}

#[test]
fn what_gets_an_address_or_a_volume_waits_for_it() {
    let address = || json!({"loadBalancer": {"ingress": [{"ip": "10.0.0.1"}]}});
    let none = || json!({"loadBalancer": {}});
    check(
        "v1",
        "Service",
        vec![
            (json!({"type": "LoadBalancer"}), none(), "no address was assigned yet"),
            (json!({"type": "LoadBalancer"}), address(), ""),
            (json!({"type": "LoadBalancer", "externalIPs": ["192.0.2.1"]}), none(), ""),
            (json!({"type": "ClusterIP"}), none(), ""),
            (json!({"type": "ExternalName"}), json!({}), ""),
            (json!({}), json!({}), ""),
        ],
    );
    check(
        "networking.k8s.io/v1",
        "Ingress",
        vec![
            (json!({"ingressClassName": "nginx"}), none(), "no address was assigned yet"),
            (
                json!({}),
                none(),
                "no address was assigned yet; it has no class that says which controller serves it",
            ),
            (json!({}), address(), ""),
        ],
    );
    check(
        "v1",
        "PersistentVolumeClaim",
        vec![
            (json!({}), json!({"phase": "Pending"}), "no volume is bound to it yet"),
            (json!({}), json!({"phase": "Lost"}), "!its volume is lost"),
            (json!({}), json!({"phase": "Bound"}), ""),
        ],
    );
    check(
        "v1",
        "PersistentVolume",
        vec![
            (json!({}), json!({}), "it is not available yet"),
            (
                json!({}),
                json!({"phase": "Failed", "message": "recycler failed"}),
                "!recycler failed",
            ),
            (json!({}), json!({"phase": "Available"}), ""),
        ],
    );
}

#[test]
fn namespaces_and_definitions_are_ready_when_the_server_serves_them() {
    check(
        "v1",
        "Namespace",
        vec![
            (json!({}), json!({}), "it has no phase yet"),
            (json!({}), json!({"phase": "Active"}), ""),
            (json!({}), json!({"phase": "Terminating"}), "its phase is Terminating"),
        ],
    );
    check(
        "apiextensions.k8s.io/v1",
        "CustomResourceDefinition",
        vec![
            (json!({}), json!({}), "the server does not serve it yet"),
            (
                json!({}),
                json!({"conditions": [condition("Established", "False", "Installing", "the initial names have been accepted")]}),
                "Installing: the initial names have been accepted",
            ),
            (json!({}), json!({"conditions": [condition("Established", "True", "", "")]}), ""),
            (
                json!({}),
                json!({"conditions": [
                    condition("Established", "True", "", ""),
                    condition("NamesAccepted", "False", "PluralConflict", "\"gadgets\" is already in use"),
                ]}),
                "!PluralConflict: \"gadgets\" is already in use",
            ),
        ],
    );
}

#[test]
fn any_other_object_is_judged_by_the_conditions_that_most_share() {
    let with = |conditions: Value| json!({"conditions": conditions});
    let not_ready = || condition("Ready", "False", "Progressing", "it is being made");
    check(
        "example.com/v1",
        "Gadget",
        vec![
            (json!({}), json!({}), ""),
            (json!({}), with(json!([not_ready()])), "Progressing: it is being made"),
            (json!({}), with(json!([condition("Ready", "Unknown", "", "")])), "Ready is Unknown"),
            (json!({}), with(json!([condition("Ready", "True", "", "")])), ""),
            (json!({}), with(json!([condition("Available", "False", "", "down")])), "down"),
            (
                json!({}),
                with(json!([
                    not_ready(),
                    condition("Stalled", "True", "BadSpec", "no such size.")
                ])),
                "!BadSpec: no such size",
            ),
            (
                json!({}),
                with(json!([
                    condition("Ready", "True", "", ""),
                    condition("Reconciling", "True", "Again", "")
                ])),
                "Again",
            ),
            (
                json!({}),
                json!({"observedGeneration": 1}),
                "its controller has not seen the change yet",
            ),
            // Some controllers say it for each condition, and what they say may be about the past.
            (
                json!({}),
                with(json!([{"type": "Ready", "status": "True", "observedGeneration": 1}])),
                "its controller has not seen the change yet",
            ),
            (
                json!({}),
                with(json!([{"type": "Ready", "status": "True", "observedGeneration": 2}])),
                "",
            ),
        ],
    );
    check("v1", "ConfigMap", vec![(json!({}), json!({}), "")]);
    let scaling = with(json!([condition("Ready", "False", "", "")]));
    check("autoscaling/v2", "HorizontalPodAutoscaler", vec![(json!({}), scaling, "")]);
}

#[test]
fn the_last_bad_news_is_the_condition_that_tells_most() {
    let telling = |conditions: Value| {
        let condition = telling_condition(&json!({"status": {"conditions": conditions}}));
        condition.map(|condition| condition.kind)
    };
    let at = |kind: &str, status: &str, second: u32| {
        let since = format!("2026-01-01T00:00:{second:02}Z");
        json!({"type": kind, "status": status, "lastTransitionTime": since})
    };
    let cases = [
        (json!([at("Progressing", "True", 9), at("Available", "False", 1)]), Some("Available")),
        (
            json!([at("Available", "False", 1), at("ReplicaFailure", "True", 2)]),
            Some("ReplicaFailure"),
        ),
        (json!([at("Failed", "False", 9), at("Ready", "Unknown", 1)]), Some("Ready")),
        (json!([at("Progressing", "True", 1), at("Available", "True", 2)]), Some("Progressing")),
        (json!([at("Available", "True", 2)]), None),
        (json!([]), None),
    ];
    for (conditions, expected) in cases {
        assert_eq!(telling(conditions.clone()).as_deref(), expected, "{conditions}");
    }
}

#[test]
fn what_is_being_deleted_or_is_no_object_is_not_ready() {
    let leaving = json!({
        "apiVersion": "v1", "kind": "ConfigMap",
        "metadata": {"name": "x", "deletionTimestamp": "2026-01-01T00:00:00Z"},
    });
    assert_eq!(Readiness::of(&leaving), waiting("it is being deleted"));
    assert_eq!(Readiness::of(&json!([])), waiting("it is no object yet"));
    assert_eq!(Readiness::of(&leaving).reason(), Some("it is being deleted"));
    assert_eq!(Readiness::Ready.reason(), None);
}
