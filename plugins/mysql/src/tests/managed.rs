//! Whole answers of the `mysql` module for databases that a cloud manages.

use kusion_sdk::testing::Call;
use kusion_sdk::{Output, Rejection, Resource};
use serde_json::{Value, json};

use super::{call, output};
use crate::Mysql;

fn cloud(platform: Value) -> Call<Mysql> {
    let config = json!({"type": "cloud", "version": "8.0"});
    Call::new(config).accessory("orders").platform(platform)
}

fn aws(more: Value) -> Call<Mysql> {
    let mut platform =
        json!({"cloud": "aws", "region": "us-east-1", "instanceType": "db.t3.micro"});
    merge(&mut platform, more);
    cloud(platform)
}

fn alicloud(more: Value) -> Call<Mysql> {
    let mut platform =
        json!({"cloud": "alicloud", "region": "cn-beijing", "instanceType": "mysql.n1.micro.1"});
    merge(&mut platform, more);
    cloud(platform)
}

fn merge(platform: &mut Value, more: Value) {
    if let (Value::Object(platform), Value::Object(more)) = (platform, more) {
        platform.extend(more);
    }
}

fn of<'a>(output: &'a Output, type_: &str) -> &'a Resource {
    let part = format!(":{type_}:");
    match output.resources.iter().find(|it| it.id.contains(&part)) {
        Some(resource) => resource,
        None => panic!("no {type_}"),
    }
}

