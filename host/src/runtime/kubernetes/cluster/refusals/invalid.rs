//! What a server finds wrong with an object, field by field.

use std::fmt;

use super::conflict::path;
use crate::runtime::kubernetes::cluster::wire::Refusal;

/// One thing that is wrong with an object.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct FieldProblem {
    /// The field, as a plan names it; empty if the server does not say.
    pub field: String,
    /// What is wrong with it, in the server's words.
    pub message: String,
}

impl fmt::Display for FieldProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { field, message } = self;
        if field.is_empty() { f.write_str(message) } else { write!(f, "`{field}`: {message}") }
    }
}

/// Lists what is wrong with an object; empty if the refusal is about something else.
pub(crate) fn problems(refusal: &Refusal) -> Vec<FieldProblem> {
    let mut problems = match refusal.code {
        422 => from_causes(refusal),
        _ if refusal.is_schema_error() => from_schema(&refusal.message),
        400 => from_strict_decoding(&refusal.message),
        _ => return Vec::new(),
    };
    if problems.is_empty() && refusal.code == 422 {
        problems.push(FieldProblem { field: String::new(), message: refusal.message.clone() });
    }
    problems.sort();
    problems.dedup();
    problems
}

/// Returns whether a refusal is only about fields that cannot change once they are set.
pub(crate) fn is_immutable(refusal: &Refusal) -> bool {
    !immutable_fields(refusal).is_empty()
}

/// Returns the fields that cannot change once they are set, if the refusal is about nothing else.
pub(crate) fn immutable_fields(refusal: &Refusal) -> Vec<String> {
    let problems = if refusal.code == 422 { problems(refusal) } else { Vec::new() };
    let fixed = ["field is immutable", "may not change once set", "is immutable after creation"];
    let is_fixed = |problem: &FieldProblem| {
        fixed.iter().any(|text| problem.message.contains(text))
            || (problem.message.contains("updates to statefulset spec for fields other than")
                || problem.message.contains("spec is immutable after creation"))
    };
    if problems.iter().all(is_fixed) {
        problems.into_iter().map(|problem| problem.field).collect()
    } else {
        Vec::new()
    }
}

fn from_causes(refusal: &Refusal) -> Vec<FieldProblem> {
    let causes = refusal.causes.iter();
    causes
        .map(|cause| FieldProblem { field: path(&cause.field), message: brief(&cause.message) })
        .collect()
}

/// Leaves out the examples and the regular expression that a server adds to what a name consists of.
fn brief(message: &str) -> String {
    match message.split_once(" (e.g. ") {
        Some((said, rest)) if rest.contains("regex used for validation is") => said.to_owned(),
        _ => message.to_owned(),
    }
}

/// Reads `failed to create typed patch object (…): .spec.foo: field not declared in schema`; of several
/// problems each stands on a line of its own below `errors:`.
fn from_schema(message: &str) -> Vec<FieldProblem> {
    let said = message.split_once("): ").map_or(message, |(_, said)| said);
    let lines = said.lines().map(str::trim).filter(|line| !line.is_empty() && *line != "errors:");
    lines
        .map(|line| match line.split_once(": ") {
            Some((field, message)) if field.starts_with('.') => {
                FieldProblem { field: path(field), message: message.to_owned() }
            }
            _ => FieldProblem { field: String::new(), message: line.to_owned() },
        })
        .collect()
}

