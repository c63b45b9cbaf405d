//! Answers that are well formed and mean harm.

use std::fmt::Write as _;

use crate::allocator::{MARKED, afterwards};
use crate::answers::{attributes, empty, id, need, patch, problem, resource, secrets};
use crate::kusion::module::log::{Level, log};
use crate::wit::{
    OtherPatch, Output, Patch, Rejection, Request, ResourcePatch, Secret, SecretSource,
};

const MIB: usize = 1 << 20;
/// Clears the screen, paints it, and pretends to be somebody else.
const TERMINAL: &str = "a\u{1b}[2J\u{9b}31mb\u{7}\nerror: all is lost\r\u{202e}c\u{0}";

#[expect(clippy::too_many_lines, reason = "a table")]
pub(crate) fn attack(what: &str, request: &Request) -> Option<Result<Output, Rejection>> {
    let output = match what {
        "id-other" => resource("v1:ConfigMap:shop:other", &manifest("web", "{}")),
        "id-twice" => {
            let mut output = map("web", "{}");
            output.resources.append(&mut map("web", "{}").resources);
            output
        }
        "id-terminal" => id("v1:ConfigMap:shop:\u{1b}[31mred"),
        "patch-unknown" => patch(Patch::MergePatch(ResourcePatch {
            id: "v1:ConfigMap:shop:nobody".to_owned(),
            document: r#"{"data": {}}"#.to_owned(),
        })),
        "patch-kind-long" => {
            patch(Patch::Other(OtherPatch { kind: "x".repeat(10 * MIB), document: String::new() }))
        }
        "cycle" => {
            let mut output = map("a", "{}");
            output.resources.append(&mut map("b", "{}").resources);
            output.resources[0].depends_on.push("v1:ConfigMap:shop:b".to_owned());
            output.resources[1].depends_on.push("v1:ConfigMap:shop:a".to_owned());
            output
        }
        "cycle-self" => {
            let mut output = map("web", "{}");
            output.resources[0].depends_on.push("v1:ConfigMap:shop:web".to_owned());
            output
        }
        "path-self" => map("web", r#"{"x": "$kusion_path.v1:ConfigMap:shop:web.data.x"}"#),
        "path-unknown" => map("web", r#"{"x": "$kusion_path.v1:ConfigMap:shop:nobody.data.x"}"#),
        "secret-place" => {
            let mut output = map("web", r#"{"x": "$kusion_secret.shop.extra.a"}"#);
            output.secrets = secrets([("a", 20)]).secrets;
            output
        }
        "secret-unasked" => secret_map(r#"{"x": "$kusion_secret.shop.extra.nobody"}"#),
        "secret-foreign" => secret_map(r#"{"x": "$kusion_secret.shop.workload.login_password"}"#),
        "secret-stolen" => {
            let mut output = secret_map(r#"{"x": "$kusion_secret.shop.extra.a"}"#);
            output.secrets.push(Secret {
                name: "a".to_owned(),
                source: SecretSource::External("ref://shop/db/password".to_owned()),
            });
            output
        }
        "secret-huge" => {
            let mut output = secret_map(r#"{"x": "$kusion_secret.shop.extra.a"}"#);
            output.secrets = secrets([("a", u32::MAX)]).secrets;
            output
        }
        "secret-name-long" => {
            let mut output = empty();
            let source = SecretSource::External(String::new());
            output.secrets.push(Secret { name: "?".repeat(10 * MIB), source });
            output
        }
        "number" => attributes("{\"a\": 1e999999}"),
        "terminal" => {
            log(Level::Warn, TERMINAL);
            let text = json(TERMINAL);
            map("web", &format!("{{{text}: {text}}}"))
        }
        "terminal-trap" => {
            log(Level::Error, TERMINAL);
            std::arch::wasm32::unreachable();
        }
        "terminal-reject" => {
            return Some(Err(Rejection::Invalid(vec![problem("/config/do", TERMINAL)])));
        }
        "long-trap" => {
            log(Level::Error, &"x".repeat(MIB));
            std::arch::wasm32::unreachable();
        }
        "long-reject" => return Some(Err(Rejection::Failed("x".repeat(10 * MIB)))),
        "many-reject" => {
            let places = (0..100_000).map(|_| problem("/config/do", "is wrong"));
            return Some(Err(Rejection::Invalid(places.collect())));
        }
        "deep-reject" => {
            let pointer = format!("/config{}", "/a".repeat(100_000));
            return Some(Err(Rejection::Invalid(vec![problem(&pointer, "is wrong")])));
        }
        "needs-pipe" => need("file", r#"{"path": "pipe"}"#),
        "needs-zero" => need("file", r#"{"path": "zero"}"#),
        "needs-alias" => need("file", r#"{"path": "alias"}"#),
        "needs-parent" => need("folder", r#"{"path": ".."}"#),
        "needs-odd" => need("file", r#"{"path": "a\u001b[2J\u0000b"}"#),
        "post-return-trap" | "post-return-loop" => {
            afterwards(what);
            let mut output = map("web", "{}");
            let text = &mut output.resources[0].attributes;
            *text = format!("{text}{}", " ".repeat(MARKED - text.len()));
            text.shrink_to_fit();
            output
        }
        "echo" => return Some(Ok(echo(request))),
        _ => return None,
    };
    Some(Ok(output))
}

/// Everything that a module is given, in one resource.
fn echo(request: &Request) -> Output {
    if request.inputs.is_empty() {
        return need("folder", r#"{"path": "."}"#);
    }
    let scope = &request.scope;
    let mut seen = format!(
        "{} {} {} {} {} {}",
        scope.project, scope.stack, scope.workspace, scope.app, scope.namespace, request.accessory
    );
    for (key, value) in request.labels.iter().chain(&request.annotations) {
        let _infallible = write!(seen, " {key}={value}");
    }
    for document in [
        &request.config,
        &request.platform,
        &request.workload,
        &request.context,
        &request.extensions,
    ] {
        let _infallible = write!(seen, " {document}");
    }
    for input in &request.inputs {
        let _infallible = write!(seen, " {} {} {}", input.kind, input.need, input.answer);
    }
    let name = if request.accessory.is_empty() { "workload" } else { &request.accessory };
    map(name, &format!("{{\"seen\": {}}}", json(&seen)))
}

fn json(text: &str) -> String {
    let mut quoted = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            c if u32::from(c) < 0x20 => {
                let _infallible = write!(quoted, "\\u{:04x}", u32::from(c));
            }
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}

fn manifest(name: &str, data: &str) -> String {
    let metadata = format!(r#"{{"name": "{name}", "namespace": "shop"}}"#);
    format!(
        r#"{{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {metadata}, "data": {data}}}"#
    )
}

fn map(name: &str, data: &str) -> Output {
    resource(&format!("v1:ConfigMap:shop:{name}"), &manifest(name, data))
}

fn secret_map(data: &str) -> Output {
    let manifest = format!(
        r#"{{"apiVersion": "v1", "kind": "Secret", "metadata": {{"name": "web", "namespace": "shop"}}, "stringData": {data}}}"#
    );
    resource("v1:Secret:shop:web", &manifest)
}