fn problems(call: Call<Mysql>) -> Vec<(String, String)> {
    match call.generate() {
        Err(Rejection::Invalid(problems)) => {
            problems.into_iter().map(|it| (it.pointer.to_string(), it.message)).collect()
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn aws_gets_a_security_group_and_an_instance() {
    let output = output(aws(json!({"subnetID": "private", "securityIPs": ["10.1.0.0/16"]})));
    let provider = json!("registry.terraform.io/hashicorp/aws/5.0.1");
    let group = of(&output, "aws_security_group");
    assert_eq!(group.id, "hashicorp:aws:aws_security_group:shop-dev-web-orders-mysql");
    assert_eq!(group.extensions["provider"], provider);
    assert_eq!(group.extensions["providerMeta"], json!({"region": "us-east-1"}));
    assert_eq!(group.extensions["resourceType"], "aws_security_group");
    let rule = |protocol: &str, port: u16, from: &str| {
        json!({
            "cidr_blocks": [from],
            "description": "",
            "from_port": port,
            "ipv6_cidr_blocks": [],
            "prefix_list_ids": [],
            "protocol": protocol,
            "security_groups": [],
            "self": false,
            "to_port": port,
        })
    };
    assert_eq!(
        group.attributes,
        json!({
            "egress": [rule("-1", 0, "0.0.0.0/0")],
            "ingress": [rule("tcp", 3306, "10.1.0.0/16")],
        })
    );
    let instance = of(&output, "aws_db_instance");
    assert_eq!(instance.id, "hashicorp:aws:aws_db_instance:shop-dev-web-orders");
    assert_eq!(instance.extensions["kusion.io/sensitive"], json!(["/password"]));
    assert_eq!(
        instance.attributes,
        json!({
            "allocated_storage": 20,
            "db_subnet_group_name": "private",
            "engine": "mysql",
            "engine_version": "8.0",
            "identifier": "shop-dev-web-orders",
            "instance_class": "db.t3.micro",
            "password": "$kusion_secret.web.orders.password",
            "publicly_accessible": false,
            "skip_final_snapshot": true,
            "storage_encrypted": true,
            "username": "root",
            "vpc_security_group_ids":
                ["$kusion_path.hashicorp:aws:aws_security_group:shop-dev-web-orders-mysql.id"],
        })
    );
    assert_eq!(
        of(&output, "Secret").attributes["stringData"],
        json!({
            "hostAddress":
                "$kusion_path.hashicorp:aws:aws_db_instance:shop-dev-web-orders.address",
            "username": "root",
            "password": "$kusion_secret.web.orders.password",
        })
    );
    assert_eq!(output.resources.len(), 3);
    assert_eq!(output.patches, super::output(call()).patches);
}

#[test]
fn alicloud_gets_an_instance_an_account_and_no_public_address() {
    let output = output(alicloud(json!({"subnetID": "vsw-1", "size": 50})));
    let id = |type_: &str| format!("aliyun:alicloud:{type_}:shop-dev-web-orders");
    let instance = of(&output, "alicloud_db_instance");
    assert_eq!(instance.id, id("alicloud_db_instance"));
    assert_eq!(instance.extensions["provider"], "registry.terraform.io/aliyun/alicloud/1.209.1");
    assert_eq!(
        instance.attributes,
        json!({
            "category": "Basic",
            "engine": "MySQL",
            "engine_version": "8.0",
            "instance_name": "shop-dev-web-orders",
            "instance_storage": 50,
            "instance_type": "mysql.n1.micro.1",
            "security_ips": ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"],
            "vswitch_id": "vsw-1",
        })
    );
    let account = of(&output, "alicloud_rds_account");
    assert_eq!(account.extensions["kusion.io/sensitive"], json!(["/account_password"]));
    let instance_id = format!("$kusion_path.{}.id", id("alicloud_db_instance"));
    assert_eq!(
        account.attributes,
        json!({
            "account_name": "kusion_default",
            "account_password": "Aa1_$kusion_secret.web.orders.password",
            "account_type": "Super",
            "db_instance_id": instance_id,
        })
    );
    let secret = of(&output, "Secret");
    assert_eq!(
        secret.attributes["stringData"],
        json!({
            "hostAddress":
                format!("$kusion_path.{}.connection_string", id("alicloud_db_instance")),
            "username": "kusion_default",
            "password": "Aa1_$kusion_secret.web.orders.password",
        })
    );
    assert_eq!(secret.depends_on, [id("alicloud_rds_account")]);
    assert_eq!(output.resources.len(), 3);
}

#[test]
fn a_public_alicloud_database_is_reached_as_the_platform_says() {
    let public = |private_routing: bool| {
        let more = json!({"securityIPs": ["0.0.0.0/0"], "privateRouting": private_routing});
        output(alicloud(more))
    };
    for (private_routing, way) in
        [(true, "alicloud_db_instance"), (false, "alicloud_db_connection")]
    {
        let output = public(private_routing);
        let connection = of(&output, "alicloud_db_connection");
        assert_eq!(connection.attributes["port"], "3306");
        assert_eq!(
            of(&output, "Secret").attributes["stringData"]["hostAddress"],
            format!("$kusion_path.aliyun:alicloud:{way}:shop-dev-web-orders.connection_string")
        );
    }
}

#[test]
fn a_serverless_edition_gets_what_only_it_takes() {
    let output = output(alicloud(json!({"category": "serverless_basic"})));
    let instance = &of(&output, "alicloud_db_instance").attributes;
    assert_eq!(instance["db_instance_storage_type"], "cloud_essd");
    assert_eq!(instance["instance_charge_type"], "Serverless");
    assert_eq!(
        instance["serverless_config"],
        json!([{"auto_pause": false, "max_capacity": 8, "min_capacity": 1, "switch_force": false}])
    );
}

// Each of the following is named after a defect of the Go implementation.

#[test]
fn security_ips_from_yaml_are_a_list_and_no_panic() {
    let output =
        output(aws(json!({"securityIPs": ["10.1.2.3", "10.1.2.3/32", "10.2.3.4/16", "fd00::/8"]})));
    let ingress = &of(&output, "aws_security_group").attributes["ingress"][0];
    assert_eq!(ingress["cidr_blocks"], json!(["10.1.2.3/32", "10.2.0.0/16"]));
    assert_eq!(ingress["ipv6_cidr_blocks"], json!(["fd00::/8"]));
}

#[test]
fn no_name_ends_in_mysql_mysql() {
    for (accessory, platform) in [
        ("mysql", json!({})),
        ("mysql", json!({"databaseName": "shop-mysql"})),
        ("mysql", json!({"databaseName": "mysql"})),
        ("orders-mysql", json!({})),
    ] {
        for output in [
            output(aws(platform.clone()).accessory(accessory)),
            output(alicloud(platform.clone()).accessory(accessory)),
            output(call().accessory(accessory).platform(platform.clone())),
        ] {
            for resource in &output.resources {
                assert!(!resource.id.ends_with("mysql-mysql"), "{}", resource.id);
            }
        }
    }
    let output = output(aws(json!({"databaseName": "notmysql"})).accessory("mysql"));
    assert!(of(&output, "Secret").id.ends_with(":notmysql-mysql"));
}

#[test]
fn private_ips_without_private_routing_are_no_way_to_an_alicloud_database() {
    let more = json!({"securityIPs": ["10.0.0.0/8"], "privateRouting": false});
    let [(place, message)] = problems(alicloud(more.clone())).try_into().unwrap();
    assert_eq!(place, "/platform/privateRouting");
    assert!(message.starts_with("leaves the app no way to the database"), "{message}");
    assert!(aws(more).generate().is_ok());
}

#[test]
fn the_password_is_drawn_and_not_computed_from_names() {
    for call in [call(), aws(json!({})), alicloud(json!({}))] {
        let output = output(call);
        assert_eq!(
            json!(output.secrets),
            json!([{"name": "password", "source": {"generated": {"length": 24, "alphabet": ""}}}])
        );
        assert!(output.resources.iter().all(|it| !it.id.contains("random_password")));
    }
}

#[test]
fn an_alicloud_password_has_three_kinds_of_characters_whatever_is_drawn() {
    let output = output(alicloud(json!({})));
    let password = of(&output, "alicloud_rds_account").attributes["account_password"].clone();
    assert_eq!(password, of(&output, "Secret").attributes["stringData"]["password"]);
    let fixed = password.as_str().unwrap().split('$').next().unwrap();
    for kind in [char::is_uppercase, char::is_lowercase, char::is_numeric] {
        assert!(fixed.chars().any(kind));
    }
    assert!(fixed.len() + 24 <= 32);
}

#[test]
fn nobody_in_the_internet_reaches_a_database_unless_the_platform_says_so() {
    let accessible = |more: Value| {
        let output = output(aws(more));
        of(&output, "aws_db_instance").attributes["publicly_accessible"].clone()
    };
    assert_eq!(accessible(json!({})), false);
    assert_eq!(accessible(json!({"securityIPs": ["10.0.0.0/7"]})), true);
    assert_eq!(accessible(json!({"securityIPs": ["10.0.0.0/8", "::/0"]})), true);
}

#[test]
fn the_region_comes_from_the_context_if_the_platform_is_silent() {
    let context = json!({"AWS_REGION": "eu-west-1", "ALICLOUD_REGION": "cn-hangzhou"});
    for (call, type_, region) in [
        (aws(json!({"region": null})), "aws_db_instance", "eu-west-1"),
        (alicloud(json!({"region": null})), "alicloud_db_instance", "cn-hangzhou"),
    ] {
        let output = output(call.context(context.clone()));
        assert_eq!(of(&output, type_).extensions["providerMeta"], json!({"region": region}));
    }
}

#[test]
fn what_a_cloud_would_refuse_is_told_at_its_place() {
    let places = |call: Call<Mysql>| -> Vec<String> {
        problems(call).into_iter().map(|(place, _)| place).collect()
    };
    assert_eq!(places(cloud(json!({}))), ["/platform/cloud"]);
    assert_eq!(
        places(cloud(json!({"cloud": "aws"}))),
        ["/platform/region", "/platform/instanceType"]
    );
    assert_eq!(
        places(cloud(json!({"cloud": "alicloud"}))),
        ["/platform/region", "/platform/instanceType"]
    );
    for (more, place) in [
        (json!({"securityIPs": []}), "/platform/securityIPs"),
        (json!({"securityIPs": ["10.0.0.0/8", "x"]}), "/platform/securityIPs/1"),
        (json!({"size": 19}), "/platform/size"),
        (json!({"username": "1a"}), "/platform/username"),
        (json!({"username": "seventeen_letters"}), "/platform/username"),
        (json!({"subnetID": "a b"}), "/platform/subnetID"),
        (json!({"instanceType": "a b"}), "/platform/instanceType"),
        (json!({"databaseName": "a--b"}), "/platform/databaseName"),
    ] {
        assert_eq!(places(aws(more.clone())), [place], "{more}");
    }
    for (more, place) in [
        (json!({"securityIPs": ["fd00::/8"]}), "/platform/securityIPs/0"),
        (json!({"username": "Shop"}), "/platform/username"),
        (json!({"username": "shop_"}), "/platform/username"),
        (json!({"category": "a b"}), "/platform/category"),
    ] {
        assert_eq!(places(alicloud(more.clone())), [place], "{more}");
    }
}

#[test]
fn a_name_that_begins_with_a_digit_is_given_a_letter() {
    let output = output(aws(json!({"databaseName": "2048"})));
    let identifier = &of(&output, "aws_db_instance").attributes["identifier"];
    assert_eq!(identifier, "s-2048-orders");
}

#[test]
fn an_empty_text_of_the_platform_is_as_none() {
    let output = output(aws(json!({"databaseName": "", "subnetID": ""})));
    let instance = of(&output, "aws_db_instance");
    assert_eq!(instance.id, "hashicorp:aws:aws_db_instance:shop-dev-web-orders");
    assert_eq!(instance.attributes.get("db_subnet_group_name"), None);
}
