//! The border: generated bindings, and the conversion between them and the types authors see.

use std::collections::BTreeMap;
use std::marker::PhantomData;

use schemars::JsonSchema;
use serde_json::{Map, Value};

use crate::decode::{self, RawInput, RawRequest};
use crate::description;
use crate::module::Module;
use crate::output::Output;
use crate::patch::Patch;
use crate::rejection::Rejection;
use crate::request::Scope;
use crate::resource::Resource;
use crate::schema;
use crate::secret::{Secret, SecretSource};

/// What wit-bindgen makes of the interface.
#[allow(
    missing_docs,
    unreachable_pub,
    unsafe_code,
    clippy::all,
    clippy::allow_attributes_without_reason,
    clippy::semicolon_if_nothing_returned,
    clippy::use_self,
    reason = "generated code: it crosses the border between host and guest, which only unsafe code can"
)]
pub mod bindings {
    wit_bindgen::generate!({
        path: "wit",
        world: "module",
        pub_export_macro: true,
        export_macro_name: "export_component",
        default_bindings_module: "kusion_sdk::plumbing::bindings",
    });
}

use self::bindings::exports::kusion::module::generator as wit;

/// The schemas of a module as texts, if the build knows them already.
///
/// The code that derives them is a third of a module. A build that hands in what an earlier build of the
/// same module derived leaves that code out.
pub trait Schemas {
    /// The schema of what a developer writes.
    const DEVELOPER: Option<&'static str>;
    /// The schema of what the platform team writes.
    const PLATFORM: Option<&'static str>;
}

/// The component round the module `M`.
#[derive(Debug)]
pub struct Guest<M, S>(PhantomData<(M, S)>);

impl<M: Module, S: Schemas> wit::Guest for Guest<M, S> {
    fn describe() -> wit::Description {
        report_panics();
        wit::Description {
            name: M::NAME.to_owned(),
            version: M::VERSION.to_owned(),
            kind: M::KIND.as_str().to_owned(),
            summary: M::SUMMARY.to_owned(),
            context_keys: texts(M::CONTEXT_KEYS),
            developer_schema: schema_text::<M::Config>(S::DEVELOPER),
            platform_schema: schema_text::<M::Platform>(S::PLATFORM),
            resource_types: texts(M::RESOURCE_TYPES),
            extensions: document(description::extensions::<M>()),
        }
    }

    fn generate(request: wit::Request) -> Result<wit::Output, wit::Rejection> {
        report_panics();
        match decode::serve::<M>(raw(request)) {
            Ok(answer) => Ok(output(answer)),
            Err(answer) => Err(rejection(answer)),
        }
    }
}

/// Inlined, so that the compiler sees that nothing is derived where the text is known.
#[inline(always)]
fn schema_text<T: JsonSchema>(known: Option<&'static str>) -> String {
    match known {
        Some(text) => text.to_owned(),
        None => schema::of::<T>().to_string(),
    }
}

/// A trap carries no text, so the message goes out before it. Every call has an instance of its own,
/// so the hook is set once in it.
fn report_panics() {
    std::panic::set_hook(Box::new(|info| crate::log::error(info.to_string())));
}

fn raw(request: wit::Request) -> RawRequest {
    RawRequest {
        scope: Scope {
            project: request.scope.project,
            stack: request.scope.stack,
            workspace: request.scope.workspace,
            app: request.scope.app,
            namespace: request.scope.namespace,
        },
        accessory: request.accessory,
        labels: request.labels,
        annotations: request.annotations,
        config: request.config,
        platform: request.platform,
        workload: request.workload,
        context: request.context,
        inputs: request
            .inputs
            .into_iter()
            .map(|input| RawInput { kind: input.kind, need: input.need, answer: input.answer })
            .collect(),
        extensions: request.extensions,
    }
}

fn output(output: Output) -> wit::Output {
    wit::Output {
        resources: output.resources.into_iter().map(resource).collect(),
        patches: output.patches.into_iter().map(patch).collect(),
        secrets: output.secrets.into_iter().map(secret).collect(),
        needs: output
            .needs
            .into_iter()
            .map(|need| wit::Need { kind: need.kind, document: need.document.to_string() })
            .collect(),
        extensions: document(output.extensions),
    }
}

fn resource(resource: Resource) -> wit::Resource {
    wit::Resource {
        id: resource.id,
        type_: resource.type_,
        attributes: resource.attributes.to_string(),
        depends_on: resource.depends_on,
        extensions: document(resource.extensions),
    }
}

fn patch(patch: Patch) -> wit::Patch {
    match patch {
        Patch::Env(variables) => wit::Patch::Env(Value::Array(variables).to_string()),
        Patch::Labels(labels) => wit::Patch::Labels(pairs(labels)),
        Patch::Annotations(annotations) => wit::Patch::Annotations(pairs(annotations)),
        Patch::PodLabels(labels) => wit::Patch::PodLabels(pairs(labels)),
        Patch::PodAnnotations(annotations) => wit::Patch::PodAnnotations(pairs(annotations)),
        Patch::Json { id, document } => wit::Patch::JsonPatch(resource_patch(id, &document)),
        Patch::Merge { id, document } => wit::Patch::MergePatch(resource_patch(id, &document)),
        Patch::Other { kind, document } => {
            wit::Patch::Other(wit::OtherPatch { kind, document: document.to_string() })
        }
    }
}

fn resource_patch(id: String, document: &Value) -> wit::ResourcePatch {
    wit::ResourcePatch { id, document: document.to_string() }
}

fn secret(secret: Secret) -> wit::Secret {
    wit::Secret {
        name: secret.name,
        source: match secret.source {
            SecretSource::Generated { length, alphabet } => {
                wit::SecretSource::Generated(wit::GeneratedSecret { length, alphabet })
            }
            SecretSource::External(reference) => wit::SecretSource::External(reference),
        },
    }
}

fn rejection(rejection: Rejection) -> wit::Rejection {
    match rejection {
        Rejection::Invalid(problems) => wit::Rejection::Invalid(
            problems
                .into_iter()
                .map(|problem| wit::Problem {
                    pointer: problem.pointer.to_string(),
                    message: problem.message,
                })
                .collect(),
        ),
        Rejection::Unsupported(message) => wit::Rejection::Unsupported(message),
        Rejection::Failed(message) => wit::Rejection::Failed(message),
    }
}

fn document(map: Map<String, Value>) -> String {
    Value::Object(map).to_string()
}

fn pairs(map: BTreeMap<String, String>) -> Vec<(String, String)> {
    map.into_iter().collect()
}

fn texts(list: &[&str]) -> Vec<String> {
    list.iter().map(|text| (*text).to_owned()).collect()
}
