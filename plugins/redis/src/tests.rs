//! Whole answers of the `redis` module.

use kusion_sdk::testing::Call;
use kusion_sdk::{Output, Rejection};
use serde_json::{Value, json};

use crate::Redis;

fn call(config: Value) -> Call<Redis> {
    Call::new(config).accessory("sessions")
}

fn output(call: Call<Redis>) -> Output {
    match call.generate() {
        Ok(output) => output,
        Err(rejection) => panic!("rejected: {rejection:?}"),
    }
}

fn pod(output: &Output) -> &Value {
    let deployment = output.resources.iter().find(|it| it.id.contains(":Deployment:"));
    &deployment.unwrap().attributes["spec"]["template"]["spec"]
}

fn ids(output: &Output) -> Vec<&str> {
    output.resources.iter().map(|it| it.id.as_str()).collect()
}

#[test]
fn a_cache_keeps_nothing_and_has_no_volume_of_its_own() {
    let output = output(call(json!({"version": "8.0"})));
    assert_eq!(
        ids(&output),
        [
            "v1:Secret:shop:shop-dev-web-sessions-db-local-secret",
            "apps/v1:Deployment:shop:shop-dev-web-sessions-db-local-deployment",
            "v1:Service:shop:shop-dev-web-sessions-db-local-service",
            "v1:Secret:shop:shop-dev-web-sessions-redis",
        ]
    );
    let password = "$kusion_secret.web.sessions.password";
    assert_eq!(
        output.resources[0].attributes["stringData"],
        json!({
            "password": password,
            "redis.conf":
                format!("dir /data\nrequirepass {password}\nappendonly no\nsave \"\"\n"),
        })
    );
    let probe = |period: u32, failures: u32| {
        json!({
            "exec": {"command": ["sh", "-c", "redis-cli ping | grep -q PONG"]},
            "periodSeconds": period,
            "timeoutSeconds": 5,
            "failureThreshold": failures,
        })
    };
    assert_eq!(
        *pod(&output),
        json!({
            "automountServiceAccountToken": false,
            "securityContext": {"seccompProfile": {"type": "RuntimeDefault"}},
            "containers": [{
                "name": "redis",
                "image": "redis:8.0",
                "args": ["redis-server", "/etc/redis/redis.conf"],
                "env": [{
                    "name": "REDISCLI_AUTH",
                    "valueFrom": {"secretKeyRef": {
                        "name": "shop-dev-web-sessions-db-local-secret",
                        "key": "password",
                    }},
                }],
                "ports": [{"name": "redis", "containerPort": 6379}],
                "resources": {
                    "requests": {"cpu": "50m", "memory": "64Mi"},
                    "limits": {"memory": "256Mi"},
                },
                "securityContext": {"allowPrivilegeEscalation": false},
                "volumeMounts": [
                    {"name": "data", "mountPath": "/data"},
                    {"name": "config", "mountPath": "/etc/redis", "readOnly": true},
                ],
                "startupProbe": probe(5, 120),
                "readinessProbe": probe(10, 3),
                "livenessProbe": probe(20, 6),
            }],
            "volumes": [
                {"name": "data", "emptyDir": {}},
                {
                    "name": "config",
                    "secret": {
                        "secretName": "shop-dev-web-sessions-db-local-secret",
                        "items": [{"key": "redis.conf", "path": "redis.conf"}],
                    },
                },
            ],
        })
    );
    assert_eq!(
        output.resources[3].attributes["stringData"],
        json!({
            "hostAddress": "shop-dev-web-sessions-db-local-service",
            "port": "6379",
            "password": password,
            "url": format!("redis://:{password}@shop-dev-web-sessions-db-local-service:6379/0"),
        })
    );
    let variable = |name: &str, key: &str| {
        json!({
            "name": name,
            "valueFrom": {"secretKeyRef": {"name": "shop-dev-web-sessions-redis", "key": key}},
        })
    };
    assert_eq!(
        json!(output.patches),
        json!([{"env": [
            variable("KUSION_REDIS_HOST_SESSIONS", "hostAddress"),
            variable("KUSION_REDIS_PORT_SESSIONS", "port"),
            variable("KUSION_REDIS_PASSWORD_SESSIONS", "password"),
            variable("KUSION_REDIS_URL_SESSIONS", "url"),
        ]}])
    );
}

#[test]
fn a_persistent_server_writes_to_a_volume_that_outlives_its_pod() {
    let config = json!({"type": "local", "version": "7.4", "persistent": true});
    let output = output(call(config).platform(json!({"size": 5})));
    assert_eq!(ids(&output)[1], "v1:PersistentVolumeClaim:shop:shop-dev-web-sessions-db-local-pvc");
    assert_eq!(output.resources[1].attributes["spec"]["resources"]["requests"]["storage"], "5Gi");
    let file = output.resources[0].attributes["stringData"]["redis.conf"].as_str().unwrap();
    assert!(file.ends_with("appendonly yes\n"), "{file}");
    assert_eq!(
        pod(&output)["volumes"][0]["persistentVolumeClaim"]["claimName"],
        "shop-dev-web-sessions-db-local-pvc"
    );
}

#[test]
fn a_restricted_pod_runs_as_the_images_user_on_a_read_only_root() {
    let platform = json!({"podSecurity": "restricted", "resources": {"memory": "1Gi"}});
    let output = output(call(json!({"version": "8.0"})).platform(platform));
    let pod = pod(&output);
    assert_eq!(pod["securityContext"]["runAsUser"], 999);
    assert_eq!(pod["securityContext"]["fsGroup"], 999);
    let container = &pod["containers"][0];
    assert_eq!(container["securityContext"]["readOnlyRootFilesystem"], true);
    assert_eq!(container["volumeMounts"][2], json!({"name": "redis-tmp", "mountPath": "/tmp"}));
    assert_eq!(
        container["resources"],
        json!({"requests": {"cpu": "50m"}, "limits": {"memory": "1Gi"}})
    );
}

#[test]
fn two_servers_of_one_app_share_no_name_and_none_is_named_twice() {
    let config = json!({"version": "8.0"});
    let first = output(Call::new(config.clone()));
    let second = output(call(config));
    assert_eq!(ids(&first)[3], "v1:Secret:shop:shop-dev-web-redis");
    assert!(ids(&first).iter().all(|id| !ids(&second).contains(id)));
}

#[test]
fn every_problem_is_reported_with_its_place() {
    let platform = json!({"size": 0, "resources": {"cpu": "lots"}});
    let Err(Rejection::Invalid(problems)) =
        call(json!({"version": "8 0"})).platform(platform).generate()
    else {
        panic!("three things are wrong");
    };
    let pointers: Vec<_> = problems.iter().map(|it| it.pointer.as_str()).collect();
    assert_eq!(pointers, ["/config/version", "/platform/size", "/platform/resources/cpu"]);
}

#[test]
fn only_a_server_beside_the_app_is_offered() {
    assert!(call(json!({"type": "cloud", "version": "8.0"})).generate().is_err());
}
