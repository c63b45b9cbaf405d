//! Whole answers of the `mysql` module.

use kusion_sdk::testing::Call;
use kusion_sdk::{Output, Patch, Rejection, Scope};
use serde_json::{Value, json};

use crate::Mysql;

mod managed;

fn call() -> Call<Mysql> {
    Call::new(json!({"type": "local", "version": "8.0"})).accessory("orders")
}

fn output(call: Call<Mysql>) -> Output {
    match call.generate() {
        Ok(output) => output,
        Err(rejection) => panic!("rejected: {rejection:?}"),
    }
}

fn names(output: &Output) -> Vec<&str> {
    let name = |value: &'_ Value| value["metadata"]["name"].as_str().map(str::len);
    assert!(output.resources.iter().all(|it| name(&it.attributes).is_some_and(|len| len <= 63)));
    output.resources.iter().filter_map(|it| it.id.rsplit(':').next()).collect()
}

#[test]
fn a_local_database_has_everything_it_needs() {
    let output = output(call());
    let labels = json!({
        "accessory": "shop-dev-web-orders",
        "kusion.io/stack": "dev",
        "app.kubernetes.io/name": "web",
        "app.kubernetes.io/part-of": "shop",
    });
    let metadata = |name: &str| json!({"name": name, "namespace": "shop", "labels": labels});
    let selector = json!({"accessory": "shop-dev-web-orders"});
    let pod_labels =
        json!({"accessory": "shop-dev-web-orders", "kusion.io/accessory-of": "shop-dev-web"});
    let probe = |period: u32, failures: u32| {
        json!({
            "exec": {"command": ["mysqladmin", "ping", "--host=127.0.0.1", "--user=ping"]},
            "periodSeconds": period,
            "timeoutSeconds": 5,
            "failureThreshold": failures,
        })
    };
    let manifests: Vec<&Value> = output.resources.iter().map(|it| &it.attributes).collect();
    assert_eq!(
        json!(manifests),
        json!([
            {
                "apiVersion": "v1",
                "kind": "Secret",
                "metadata": metadata("shop-dev-web-orders-db-local-secret"),
                "type": "Opaque",
                "stringData": {"password": "$kusion_secret.web.orders.password"},
            },
            {
                "apiVersion": "v1",
                "kind": "PersistentVolumeClaim",
                "metadata": metadata("shop-dev-web-orders-db-local-pvc"),
                "spec": {
                    "accessModes": ["ReadWriteOnce"],
                    "resources": {"requests": {"storage": "10Gi"}},
                },
            },
            {
                "apiVersion": "apps/v1",
                "kind": "Deployment",
                "metadata": metadata("shop-dev-web-orders-db-local-deployment"),
                "spec": {
                    "replicas": 1,
                    "strategy": {"type": "Recreate"},
                    "selector": {"matchLabels": selector},
                    "template": {
                        "metadata": {"labels": pod_labels},
                        "spec": {
                            "automountServiceAccountToken": false,
                            "securityContext": {"seccompProfile": {"type": "RuntimeDefault"}},
                            "containers": [{
                                "name": "mysql",
                                "image": "mysql:8.0",
                                "env": [{
                                    "name": "MYSQL_ROOT_PASSWORD",
                                    "valueFrom": {"secretKeyRef": {
                                        "name": "shop-dev-web-orders-db-local-secret",
                                        "key": "password",
                                    }},
                                }],
                                "ports": [{"name": "mysql", "containerPort": 3306}],
                                "resources": {
                                    "requests": {"cpu": "100m", "memory": "512Mi"},
                                    "limits": {"memory": "1Gi"},
                                },
                                "securityContext": {"allowPrivilegeEscalation": false},
                                "volumeMounts": [{"name": "data", "mountPath": "/var/lib/mysql"}],
                                "startupProbe": probe(5, 120),
                                "readinessProbe": probe(10, 3),
                                "livenessProbe": probe(20, 6),
                            }],
                            "volumes": [{
                                "name": "data",
                                "persistentVolumeClaim": {
                                    "claimName": "shop-dev-web-orders-db-local-pvc",
                                },
                            }],
                        },
                    },
                },
            },
            {
                "apiVersion": "v1",
                "kind": "Service",
                "metadata": {
                    "name": "shop-dev-web-orders-db-local-service",
                    "namespace": "shop",
                    "labels": {
                        "accessory": "shop-dev-web-orders",
                        "kusion.io/stack": "dev",
                        "app.kubernetes.io/part-of": "shop",
                    },
                },
                "spec": {
                    "clusterIP": "None",
                    "ports": [{"name": "mysql", "port": 3306}],
                    "selector": selector,
                },
            },
            {
                "apiVersion": "v1",
                "kind": "Secret",
                "metadata": metadata("shop-dev-web-orders-mysql"),
                "type": "Opaque",
                "stringData": {
                    "hostAddress": "shop-dev-web-orders-db-local-service",
                    "username": "root",
                    "password": "$kusion_secret.web.orders.password",
                },
            },
        ])
    );
    assert_eq!(
        json!(output.secrets),
        json!([{"name": "password", "source": {"generated": {"length": 24, "alphabet": ""}}}])
    );
}

