//! Answers, good and bad.

use crate::wit::{
    GeneratedSecret, Need, OtherPatch, OtherSecret, Output, Patch, Problem, Rejection, Request,
    Resource, ResourcePatch, Secret, SecretSource,
};

const MIB: usize = 1 << 20;

#[expect(clippy::too_many_lines, reason = "a table")]
pub(crate) fn answer(what: &str, request: &Request) -> Result<Output, Rejection> {
    Ok(match what {
        "invalid-json" => attributes("{\"kind\": nonsense}"),
        "no-json" => attributes(""),
        "array" => attributes("[]"),
        "deep-json" => attributes(&format!("{{\"a\": {}", "[".repeat(100_000))),
        "huge-number" => attributes("{\"a\": 1e999}"),
        "nan" => attributes(&format!("{{\"bits\": \"{:x}\"}}", nan().to_bits())),
        "id-empty" => id(""),
        "id-white-space" => id("v1:ConfigMap:shop:two words"),
        "id-long" => id(&"a".repeat(5_000)),
        "depends-on" => {
            let mut output = attributes("{}");
            output.resources[0].depends_on.push("\n".to_owned());
            output
        }
        "extensions" => {
            let mut output = attributes("{}");
            output.resources[0].extensions = "[1]".to_owned();
            output
        }
        "secret-twice" => secrets([("a", 1), ("b", 2), ("a", 3)]),
        "secret-name" => secrets([("a.b", 1)]),
        "secret-other" => Output {
            secrets: vec![Secret {
                name: "a".to_owned(),
                source: SecretSource::Other(OtherSecret {
                    kind: "stolen".to_owned(),
                    document: String::new(),
                }),
            }],
            ..empty()
        },
        "patch-env" => patch(Patch::Env("{}".to_owned())),
        "patch-id" => {
            patch(Patch::MergePatch(ResourcePatch { id: String::new(), document: "{}".to_owned() }))
        }
        "patch-json" => patch(Patch::JsonPatch(ResourcePatch {
            id: "v1:ConfigMap:shop:a".to_owned(),
            document: "}".to_owned(),
        })),
        "patch-other" => {
            patch(Patch::Other(OtherPatch { kind: "binary".to_owned(), document: String::new() }))
        }
        "need-no-json" => need("file", "path"),
        "needs-for-ever" => need("file", r#"{"path": "notes.txt"}"#),
        "needs-outside" => need("file", r#"{"path": "../../../../etc/hostname"}"#),
        "needs-absolute" => need("file", r#"{"path": "/etc/hostname"}"#),
        "needs-link" => need("file", r#"{"path": "link"}"#),
        "needs-socket" => need("socket", r#"{"path": "notes.txt"}"#),
        "needs-many" => Output {
            needs: (0..100_000)
                .map(|_| Need {
                    kind: "file".to_owned(),
                    document: r#"{"path":"notes.txt"}"#.to_owned(),
                })
                .collect(),
            ..empty()
        },
        "utf-8" => {
            let mut output = attributes("{}");
            // SAFETY: it is not safe; that is the point.
            unsafe { output.resources[0].attributes.as_mut_vec() }.push(0xFF);
            output
        }
        "pointer" => {
            // SAFETY: it is not safe; that is the point. The text is only passed on.
            let text =
                unsafe { String::from_raw_parts(0xFFF0_0000_usize as *mut u8, 4_096, 4_096) };
            let mut output = attributes("{}");
            output.resources[0].attributes = text;
            output
        }
        "much-output" => attributes(&format!("{{\"a\": \"{}\"}}", "x".repeat(17 * MIB))),
        "gigabyte" => gigabyte(),
        "much-json" => attributes(&objects((16 * MIB - 4_096) / 7)),
        "most-json" => attributes(&objects(249_990)),
        "reject" => {
            return Err(Rejection::Invalid(vec![
                problem("/config/do", "is not nice"),
                problem("/platform", "is not nice either"),
            ]));
        }
        "reject-nowhere" => return Err(Rejection::Invalid(vec![problem("somewhere", "is wrong")])),
        "reject-nothing" => return Err(Rejection::Invalid(Vec::new())),
        "reject-unsupported" => return Err(Rejection::Unsupported("ask version 2".to_owned())),
        "reject-failed" => return Err(Rejection::Failed("no idea".to_owned())),
        _ => fine(request),
    })
}

fn fine(request: &Request) -> Output {
    let (name, namespace) = (&request.scope.app, &request.scope.namespace);
    let metadata = format!(r#"{{"name": "{name}", "namespace": "{namespace}"}}"#);
    let manifest =
        format!(r#"{{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {metadata}}}"#);
    resource(&format!("v1:ConfigMap:{namespace}:{name}"), &manifest)
}

pub(crate) fn empty() -> Output {
    Output {
        resources: Vec::new(),
        patches: Vec::new(),
        secrets: Vec::new(),
        needs: Vec::new(),
        extensions: String::new(),
    }
}

pub(crate) fn resource(id: &str, attributes: &str) -> Output {
    Output {
        resources: vec![Resource {
            id: id.to_owned(),
            type_: "Kubernetes".to_owned(),
            attributes: attributes.to_owned(),
            depends_on: Vec::new(),
            extensions: String::new(),
        }],
        ..empty()
    }
}

pub(crate) fn attributes(attributes: &str) -> Output {
    resource("v1:ConfigMap:shop:web", attributes)
}

pub(crate) fn id(id: &str) -> Output {
    resource(id, "{}")
}

pub(crate) fn secrets(secrets: impl IntoIterator<Item = (&'static str, u32)>) -> Output {
    let source =
        |length| SecretSource::Generated(GeneratedSecret { length, alphabet: String::new() });
    Output {
        secrets: secrets
            .into_iter()
            .map(|(name, length)| Secret { name: name.to_owned(), source: source(length) })
            .collect(),
        ..empty()
    }
}

pub(crate) fn patch(patch: Patch) -> Output {
    Output { patches: vec![patch], ..empty() }
}

pub(crate) fn need(kind: &str, document: &str) -> Output {
    Output { needs: vec![Need { kind: kind.to_owned(), document: document.to_owned() }], ..empty() }
}

pub(crate) fn problem(pointer: &str, message: &str) -> Problem {
    Problem { pointer: pointer.to_owned(), message: message.to_owned() }
}

/// A gigabyte of answer out of one megabyte of memory: every resource shares one text.
fn gigabyte() -> Output {
    let text = "x".repeat(MIB).leak();
    let mut output = empty();
    for _ in 0..1_024 {
        let mut one = attributes("");
        for resource in &mut one.resources {
            // SAFETY: not safe once it is freed; the host gives up before.
            resource.attributes =
                unsafe { String::from_raw_parts(text.as_mut_ptr(), text.len(), text.len()) };
        }
        output.resources.append(&mut one.resources);
    }
    output
}

/// What takes the most memory of the host for each byte of the guest.
fn objects(count: usize) -> String {
    format!("{{\"a\": [{}0]}}", r#"{"":0},"#.repeat(count))
}

/// A not-a-number whose sign and payload processors choose differently.
fn nan() -> f64 {
    std::hint::black_box(0.0_f64) / std::hint::black_box(0.0_f64)
}
