//! A managed database of Alibaba Cloud: an instance, its account, and an address in the internet if somebody there may
//! connect.

use kusion_sdk::terraform::Provider;
use kusion_sdk::{Pointer, Problems, Resource};
use serde_json::{Value, json};

use crate::managed::Order;
use crate::network::Network;
use crate::region::{ALICLOUD_REGION, region};

/// A password needs characters of three kinds out of four, and one that is drawn may lack a kind.
const KINDS: &str = "Aa1_";

pub(crate) fn resources(
    order: &Order<'_>,
    context: &Value,
    problems: &mut Problems,
) -> Vec<Resource> {
    let platform = order.platform;
    let region = region(platform.region.as_deref(), context, ALICLOUD_REGION, problems);
    let networks = order.networks(problems);
    for (index, text) in platform.security_ips.iter().enumerate() {
        if Network::parse(text).is_some_and(|network| network.is_v6()) {
            let at = Pointer::platform().key("securityIPs").index(index);
            problems.add(at, "must be an address or a network of IPv4 on `alicloud`");
        }
    }
    let is_public = !networks.iter().all(Network::is_private);
    if !is_public && !platform.private_routing {
        problems.add(
            Pointer::platform().key("privateRouting"),
            "leaves the app no way to the database: none of `securityIPs` is public, so it has no public address",
        );
    }
    let mut arguments = json!({
        "category": category(order, problems),
        "engine": order.engine,
        "engine_version": order.version,
        "instance_name": order.identifier(),
        "instance_storage": order.size(),
        "instance_type": order.instance_type(problems),
        "security_ips": networks.iter().map(Network::address_or_network).collect::<Vec<_>>(),
    });
    if let Some(subnet) = order.subnet(problems) {
        arguments["vswitch_id"] = subnet.into();
    }
    if platform.category.contains("serverless") {
        arguments["db_instance_storage_type"] = "cloud_essd".into();
        arguments["instance_charge_type"] = "Serverless".into();
        arguments["serverless_config"] = json!([{"auto_pause": false, "max_capacity": 8, "min_capacity": 1, "switch_force": false}]);
    }

    let database = order.database;
    let provider = Provider::new("aliyun/alicloud", "1.209.1").setting("region", region);
    let instance = provider.resource("alicloud_db_instance", database.name(), arguments);
    let password = format!("{KINDS}{}", database.password());
    let account = provider
        .resource(
            "alicloud_rds_account",
            database.name(),
            json!({
                "account_name": order.username,
                "account_password": password,
                "account_type": "Super",
                "db_instance_id": instance.path_reference("id"),
            }),
        )
        .sensitive("/account_password");
    // The service makes one change of an instance at a time.
    let address = is_public.then(|| {
        provider
            .resource(
                "alicloud_db_connection",
                database.name(),
                json!({"instance_id": instance.path_reference("id"), "port": order.port.to_string()}),
            )
            .depends_on(&account.id)
    });
    let way = match &address {
        Some(address) if !platform.private_routing => address,
        _ => &instance,
    };
    let connection = database
        .connection_secret(&[
            ("hostAddress", &way.path_reference("connection_string")),
            ("username", order.username),
            ("password", &password),
        ])
        .depends_on(&account.id);
    let mut resources = vec![instance, account];
    resources.extend(address);
    resources.push(connection);
    resources
}

fn category<'a>(order: &Order<'a>, problems: &mut Problems) -> &'a str {
    let category = &order.platform.category;
    let is_word = |b: u8| b.is_ascii_alphanumeric() || b == b'_';
    if category.is_empty() || !category.bytes().all(is_word) {
        let at = Pointer::platform().key("category");
        problems.add(at, "must be an edition, for example `Basic` or `HighAvailability`");
    }
    category
}
