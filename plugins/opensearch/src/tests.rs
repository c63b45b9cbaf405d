//! Whole answers of the `opensearch` module.

use kusion_sdk::testing::Call;
use kusion_sdk::{Output, Rejection};
use serde_json::{Value, json};

use crate::OpenSearch;

fn call(platform: Value) -> Call<OpenSearch> {
    let config = json!({"domainName": "orders", "engineVersion": "OpenSearch_2.13"});
    Call::new(config).platform(platform)
}

fn output(call: Call<OpenSearch>) -> Output {
    match call.generate() {
        Ok(output) => output,
        Err(rejection) => panic!("rejected: {rejection:?}"),
    }
}

fn problems(call: Call<OpenSearch>) -> Vec<String> {
    match call.generate() {
        Err(Rejection::Invalid(problems)) => {
            problems.into_iter().map(|it| it.pointer.to_string()).collect()
        }
        other => panic!("{other:?}"),
    }
}

fn policy(statement: Value) -> Value {
    let output = output(call(json!({"region": "us-east-1", "statement": statement})));
    let text = output.resources[0].attributes["access_policies"].as_str().unwrap().to_owned();
    serde_json::from_str(&text).unwrap()
}

#[test]
fn a_domain_is_told_everything_and_the_app_where_it_is() {
    let output = output(call(json!({
        "region": "eu-central-1",
        "clusterConfig": {"instanceType": "m7g.large.search"},
        "ebsOptions": {"ebsEnabled": true, "volumeSize": 20},
    })));
    let [domain] = output.resources.as_slice() else { panic!("one domain") };
    assert_eq!(domain.id, "hashicorp:aws:aws_opensearch_domain:shop-dev-web");
    assert_eq!(
        json!(domain.extensions),
        json!({
            "provider": "registry.terraform.io/hashicorp/aws/5.51.1",
            "providerMeta": {"region": "eu-central-1"},
            "resourceType": "aws_opensearch_domain",
        })
    );
    assert_eq!(
        domain.attributes,
        json!({
            "cluster_config": [{"instance_type": "m7g.large.search"}],
            "domain_endpoint_options": [
                {"enforce_https": true, "tls_security_policy": "Policy-Min-TLS-1-2-2019-07"},
            ],
            "domain_name": "orders",
            "ebs_options": [{"ebs_enabled": true, "volume_size": 20}],
            "encrypt_at_rest": [{"enabled": true}],
            "engine_version": "OpenSearch_2.13",
            "node_to_node_encryption": [{"enabled": true}],
        })
    );
    assert_eq!(
        json!(output.patches),
        json!([{"env": [
            {
                "name": "OPEN_SEARCH_ENDPOINT",
                "value": "$kusion_path.hashicorp:aws:aws_opensearch_domain:shop-dev-web.endpoint",
            },
            {"name": "OPEN_SEARCH_REGION", "value": "eu-central-1"},
        ]}])
    );
}

#[test]
fn two_domains_of_one_app_share_neither_id_nor_variable() {
    let second = output(call(json!({"region": "eu-central-1"})).accessory("order-log"));
    assert_eq!(
        second.resources[0].id,
        "hashicorp:aws:aws_opensearch_domain:shop-dev-web-order-log"
    );
    let text = json!(second.patches).to_string();
    assert!(text.contains("\"OPEN_SEARCH_ENDPOINT_ORDER_LOG\""), "{text}");
    assert!(text.contains("\"OPEN_SEARCH_REGION_ORDER_LOG\""), "{text}");
}

#[test]
fn the_region_comes_from_the_context_if_the_platform_is_silent() {
    let found = output(call(json!({})).context(json!({"AWS_REGION": "us-east-1"})));
    assert_eq!(found.resources[0].extensions["providerMeta"], json!({"region": "us-east-1"}));
    assert_eq!(problems(call(json!({}))), ["/platform/region"]);
}

#[test]
fn the_platform_can_do_without_encryption() {
    let output = output(call(json!({"region": "us-east-1", "encrypted": false})));
    let domain = &output.resources[0].attributes;
    assert_eq!(domain["encrypt_at_rest"], json!([{"enabled": false}]));
    assert_eq!(domain["node_to_node_encryption"], json!([{"enabled": false}]));
}

