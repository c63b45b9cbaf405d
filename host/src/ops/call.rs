//! One module call: what is asked, with the files asked for in between, and how a refusal is told.

use serde_json::{Map, Value, json};

use crate::config::{App, Component, Platform, Stack, Workspace};
use crate::diagnostic::{Diagnose as _, Problem};
use crate::engine::{CallError, Generated, Module, RejectedPlace, Rejection, Request, Scope};
use crate::name::ModuleName;
use crate::ops::needs::{ReadFile, Reader};
use crate::ops::target::manifests;
use crate::ops::visible;
use crate::secret::ExternalRef;
use crate::source::Location;
use crate::spec::{Origin, Resource, SecretSource};

/// How often a module may ask for files before it must answer.
pub(super) const MAX_ROUNDS: usize = 4;
/// How many files and folders a module may ask for in one round.
const MAX_NEEDS: usize = 1_000;
/// The extension of a request that tells which resource runs the app's containers.
const WORKLOAD_RESOURCE: &str = "workloadResource";

/// One module call and what it used.
#[derive(Debug, Clone)]
pub struct Call {
    /// Who was asked, for whom.
    pub origin: Origin,
    /// What it was asked; no secret is in it.
    pub request: Request,
    /// Files it asked for.
    pub files: Vec<ReadFile>,
    /// What it used.
    pub usage: crate::engine::Usage,
    /// What it logged.
    pub log: Vec<crate::engine::LogLine>,
}

/// One place where an app uses a module.
pub(super) struct Use<'a> {
    pub(super) app: &'a App,
    /// The accessory's name; empty for the workload.
    pub(super) accessory: String,
    pub(super) component: &'a Component,
    pub(super) platform: Platform,
}

impl Use<'_> {
    pub(super) fn is_workload(&self) -> bool {
        self.accessory.is_empty()
    }

    pub(super) fn origin(&self) -> Origin {
        Origin {
            app: self.app.name().clone(),
            accessory: self.accessory.clone(),
            module: self.component.module().clone(),
        }
    }

    /// Says that the module is not for this place.
    pub(super) fn misplaced(&self, kind: &str) -> Problem {
        let module = self.component.module();
        let place = if self.is_workload() { "the workload" } else { "an accessory" };
        let message = format!("module `{module}` cannot be {place}: its kind is `{kind}`");
        Problem::at(self.component.module_location().clone(), message)
    }

    /// What the configuration is called in a message.
    pub(super) fn title(&self) -> &str {
        if self.is_workload() { "workload" } else { &self.accessory }
    }
}

/// Why there is no answer.
pub(super) enum Unanswered {
    /// The call failed, or the module rejects the request.
    Call(CallError),
    /// The host does not go along with what the module asks for.
    Refused(Vec<Problem>),
}

impl From<CallError> for Unanswered {
    fn from(error: CallError) -> Self {
        Self::Call(error)
    }
}

impl Unanswered {
    fn at(used: &Use<'_>, message: String) -> Self {
        Self::Refused(vec![Problem::at(used.component.location().clone(), message)])
    }

    /// Tells it at the places the user wrote.
    pub(super) fn problems(self, used: &Use<'_>) -> Vec<Problem> {
        match self {
            Self::Call(error) => failed(used, &error),
            Self::Refused(problems) => problems,
        }
    }
}

/// Asks a module, and answers what it asks for, until it has what it needs.
#[tracing::instrument(
    level = "debug",
    name = "call module",
    skip_all,
    fields(
        app = %used.app.name(),
        accessory = used.accessory,
        module = %module.name(),
        fuel,
        peak_memory_bytes,
        rounds
    )
)]
pub(super) fn call(
    (stack, workspace): (&Stack, &Workspace),
    used: &Use<'_>,
    module: &Module,
    workload: Option<&Resource>,
) -> Result<(Call, Generated), Unanswered> {
    let mut request = request((stack, workspace), used, module);
    if module.description().wants_workload_resource {
        request.extensions = workload.map(workload_extension).unwrap_or_default();
    }
    let mut reader = Reader::new(stack.stack_dir(), &manifests(stack, workspace));
    for round in 1..=MAX_ROUNDS {
        let mut generated = module.generate(&request)?;
        if generated.needs.is_empty() {
            let span = tracing::Span::current();
            span.record("fuel", generated.usage.fuel);
            span.record("peak_memory_bytes", generated.usage.peak_memory);
            span.record("rounds", round);
            check_references(&request, used, &generated)?;
            let call = Call {
                origin: used.origin(),
                request,
                files: reader.files,
                usage: generated.usage,
                log: std::mem::take(&mut generated.log),
            };
            return Ok((call, generated));
        }
        if generated.needs.len() > MAX_NEEDS {
            let message =
                format!("module `{}` asks for more than {MAX_NEEDS} files at once", module.name());
            return Err(Unanswered::at(used, message));
        }
        for need in generated.needs {
            let input = reader.answer(need).map_err(|error| {
                let message =
                    format!("module `{}` needs a file: {}", module.name(), error.reason());
                Unanswered::at(used, message)
            })?;
            request.inputs.push(input);
        }
    }
    let message =
        format!("module `{}` still asks for files after {MAX_ROUNDS} rounds", module.name());
    Err(Unanswered::at(used, message))
}