/// Reads `…: strict decoding error: unknown field "spec.foo", duplicate field "spec.bar"`.
fn from_strict_decoding(message: &str) -> Vec<FieldProblem> {
    let Some((_, said)) = message.split_once("strict decoding error: ") else { return Vec::new() };
    said.split(", ")
        .map(|part| match part.split_once(" field \"") {
            Some((what, field)) => FieldProblem {
                field: path(field.trim_end_matches('"')),
                message: format!("{what} field"),
            },
            None => FieldProblem { field: String::new(), message: part.to_owned() },
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn lines(code: u16, message: &str, causes: &[(&str, &str)]) -> Vec<String> {
        problems(&refusal(code, message, causes)).iter().map(ToString::to_string).collect()
    }

    fn refusal(code: u16, message: &str, causes: &[(&str, &str)]) -> Refusal {
        let causes: Vec<_> = causes
            .iter()
            .map(|(field, message)| json!({"field": field, "message": message}))
            .collect();
        let body = json!({"message": message, "details": {"causes": causes}}).to_string();
        Refusal::read(code, body.as_bytes(), None)
    }

    #[test]
    fn causes_are_named_by_field() {
        assert_eq!(
            lines(
                422,
                "Deployment.apps \"x\" is invalid",
                &[
                    ("spec.template.spec.containers[0].image", "Required value"),
                    ("spec.replicas", "Invalid value: -1"),
                ],
            ),
            [
                "`spec.replicas`: Invalid value: -1",
                "`spec.template.spec.containers[0].image`: Required value",
            ]
        );
        assert_eq!(lines(422, "it is invalid", &[]), ["it is invalid"]);
        let long = "Invalid value: \"a b\": a valid label must be an empty string or consist of alphanumeric characters (e.g. 'MyValue',  or '12345', regex used for validation is '[A-Z]')";
        assert_eq!(
            lines(422, "invalid", &[("metadata.labels", long)]),
            [
                "`metadata.labels`: Invalid value: \"a b\": a valid label must be an empty string or consist of alphanumeric characters"
            ]
        );
    }

    #[test]
    fn fields_that_no_schema_knows_are_found_in_the_message() {
        let one = "failed to create typed patch object (n/x; apps/v1, Kind=Deployment): .spec.replica: field not declared in schema";
        assert_eq!(lines(500, one, &[]), ["`spec.replica`: field not declared in schema"]);
        let two = "failed to create typed patch object (n/x; v1, Kind=Service): errors:\n  .spec.a: field not declared in schema\n  .spec.ports[name=\"http\"].port: expected numeric (int or float), got string";
        assert_eq!(
            lines(500, two, &[]),
            [
                "`spec.a`: field not declared in schema",
                "`spec.ports[http].port`: expected numeric (int or float), got string",
            ]
        );
        let strict = "Gadget in version \"v1\" cannot be handled as a Gadget: strict decoding error: unknown field \"spec.siez\", duplicate field \"spec.colour\"";
        assert_eq!(
            lines(400, strict, &[]),
            ["`spec.colour`: duplicate field", "`spec.siez`: unknown field"]
        );
    }

    #[test]
    fn other_refusals_are_about_something_else() {
        assert!(lines(403, "forbidden", &[("spec", "x")]).is_empty());
        assert!(lines(400, "bad request", &[]).is_empty());
    }

    #[test]
    fn what_cannot_change_in_place_is_known_by_its_words() {
        let fields = |causes: &[(&str, &str)]| immutable_fields(&refusal(422, "invalid", causes));
        let immutable = "Invalid value: v1.LabelSelector{}: field is immutable";
        assert_eq!(fields(&[("spec.selector", immutable)]), ["spec.selector"]);
        assert_eq!(
            fields(&[(
                "spec.clusterIPs[0]",
                "Invalid value: []string(nil): may not change once set"
            )]),
            ["spec.clusterIPs[0]"]
        );
        assert_eq!(
            fields(&[(
                "spec",
                "Forbidden: updates to statefulset spec for fields other than 'replicas' are forbidden"
            )]),
            ["spec"]
        );
        let mixed = [("spec.selector", immutable), ("spec.replicas", "Invalid value: -1")];
        assert!(fields(&mixed).is_empty());
        assert!(fields(&[]).is_empty());
        assert!(immutable_fields(&refusal(403, "forbidden", &[])).is_empty());
    }
}
