//! What project.yaml and stack.yaml say.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::config::file;
use crate::config::written::{Extension, ExtensionKind, ProjectFile, StackFile, Written};
use crate::diagnostic::Problem;
use crate::name::{NameError, Namespace, ProjectName, StackName, WorkspaceName};
use crate::source::{Location, Node, SourceFile};

/// What both files say together; a name is absent if its file has problems.
#[derive(Debug, Default)]
pub(super) struct Header {
    pub(super) project: Option<ProjectName>,
    pub(super) stack: Option<StackName>,
    pub(super) labels: BTreeMap<String, String>,
    pub(super) namespace: String,
    pub(super) workspace: Option<(WorkspaceName, Location)>,
}

/// Reads both files; the stack's settings go over the project's.
pub(super) fn read(
    project: &Arc<SourceFile>,
    stack: &Arc<SourceFile>,
    problems: &mut Vec<Problem>,
) -> Header {
    let mut header = Header::default();
    let mut namespace = None;
    let mut project_place = None;
    if let Some(node) = file::document(project, problems) {
        let written = ProjectFile::take(&node, "", problems);
        header.project = name(&node, "/name", ProjectName::parse, problems);
        project_place = Some(node.locate("/name").clone());
        namespace = namespace_of(&node, &written.extensions, problems);
        header.labels = written.labels;
    }
    if let Some(node) = file::document(stack, problems) {
        let written = StackFile::take(&node, "", problems);
        header.stack = name(&node, "/name", StackName::parse, problems);
        namespace = namespace_of(&node, &written.extensions, problems).or(namespace);
        header.labels.extend(written.labels);
        header.workspace = name(&node, "/workspace", WorkspaceName::parse, problems)
            .map(|name| (name, node.locate("/workspace").clone()));
    }
    header.namespace = match (namespace, &header.project, project_place) {
        (Some(namespace), ..) => namespace,
        (None, Some(project), Some(place)) => default_namespace(project, place, problems),
        _ => String::new(),
    };
    header
}

/// Takes a name, or notes why it is none, unless it is missing or no text, which its schema has noted.
fn name<T>(
    node: &Node,
    pointer: &str,
    parse: impl FnOnce(String) -> Result<T, NameError>,
    problems: &mut Vec<Problem>,
) -> Option<T> {
    let text = node.pointer(pointer)?.as_str()?;
    match parse(text.to_owned()) {
        Ok(name) => Some(name),
        Err(error) => {
            problems.push(Problem::at(node.locate(pointer).clone(), error.to_string()));
            None
        }
    }
}

fn namespace_of(
    node: &Node,
    extensions: &[Extension],
    problems: &mut Vec<Problem>,
) -> Option<String> {
    let mut found = None;
    for (index, extension) in extensions.iter().enumerate() {
        if extension.kind != ExtensionKind::KubernetesNamespace {
            continue;
        }
        let pointer = format!("/extensions/{index}/kubernetesNamespace/namespace");
        match &extension.kubernetes_namespace {
            Some(_) => {
                found =
                    name(node, &pointer, Namespace::parse, problems).map(String::from).or(found);
            }
            None => problems.push(Problem::at(
                node.locate(&pointer).clone(),
                format!("missing field `kubernetesNamespace` in `extensions[{index}]`"),
            )),
        }
    }
    found
}

fn default_namespace(
    project: &ProjectName,
    place: Location,
    problems: &mut Vec<Problem>,
) -> String {
    if Namespace::parse(project.as_str()).is_err() {
        let message = format!("the project's name `{project}` cannot be its namespace");
        problems.push(
            Problem::at(place, message)
                .hint("a namespace has lower-case letters, digits and `-` only")
                .hint("name one in `extensions` with the kind `kubernetesNamespace`"),
        );
    }
    project.as_str().to_owned()
}
