//! Shows what a target refuses at the place where somebody wrote it.

mod field;
mod mark;
mod written;

use std::collections::BTreeMap;

use crate::config::{App, Component};
use crate::diagnostic::{Diagnose as _, Problem};
use crate::ops::{OpsError, Project};
use crate::runtime::{ClusterError, FieldProblem, KubernetesSemantics, RuntimeError};
use crate::source::{Location, Node};
use crate::spec::{Origin, Resource, ResourceId, Semantics as _, Spec};
use written::{Refused, Written, written};

/// Turns what was found wrong with several resources into one error.
///
pub(super) fn blame(court: Court<'_>, errors: Vec<RuntimeError>) -> OpsError {
    if !errors.iter().any(|error| court.knows(error)) {
        return RuntimeError::together(errors).into();
    }
    let mut problems: Vec<Problem> =
        errors.iter().flat_map(|error| court.problems(error)).collect();
    let place = |problem: &Problem| {
        let location = problem.location.as_ref();
        location.map(|at| (at.file().path().to_owned(), at.line(), at.column()))
    };
    problems.sort_by_key(|problem| (place(problem), problem.message.clone()));
    problems.dedup();
    OpsError::NotAccepted { problems }
}

/// What is known about where resources come from.
#[derive(Clone, Copy)]
pub(super) struct Court<'a> {
    pub(super) spec: &'a Spec,
    pub(super) makers: &'a BTreeMap<ResourceId, Origin>,
    /// The project whose files say all this; `None` if it comes from a record.
    pub(super) project: Option<&'a Project<'a>>,
}

impl Court<'_> {
    /// Returns whether an error is about something that a module made from what somebody wrote.
    fn knows(&self, error: &RuntimeError) -> bool {
        let RuntimeError::Cluster(error) = error else { return false };
        match error.as_ref() {
            ClusterError::Invalid { id, .. } | ClusterError::Denied { id, .. } => {
                self.makers.contains_key(id)
            }
            _ => false,
        }
    }

    fn problems(&self, error: &RuntimeError) -> Vec<Problem> {
        if let RuntimeError::Cluster(cluster) = error {
            match cluster.as_ref() {
                ClusterError::Invalid { id, problems, .. } => {
                    let hints = cluster.hints();
                    let problems = problems.iter().map(|problem| self.invalid(id, problem));
                    return problems
                        .map(|problem| Problem { hints: hints.clone(), ..problem })
                        .collect();
                }
                ClusterError::Denied { id, by, message } => {
                    let message = format!(
                        "resource `{id}`{} was denied by {by}: {message}",
                        self.made_by(id)
                    );
                    let place = self.component(id).map(|component| component.location().clone());
                    return vec![problem(place, message)];
                }
                _ => {}
            }
        }
        vec![Problem::of(error)]
    }

    fn invalid(&self, id: &ResourceId, wrong: &FieldProblem) -> Problem {
        if let Some((place, what)) = self.marked(id, wrong) {
            // Not a word about the object: the same mistake is refused in several, and told once.
            return Problem::at(place, format!("the {what} is not valid: {}", wrong.message));
        }
        match self.locate(id, wrong) {
            Some(place) => Problem::at(place, format!("resource `{id}` is not valid: {wrong}")),
            None => {
                let message = format!("resource `{id}`{} is not valid: {wrong}", self.made_by(id));
                problem(self.component(id).map(|component| component.location().clone()), message)
            }
        }
    }

    /// Describes a problem of fields of a resource, at the place in which the first was written.
    pub(super) fn problem_at(
        &self,
        id: &ResourceId,
        fields: &[String],
        message: String,
    ) -> Problem {
        let field = fields.iter().find_map(|field| {
            let wrong = FieldProblem { field: field.clone(), message: String::new() };
            self.locate(id, &wrong)
        });
        let component = || self.component(id).map(|component| component.location().clone());
        problem(field.or_else(component), message)
    }

    /// Finds the label, annotation or secret of the workload that a refusal is about.
    fn marked(&self, id: &ResourceId, wrong: &FieldProblem) -> Option<(Location, &'static str)> {
        let resource = self.spec.resources.get(id)?;
        let origin = self.makers.get(id)?;
        let workload = app(self.project?, origin)?.workload();
        let components = [self.component(id), workload];
        components.into_iter().flatten().find_map(|component| {
            let config = component.config();
            let (field, message) = (&wrong.field, &wrong.message);
            let found = mark::mark(&resource.attributes, field, message, &config.to_json())?;
            Some((at(config, &found.written), found.what))
        })
    }

    /// Names the accessory and the module that made a resource.
    fn made_by(&self, id: &ResourceId) -> String {
        self.makers.get(id).map(|origin| format!(" of {origin}")).unwrap_or_default()
    }

    fn component(&self, id: &ResourceId) -> Option<&Component> {
        let origin = self.makers.get(id)?;
        component(app(self.project?, origin)?, &origin.accessory)
    }

    /// Finds the place in which a field was written, by the developer or, if it is not there, by the platform.
    fn locate(&self, id: &ResourceId, wrong: &FieldProblem) -> Option<Location> {
        let (project, resource) = (self.project?, self.spec.resources.get(id)?);
        let component = self.component(id)?;
        let config = component.config();
        let found = find(resource, wrong, config);
        if let Some(found) = &found
            && config.pointer(&found.pointer).is_some()
        {
            return Some(at(config, found));
        }
        let platform = project.workspace.platform(component.module(), project.stack.project());
        let platform = platform.map(|platform| platform.config);
        let given = platform.and_then(|platform| {
            let found = find(resource, wrong, &platform)?;
            platform.pointer(&found.pointer).is_some().then(|| at(&platform, &found))
        });
        given.or_else(|| found.map(|found| at(config, &found)))
    }
}

fn problem(place: Option<Location>, message: String) -> Problem {
    match place {
        Some(place) => Problem::at(place, message),
        None => Problem::new(message),
    }
}

fn find(resource: &Resource, wrong: &FieldProblem, config: &Node) -> Option<Written> {
    let refused = Refused {
        manifest: &resource.attributes,
        template: KubernetesSemantics.pod_template(resource),
        field: &wrong.field,
        message: &wrong.message,
    };
    written(refused, &config.to_json())
}

fn at(config: &Node, found: &Written) -> Location {
    let Written { pointer, key } = found;
    let place = if *key { config.locate_key(pointer) } else { config.locate(pointer) };
    place.clone()
}

fn app<'a>(project: &'a Project<'_>, origin: &Origin) -> Option<&'a App> {
    project.stack.apps().iter().find(|app| *app.name() == origin.app)
}

fn component<'a>(app: &'a App, accessory: &str) -> Option<&'a Component> {
    if accessory.is_empty() {
        return app.workload();
    }
    app.accessories().iter().find(|(name, _)| name.as_str() == accessory).map(|(_, found)| found)
}