#[test]
fn the_app_learns_the_way_by_the_accessorys_name() {
    let variable = |name: &str, key: &str| {
        json!({
            "name": name,
            "valueFrom": {"secretKeyRef": {"name": "shop-dev-web-order-db-mysql", "key": key}},
        })
    };
    assert_eq!(
        output(call().accessory("order-db")).patches,
        [Patch::Env(vec![
            variable("KUSION_DB_HOST_ORDER_DB", "hostAddress"),
            variable("KUSION_DB_USERNAME_ORDER_DB", "username"),
            variable("KUSION_DB_PASSWORD_ORDER_DB", "password"),
        ])]
    );
}

#[test]
fn a_database_with_the_name_of_its_module_is_not_named_twice() {
    assert_eq!(
        names(&output(call().accessory("mysql"))),
        [
            "shop-dev-web-mysql-db-local-secret",
            "shop-dev-web-mysql-db-local-pvc",
            "shop-dev-web-mysql-db-local-deployment",
            "shop-dev-web-mysql-db-local-service",
            "shop-dev-web-mysql",
        ]
    );
}

#[test]
fn two_databases_of_one_app_share_no_name() {
    let platforms = [json!({}), json!({"databaseName": "shop-db"})];
    for platform in platforms {
        let first = output(call().accessory("mysql").platform(platform.clone()));
        let second = output(call().accessory("users").platform(platform));
        for name in names(&first) {
            assert!(!names(&second).contains(&name), "{name}");
        }
    }
}

#[test]
fn the_platform_names_the_database_and_its_account() {
    let platform = json!({"databaseName": "test-database", "username": "app", "size": 20});
    let output = output(call().accessory("mysql").platform(platform));
    assert_eq!(names(&output)[4], "test-database-mysql");
    assert_eq!(output.resources[4].attributes["stringData"]["username"], "app");
    assert_eq!(output.resources[1].attributes["spec"]["resources"]["requests"]["storage"], "20Gi");
    let env = &output.resources[2].attributes["spec"]["template"]["spec"]["containers"][0]["env"];
    let variables: Vec<_> =
        env.as_array().into_iter().flatten().filter_map(|it| it["name"].as_str()).collect();
    assert_eq!(
        variables,
        ["MYSQL_DATABASE", "MYSQL_PASSWORD", "MYSQL_RANDOM_ROOT_PASSWORD", "MYSQL_USER"]
    );
}

#[test]
fn long_names_stay_valid_and_different() {
    let scope = |stack: &str| Scope {
        project: "p".repeat(60),
        stack: stack.to_owned(),
        workspace: "dev".to_owned(),
        app: "web".to_owned(),
        namespace: "p".to_owned(),
    };
    let dev = output(call().scope(scope("dev")));
    let prod = output(call().scope(scope("prod")));
    for (dev, prod) in names(&dev).iter().zip(names(&prod)) {
        assert_ne!(*dev, prod);
    }
}

#[test]
fn every_problem_is_reported_with_its_place() {
    let call = Call::<Mysql>::new(json!({"type": "local", "version": "8.0 beta"}))
        .platform(json!({"size": 0, "username": ""}));
    let Err(Rejection::Invalid(problems)) = call.generate() else {
        panic!("three things are wrong");
    };
    let pointers: Vec<_> = problems.iter().map(|it| it.pointer.as_str()).collect();
    assert_eq!(pointers, ["/config/version", "/platform/size", "/platform/username"]);
}

#[test]
fn a_version_without_quotes_is_explained() {
    let call = Call::<Mysql>::new(json!({"type": "local", "version": 8.0}));
    let expected =
        Rejection::invalid("/config/version", "expected a text, found a number with a fraction");
    assert_eq!(call.generate(), Err(expected));
}

#[test]
fn no_account_of_an_app_gets_rights_to_the_servers_own_schema() {
    let platform = json!({"username": "app"});
    for (accessory, schema) in
        [("mysql", "mysql_db"), ("sys", "sys_db"), ("order-db", "order_db"), ("users", "users")]
    {
        let output = output(call().accessory(accessory).platform(platform.clone()));
        let container =
            &output.resources[2].attributes["spec"]["template"]["spec"]["containers"][0];
        assert_eq!(container["env"][0], json!({"name": "MYSQL_DATABASE", "value": schema}));
    }
}

#[test]
fn a_restricted_pod_runs_as_the_images_user_and_writes_where_the_image_must() {
    let platform = json!({
        "podSecurity": "restricted",
        "automountServiceAccountToken": true,
        "resources": {"memory": "2Gi", "cpu": "1-2"},
    });
    let output = output(call().platform(platform));
    let pod = &output.resources[2].attributes["spec"]["template"]["spec"];
    assert_eq!(pod["automountServiceAccountToken"], true);
    assert_eq!(
        pod["securityContext"],
        json!({
            "seccompProfile": {"type": "RuntimeDefault"},
            "runAsNonRoot": true,
            "runAsUser": 999,
            "runAsGroup": 999,
            "fsGroup": 999,
            "fsGroupChangePolicy": "OnRootMismatch",
        })
    );
    let container = &pod["containers"][0];
    assert_eq!(
        container["resources"],
        json!({"requests": {"cpu": "1"}, "limits": {"cpu": "2", "memory": "2Gi"}})
    );
    assert_eq!(container["securityContext"]["readOnlyRootFilesystem"], true);
    assert_eq!(container["securityContext"]["capabilities"], json!({"drop": ["ALL"]}));
    assert_eq!(
        container["volumeMounts"],
        json!([
            {"name": "data", "mountPath": "/var/lib/mysql"},
            {"name": "mysql-tmp", "mountPath": "/tmp"},
            {"name": "mysql-var-run-mysqld", "mountPath": "/var/run/mysqld"},
        ])
    );
}