fn request((stack, workspace): (&Stack, &Workspace), used: &Use<'_>, module: &Module) -> Request {
    let config = used.component.config().to_json();
    let workload = match used.app.workload() {
        Some(_) if used.is_workload() => config.clone(),
        Some(workload) => workload.config().to_json(),
        None => Value::Null,
    };
    Request {
        scope: Scope {
            project: stack.project().to_string(),
            stack: stack.stack().to_string(),
            workspace: workspace.name().to_string(),
            app: used.app.name().to_string(),
            namespace: stack.namespace().to_owned(),
        },
        accessory: used.accessory.clone(),
        labels: used.app.labels().clone(),
        annotations: used.app.annotations().clone(),
        config,
        platform: used.platform.config.to_json(),
        workload,
        context: visible::context(workspace.context(), &module.description().context_keys),
        inputs: Vec::new(),
        extensions: Map::new(),
    }
}

/// Tells which resource runs the app's containers, and nothing else of it.
pub(super) fn workload_extension(resource: &Resource) -> Map<String, Value> {
    let text = |pointer: &str| resource.attributes.pointer(pointer).cloned().unwrap_or_default();
    let workload = json!({
        "id": resource.id,
        "apiVersion": text("/apiVersion"),
        "kind": text("/kind"),
        "name": text("/metadata/name"),
    });
    Map::from_iter([(WORKLOAD_RESOURCE.to_owned(), workload)])
}

/// Refuses an external secret whose reference nobody gave to the module.
fn check_references(
    request: &Request,
    used: &Use<'_>,
    generated: &Generated,
) -> Result<(), Unanswered> {
    let known = |reference: &str| {
        let seen = [&request.config, &request.platform, &request.context];
        seen.into_iter().any(|value| mentions(value, reference))
    };
    let mut problems = Vec::new();
    for (name, source) in &generated.secrets {
        let SecretSource::External { reference } = source else { continue };
        // What is no reference is not shown: it may be the secret itself, in the place of one.
        let why = if ExternalRef::parse(reference).is_err() {
            "something that is no reference to a secret store"
        } else if !known(reference) {
            "a reference that neither app.yaml nor the workspace gives it"
        } else {
            continue;
        };
        let module = used.component.module();
        problems.push(Problem::at(
            used.component.location().clone(),
            format!("module `{module}` asks for secret `{name}` by {why}"),
        ));
    }
    if problems.is_empty() { Ok(()) } else { Err(Unanswered::Refused(problems)) }
}

fn mentions(value: &Value, text: &str) -> bool {
    match value {
        Value::String(string) => string == text,
        Value::Array(items) => items.iter().any(|item| mentions(item, text)),
        Value::Object(map) => map.values().any(|value| mentions(value, text)),
        _ => false,
    }
}

/// Turns a failed call into problems at the places the user wrote.
fn failed(used: &Use<'_>, error: &CallError) -> Vec<Problem> {
    if let CallError::Rejected { module, rejection: Rejection::Invalid(places) } = error {
        return places.iter().map(|place| rejected(used, module, place)).collect();
    }
    let who = if used.is_workload() {
        String::new()
    } else {
        format!(" (accessory `{}`)", used.accessory)
    };
    let mut problem = Problem::at(used.component.location().clone(), format!("{error}{who}"));
    problem.hints = error.hints();
    vec![problem]
}

fn rejected(used: &Use<'_>, module: &ModuleName, place: &RejectedPlace) -> Problem {
    let message = format!("module `{module}`: {}", place.message);
    Problem::at(locate(used, &place.pointer), message)
}

fn locate(used: &Use<'_>, pointer: &str) -> Location {
    let below = |root: &str| {
        pointer.strip_prefix(root).filter(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    if let Some(rest) = below("/config") {
        used.component.config().locate_named(rest).clone()
    } else if let Some(rest) = below("/platform") {
        used.platform.config.locate_named(rest).clone()
    } else if let (Some(rest), Some(workload)) = (below("/workload"), used.app.workload()) {
        workload.config().locate_named(rest).clone()
    } else {
        used.component.location().clone()
    }
}