#[test]
fn what_the_service_would_refuse_is_told_at_its_place() {
    let region = |more: Value| {
        let mut platform = json!({"region": "us-east-1"});
        if let (Some(platform), Value::Object(more)) = (platform.as_object_mut(), more) {
            platform.extend(more);
        }
        platform
    };
    for (config, place) in [
        (json!({"domainName": "ab"}), "/config/domainName"),
        (json!({"domainName": "1ab"}), "/config/domainName"),
        (json!({"domainName": "Orders"}), "/config/domainName"),
        (json!({"domainName": "a".repeat(29)}), "/config/domainName"),
        (json!({"domainName": "orders", "engineVersion": "2.13"}), "/config/engineVersion"),
        (
            json!({"domainName": "orders", "engineVersion": "OpenSearch_2.x"}),
            "/config/engineVersion",
        ),
    ] {
        let call = Call::new(config.clone()).platform(region(json!({})));
        assert_eq!(problems(call), [place], "{config}");
    }
    let everybody = json!({"type": "*", "identifiers": ["*"]});
    let role = json!({"type": "AWS", "identifiers": ["arn:aws:iam::123456789012:role/a"]});
    for (more, place) in [
        (json!({"ebsOptions": {"ebsEnabled": true}}), "/platform/ebsOptions/volumeSize"),
        (
            json!({"ebsOptions": {"ebsEnabled": true, "volumeSize": 0}}),
            "/platform/ebsOptions/volumeSize",
        ),
        (
            json!({"clusterConfig": {"instanceType": "large"}}),
            "/platform/clusterConfig/instanceType",
        ),
        (
            json!({"statement": [{"principals": [], "action": ["es:*"]}]}),
            "/platform/statement/0/principals",
        ),
        (
            json!({"statement": [{"principals": [role], "action": []}]}),
            "/platform/statement/0/action",
        ),
        (
            json!({"statement": [{"principals": [role], "action": ["es: *"]}]}),
            "/platform/statement/0/action/0",
        ),
        (
            json!({"statement": [{"principals": [role, everybody], "action": ["es:*"]}]}),
            "/platform/statement/0/principals/1/type",
        ),
        (
            json!({"statement": [{
                "principals": [{"type": "*", "identifiers": ["a"]}],
                "action": ["es:*"],
            }]}),
            "/platform/statement/0/principals/0/identifiers",
        ),
    ] {
        assert_eq!(problems(call(region(more.clone()))), [place], "{more}");
    }
}

// Each of the following is named after a defect of the Go implementation.

#[test]
fn the_access_policy_is_one_that_iam_reads() {
    let found = policy(json!([
        {
            "effect": "Allow",
            "principals": [
                {"type": "AWS", "identifiers": ["arn:aws:iam::123456789012:role/a"]},
                {"type": "Service", "identifiers": ["osis.amazonaws.com"]},
                {"type": "AWS", "identifiers": ["arn:aws:iam::123456789012:role/b", "*"]},
            ],
            "action": ["es:ESHttpGet", "es:ESHttpPut"],
        },
        {
            "effect": "Deny",
            "principals": [{"type": "*", "identifiers": ["*"]}],
            "action": ["es:ESHttpDelete"],
        },
    ]));
    assert_eq!(
        found,
        json!({
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Principal": {
                        "AWS": [
                            "arn:aws:iam::123456789012:role/a",
                            "arn:aws:iam::123456789012:role/b",
                            "*",
                        ],
                        "Service": ["osis.amazonaws.com"],
                    },
                    "Action": ["es:ESHttpGet", "es:ESHttpPut"],
                    "Resource": "arn:aws:es:us-east-1:*:domain/orders/*",
                },
                {
                    "Effect": "Deny",
                    "Principal": "*",
                    "Action": ["es:ESHttpDelete"],
                    "Resource": "arn:aws:es:us-east-1:*:domain/orders/*",
                },
            ],
        })
    );
}

#[test]
fn what_nobody_said_is_left_out_and_not_sent_empty() {
    let call = Call::new(json!({"domainName": "orders"})).platform(json!({
        "region": "cn-north-1",
        "ebsOptions": {"ebsEnabled": false, "volumeSize": 10},
    }));
    let output = output(call);
    let domain = &output.resources[0].attributes;
    for key in ["engine_version", "cluster_config", "access_policies"] {
        assert_eq!(domain.get(key), None, "{key}");
    }
    assert_eq!(domain["ebs_options"], json!([{"ebs_enabled": false}]));
}
