//! Whole answers of the `postgres` module.

use kusion_sdk::testing::Call;
use kusion_sdk::{Output, Rejection, Resource};
use serde_json::{Value, json};

use crate::Postgres;

fn local() -> Call<Postgres> {
    Call::new(json!({"type": "local", "version": "17"})).accessory("orders")
}

fn cloud(cloud: &str) -> Call<Postgres> {
    Call::new(json!({"type": "cloud", "version": "14.0"})).accessory("orders").platform(json!({
        "cloud": cloud,
        "region": "eu-central-1",
        "instanceType": "db.t3.micro",
        "securityIPs": ["0.0.0.0/0"],
        "privateRouting": false,
    }))
}

fn output(call: Call<Postgres>) -> Output {
    match call.generate() {
        Ok(output) => output,
        Err(rejection) => panic!("rejected: {rejection:?}"),
    }
}

fn of<'a>(output: &'a Output, kind: &str) -> &'a Resource {
    let part = format!(":{kind}:");
    match output.resources.iter().find(|it| it.id.contains(&part)) {
        Some(resource) => resource,
        None => panic!("no {kind}"),
    }
}

fn pod(output: &Output) -> &Value {
    &of(output, "Deployment").attributes["spec"]["template"]["spec"]
}

fn problems(call: Call<Postgres>) -> Vec<String> {
    match call.generate() {
        Err(Rejection::Invalid(problems)) => {
            problems.into_iter().map(|it| it.pointer.to_string()).collect()
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_local_database_has_everything_it_needs() {
    let output = output(local());
    let ids: Vec<&str> = output.resources.iter().map(|it| it.id.as_str()).collect();
    assert_eq!(
        ids,
        [
            "v1:Secret:shop:shop-dev-web-orders-db-local-secret",
            "v1:PersistentVolumeClaim:shop:shop-dev-web-orders-db-local-pvc",
            "apps/v1:Deployment:shop:shop-dev-web-orders-db-local-deployment",
            "v1:Service:shop:shop-dev-web-orders-db-local-service",
            "v1:Secret:shop:shop-dev-web-orders-postgres",
        ]
    );
    let probe = |period: u32, failures: u32| {
        json!({
            "exec": {"command": [
                "pg_isready", "--host=127.0.0.1", "--username=kusion_default", "--dbname=orders",
            ]},
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
                "name": "postgres",
                "image": "postgres:17",
                "env": [
                    {"name": "PGDATA", "value": "/var/lib/postgresql/data/pgdata"},
                    {"name": "POSTGRES_DB", "value": "orders"},
                    {
                        "name": "POSTGRES_PASSWORD",
                        "valueFrom": {"secretKeyRef": {
                            "name": "shop-dev-web-orders-db-local-secret",
                            "key": "password",
                        }},
                    },
                    {"name": "POSTGRES_USER", "value": "kusion_default"},
                ],
                "ports": [{"name": "postgres", "containerPort": 5432}],
                "resources": {
                    "requests": {"cpu": "100m", "memory": "256Mi"},
                    "limits": {"memory": "1Gi"},
                },
                "securityContext": {"allowPrivilegeEscalation": false},
                "volumeMounts": [{"name": "data", "mountPath": "/var/lib/postgresql/data"}],
                "startupProbe": probe(5, 120),
                "readinessProbe": probe(10, 3),
                "livenessProbe": probe(20, 6),
            }],
            "volumes": [{
                "name": "data",
                "persistentVolumeClaim": {"claimName": "shop-dev-web-orders-db-local-pvc"},
            }],
        })
    );
    assert_eq!(
        of(&output, "Service").attributes["spec"]["ports"],
        json!([{"name": "postgres", "port": 5432}])
    );
    let variable = |name: &str, key: &str| {
        json!({
            "name": name,
            "valueFrom": {"secretKeyRef": {"name": "shop-dev-web-orders-postgres", "key": key}},
        })
    };
    assert_eq!(
        json!(output.patches),
        json!([{"env": [
            variable("KUSION_DB_HOST_ORDERS", "hostAddress"),
            variable("KUSION_DB_USERNAME_ORDERS", "username"),
            variable("KUSION_DB_PASSWORD_ORDERS", "password"),
        ]}])
    );
}

#[test]
fn a_restricted_pod_runs_as_the_user_of_its_image() {
    for (version, user) in [("17", 999), ("16.4-bookworm", 999), ("16-alpine3.20", 70)] {
        let call = Call::<Postgres>::new(json!({"type": "local", "version": version}))
            .accessory("orders")
            .platform(json!({"podSecurity": "restricted"}));
        let output = output(call);
        let pod = pod(&output);
        for key in ["runAsUser", "runAsGroup", "fsGroup"] {
            assert_eq!(pod["securityContext"][key], user, "{version}");
        }
        let mounts = pod["containers"][0]["volumeMounts"].as_array().unwrap();
        let paths: Vec<_> = mounts.iter().filter_map(|it| it["mountPath"].as_str()).collect();
        assert_eq!(paths, ["/var/lib/postgresql/data", "/tmp", "/var/run/postgresql"]);
    }
}

#[test]
fn a_role_that_the_server_keeps_for_itself_is_refused() {
    for username in ["pg_monitor", "", "1a", "a'b", &"a".repeat(64)] {
        let call = local().platform(json!({"username": username}));
        assert_eq!(problems(call), ["/platform/username"], "{username}");
    }
    assert!(local().platform(json!({"username": "order-app"})).generate().is_ok());
}

#[test]
fn a_managed_database_is_reached_as_in_pods() {
    for name in ["aws", "alicloud"] {
        assert_eq!(output(cloud(name)).patches, output(local()).patches);
    }
    let aws = output(cloud("aws"));
    let instance = &of(&aws, "aws_db_instance").attributes;
    assert_eq!(
        (&instance["engine"], &instance["engine_version"]),
        (&json!("postgres"), &json!("14.0"))
    );
    assert_eq!(instance["username"], "kusion_default");
    let alicloud = output(cloud("alicloud"));
    assert_eq!(of(&alicloud, "alicloud_db_instance").attributes["engine"], "PostgreSQL");
    assert_eq!(
        of(&alicloud, "Secret").attributes["stringData"]["hostAddress"],
        "$kusion_path.aliyun:alicloud:alicloud_db_connection:shop-dev-web-orders.connection_string"
    );
}

// Each of the following is named after a defect of the Go implementation.

#[test]
fn the_security_group_opens_5432_and_not_3306() {
    let output = output(cloud("aws"));
    let ingress = &of(&output, "aws_security_group").attributes["ingress"][0];
    assert_eq!((&ingress["from_port"], &ingress["to_port"]), (&json!(5432), &json!(5432)));
    let connection = output_of_alicloud("alicloud_db_connection");
    assert_eq!(connection["port"], "5432");
}

fn output_of_alicloud(kind: &str) -> Value {
    of(&output(cloud("alicloud")), kind).attributes.clone()
}

#[test]
fn no_name_ends_in_postgres_postgres() {
    for call in [local(), cloud("aws"), cloud("alicloud")] {
        let output = output(call.accessory("postgres"));
        assert!(of(&output, "Secret").id.contains(":shop-dev-web-postgres"));
        for resource in &output.resources {
            assert!(!resource.id.ends_with("postgres-postgres"), "{}", resource.id);
        }
    }
}

#[test]
fn security_ips_from_yaml_are_a_list_and_no_panic() {
    let output = output(cloud("aws"));
    let ingress = &of(&output, "aws_security_group").attributes["ingress"][0];
    assert_eq!(ingress["cidr_blocks"], json!(["0.0.0.0/0"]));
}

#[test]
fn private_ips_without_private_routing_are_no_way_to_an_alicloud_database() {
    let platform = json!({
        "cloud": "alicloud",
        "region": "cn-beijing",
        "instanceType": "pg.n2.2c.2m",
        "securityIPs": ["192.168.0.0/16"],
        "privateRouting": false,
    });
    assert_eq!(problems(cloud("alicloud").platform(platform)), ["/platform/privateRouting"]);
}
