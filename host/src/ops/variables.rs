//! Variables that accessories give, and what developers write of them.

use serde_json::Value;

use crate::config::{App, Stack};
use crate::diagnostic::{Problem, name_hints};
use crate::runtime::KubernetesSemantics;
use crate::source::Node;
use crate::spec::{Assembled, Semantics as _, variable_references};

/// How the names of accessories' variables begin. Kubernetes hands on as it is what refers to nothing, so other names
/// may be meant for the program; these are not.
const PREFIX: &str = "KUSION_";

/// Lists the references to variables that no accessory gives.
pub(super) fn problems(stack: &Stack, assembled: &Assembled) -> Vec<Problem> {
    stack.apps().iter().flat_map(|app| problems_of(app, assembled)).collect()
}

fn problems_of(app: &App, assembled: &Assembled) -> Vec<Problem> {
    let written = app.workload().and_then(|workload| workload.config().get("containers"));
    let made = assembled.workloads.get(app.name());
    let made = made.and_then(|id| assembled.spec.resources.get(id));
    let (Some(written), Some(made)) = (written, made) else { return Vec::new() };
    let Some(template) = KubernetesSemantics.pod_template(made) else { return Vec::new() };
    let containers = made.attributes.pointer(&format!("{template}/spec/containers"));
    let mut problems = Vec::new();
    for container in containers.and_then(Value::as_array).into_iter().flatten() {
        let Some(written) = container["name"].as_str().and_then(|name| written.get(name)) else {
            continue;
        };
        // What a whole Secret or ConfigMap brings is not known here.
        if list(&container["envFrom"]).next().is_some() {
            continue;
        }
        let given: Vec<&str> =
            list(&container["env"]).filter_map(|it| it["name"].as_str()).collect();
        let env = written.get("env").into_iter().flat_map(Node::entries).map(|entry| &entry.value);
        let lists = ["command", "args"].into_iter().filter_map(|key| written.get(key));
        for value in env.chain(lists.flat_map(Node::items)) {
            let names = variable_references(value.as_str().unwrap_or_default()).into_iter();
            let unknown = names.filter(|name| name.starts_with(PREFIX) && !given.contains(name));
            problems.extend(unknown.map(|name| unknown_variable(name, &given, value)));
        }
    }
    problems
}

fn unknown_variable(name: &str, given: &[&str], value: &Node) -> Problem {
    let problem =
        Problem::at(value.location().clone(), format!("no accessory gives the variable `{name}`"));
    let given: Vec<&str> = given.iter().filter(|name| name.starts_with(PREFIX)).copied().collect();
    if given.is_empty() {
        return problem
            .hint("add the accessory that gives it, or write `$$(…)` for the text itself");
    }
    name_hints(name, given).into_iter().fold(problem, Problem::hint)
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}
