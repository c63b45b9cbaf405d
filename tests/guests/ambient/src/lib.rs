//! A guest for tests: asks for the time, for chance and for files, through WASI.

#![cfg(target_os = "wasi")]
#![allow(
    missing_docs,
    unreachable_pub,
    unsafe_code,
    clippy::allow_attributes_without_reason,
    clippy::disallowed_methods,
    clippy::exit,
    clippy::semicolon_if_nothing_returned,
    clippy::use_self,
    reason = "generated code, and a guest that does what no module should"
)]

mod abuse;
mod world;

wit_bindgen::generate!({ path: "../../../wit", world: "module" });

use exports::kusion::module::generator as wit;

struct Ambient;

impl wit::Guest for Ambient {
    fn describe() -> wit::Description {
        wit::Description {
            name: "ambient".to_owned(),
            version: "0.1.0".to_owned(),
            kind: "accessory".to_owned(),
            summary: "Looks round.".to_owned(),
            context_keys: Vec::new(),
            developer_schema: r#"{"type": "object", "additionalProperties": true}"#.to_owned(),
            platform_schema: r#"{"type": "object"}"#.to_owned(),
            resource_types: Vec::new(),
            extensions: "{}".to_owned(),
        }
    }

    fn generate(request: wit::Request) -> Result<wit::Output, wit::Rejection> {
        let attributes = match request.config.split('"').nth(3).unwrap_or_default() {
            "sleep" => world::sleep(),
            "hoard" => world::hoard(),
            "hoard-streams" => abuse::hoard_streams(),
            "random-max" => abuse::random(u64::MAX),
            "random-much" => abuse::random_for_ever(),
            "poll-many" => abuse::poll(4_000_000),
            "poll-none" => abuse::poll(0),
            "flood" => abuse::flood(),
            "sleep-for-ever" => abuse::sleep(),
            "shout" => world::shout(),
            "exit" => std::process::exit(1),
            "panic" => panic!("no peace in {}", request.scope.app),
            _ => world::look_round(),
        };
        Ok(wit::Output {
            resources: vec![wit::Resource {
                id: "v1:ConfigMap:shop:world".to_owned(),
                type_: "Kubernetes".to_owned(),
                attributes,
                depends_on: Vec::new(),
                extensions: String::new(),
            }],
            patches: Vec::new(),
            secrets: Vec::new(),
            needs: Vec::new(),
            extensions: String::new(),
        })
    }
}

export!(Ambient);
