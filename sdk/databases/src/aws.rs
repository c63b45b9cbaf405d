//! A managed database of Amazon Web Services: a security group and an instance.

use kusion_sdk::terraform::Provider;
use kusion_sdk::{Pointer, Problems, Resource};
use serde_json::{Value, json};

use crate::managed::Order;
use crate::network::Network;
use crate::region::{AWS_REGION, region};

/// The least that the service sells, in GiB.
const MIN_SIZE: u32 = 20;

pub(crate) fn resources(
    order: &Order<'_>,
    context: &Value,
    problems: &mut Problems,
) -> Vec<Resource> {
    let platform = order.platform;
    let region = region(platform.region.as_deref(), context, AWS_REGION, problems);
    let networks = order.networks(problems);
    let instance_type = order.instance_type(problems);
    let subnet = order.subnet(problems);
    let identifier = order.identifier();
    if identifier.contains("--") {
        problems.add(
            Pointer::platform().key("databaseName"),
            format!("must be another name: it would be `{identifier}`, and two dashes in a row are refused"),
        );
    }
    if order.size() < MIN_SIZE {
        let at = Pointer::platform().key("size");
        problems.add(at, format!("must be at least {MIN_SIZE} on `aws`"));
    }

    let database = order.database;
    let provider = Provider::new("hashicorp/aws", "5.0.1").setting("region", region);
    let (v6, v4): (Vec<_>, Vec<_>) = networks.iter().partition(|network| network.is_v6());
    let texts = |networks: &[&Network]| networks.iter().map(ToString::to_string).collect();
    let group = provider.resource(
        "aws_security_group",
        &database.connection_name(),
        json!({
            "egress": [traffic("-1", 0, vec!["0.0.0.0/0".to_owned()], Vec::new())],
            "ingress": [traffic("tcp", order.port, texts(&v4), texts(&v6))],
        }),
    );
    let mut arguments = json!({
        "allocated_storage": order.size(),
        "engine": order.engine,
        "engine_version": order.version,
        "identifier": identifier,
        "instance_class": instance_type,
        "password": database.password(),
        "publicly_accessible": !networks.iter().all(Network::is_private),
        "skip_final_snapshot": true,
        "storage_encrypted": platform.encrypted,
        "username": order.username,
        "vpc_security_group_ids": [group.path_reference("id")],
    });
    if let Some(subnet) = subnet {
        arguments["db_subnet_group_name"] = subnet.into();
    }
    let instance =
        provider.resource("aws_db_instance", database.name(), arguments).sensitive("/password");
    let connection = database.connection_secret(&[
        ("hostAddress", &instance.path_reference("address")),
        ("username", order.username),
        ("password", database.password()),
    ]);
    vec![group, instance, connection]
}

/// A rule of a security group. Terraform wants every argument of it, also those that say nothing.
fn traffic(protocol: &str, port: u16, v4: Vec<String>, v6: Vec<String>) -> Value {
    json!({
        "cidr_blocks": v4,
        "description": "",
        "from_port": port,
        "ipv6_cidr_blocks": v6,
        "prefix_list_ids": [],
        "protocol": protocol,
        "security_groups": [],
        "self": false,
        "to_port": port,
    })
}
