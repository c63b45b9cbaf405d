//! A validator's errors in the words of the person who wrote the file.

use jsonschema::error::{TypeKind, ValidationErrorKind as Kind};
use jsonschema::{JsonType, ValidationError};
use serde_json::Value;

use super::close::property_names;
use super::path;
use crate::diagnostic::{Problem, name_hints};
use crate::source::{Content, Node, escape_token};

/// The most problems that are worded; the search for near names makes each costly.
pub(super) const MAX_PROBLEMS: usize = 50;
/// The longest value that a message quotes, in characters.
const MAX_QUOTE: usize = 60;
/// How deep alternatives within alternatives are looked into.
const MAX_ALTERNATIVES: usize = 16;

/// Turns errors about one value into problems at their places.
pub(super) struct Explainer<'a> {
    schema: &'a Value,
    node: &'a Node,
    prefix: &'a str,
}

impl<'a> Explainer<'a> {
    pub(super) fn new(schema: &'a Value, node: &'a Node, prefix: &'a str) -> Self {
        Self { schema, node, prefix }
    }

    pub(super) fn explain(&self, errors: &[ValidationError<'_>]) -> Vec<Problem> {
        self.explain_at(errors, 0)
    }

    fn explain_at(&self, errors: &[ValidationError<'_>], depth: usize) -> Vec<Problem> {
        let mut problems = Vec::new();
        for error in errors {
            if problems.len() >= MAX_PROBLEMS {
                break;
            }
            // Which values there are says of which type they are.
            let is_listed = |other: &ValidationError<'_>| {
                matches!(other.kind(), Kind::Enum { .. } | Kind::Constant { .. })
                    && other.instance_path() == error.instance_path()
            };
            if matches!(error.kind(), Kind::Type { .. }) && errors.iter().any(is_listed) {
                continue;
            }
            self.one(error, depth, &mut problems);
        }
        if problems.is_empty() {
            // Only properties of another alternative are left to complain about.
            for error in errors {
                if let Kind::UnevaluatedProperties { unexpected } = error.kind() {
                    let pointer = error.instance_path().as_str();
                    let place = self.name(pointer);
                    problems.extend(unexpected.iter().take(MAX_PROBLEMS).map(|key| {
                        let message =
                            format!("`{key}` does not go with the other fields{}", within(&place));
                        self.at_key(&child(pointer, key), message)
                    }));
                }
            }
        }
        problems
    }

    fn one(&self, error: &ValidationError<'_>, depth: usize, problems: &mut Vec<Problem>) {
        let pointer = error.instance_path().as_str();
        let place = self.name(pointer);
        match error.kind() {
            Kind::AdditionalProperties { unexpected }
            | Kind::UnevaluatedProperties { unexpected } => {
                let names = self.names(error);
                let fallible = matches!(error.kind(), Kind::UnevaluatedProperties { .. });
                for key in unexpected {
                    if problems.len() >= MAX_PROBLEMS {
                        return;
                    }
                    // A property whose value is wrong counts as unevaluated, and so do its neighbours.
                    if fallible && names.contains(key) {
                        continue;
                    }
                    let message = format!("unknown field `{key}`{}", within(&place));
                    let mut problem = self.at_key(&child(pointer, key), message);
                    problem.hints = name_hints(key, names.iter().map(String::as_str));
                    problems.push(problem);
                }
            }
            Kind::Required { property } => {
                let name = property.as_str().unwrap_or_default();
                problems.push(
                    self.at_key(pointer, format!("missing field `{name}`{}", within(&place))),
                );
            }
            Kind::Type { kind } => problems.push(self.wrong_type(error, &type_names(kind))),
            Kind::Constant { expected_value } => {
                problems.push(self.unlisted(error, std::slice::from_ref(expected_value.as_ref())));
            }
            Kind::Enum { options } => {
                problems.push(self.unlisted(error, options.as_array().map_or(&[], Vec::as_slice)));
            }
            Kind::AnyOf { context } | Kind::OneOfNotValid { context } => {
                self.alternatives(error, context, depth, problems);
            }
            Kind::PropertyNames { error: inner } => {
                let key = inner.instance().as_str().unwrap_or_default();
                let message = match inner.kind() {
                    Kind::Enum { .. } | Kind::Constant { .. } => {
                        format!("unknown key `{key}`{}", within(&place))
                    }
                    Kind::Pattern { pattern } => {
                        format!("the key `{key}` does not match `{pattern}`")
                    }
                    _ => format!("the key `{key}` cannot be used{}", within(&place)),
                };
                problems.push(self.at_key(&child(pointer, key), message));
            }
            Kind::OneOfMultipleValid { .. } => {
                let fields = self.required_alternatives(error);
                let message = match fields.as_slice() {
                    [] => format!("`{place}` has more than one of its forms at once"),
                    fields => format!("`{place}` takes only one of {}", code_list(fields)),
                };
                problems.push(self.at_key(pointer, message));
            }
            Kind::FalseSchema => {
                problems.push(self.at_key(pointer, format!("`{place}` cannot be used here")));
            }
            kind => problems.push(self.at_value(pointer, self.rule(error, kind))),
        }
    }

    /// Describes a broken rule about a single value.
    fn rule(&self, error: &ValidationError<'_>, kind: &Kind) -> String {
        let found = self.quote(error);
        match kind {
            Kind::Minimum { limit } => format!("{found} is too small, the least is {limit}"),
            Kind::Maximum { limit } => format!("{found} is too large, the most is {limit}"),
            Kind::ExclusiveMinimum { limit } => format!("{found} is not greater than {limit}"),
            Kind::ExclusiveMaximum { limit } => format!("{found} is not less than {limit}"),
            Kind::MultipleOf { multiple_of } => {
                format!("{found} is not a multiple of {multiple_of}")
            }
            Kind::Pattern { pattern } => format!("{found} does not match `{pattern}`"),
            Kind::Format { format } => format!("{found} is not of the format `{format}`"),
            Kind::MinLength { limit: 1 } => "the text cannot be empty".to_owned(),
            Kind::MinLength { limit } => format!("{found} is shorter than {limit} characters"),
            Kind::MaxLength { limit } => format!("{found} is longer than {limit} characters"),
            Kind::MinItems { limit: 1 } => "the list cannot be empty".to_owned(),
            Kind::MinItems { limit } => format!("the list needs at least {limit} items"),
            Kind::MaxItems { limit } => format!("the list can have at most {limit} items"),
            Kind::AdditionalItems { limit } => format!("the list can have at most {limit} items"),
            Kind::MinProperties { limit: 1 } => "the map cannot be empty".to_owned(),
            Kind::MinProperties { limit } => format!("the map needs at least {limit} entries"),
            Kind::MaxProperties { limit: 1 } => "the map can have one entry only".to_owned(),
            Kind::MaxProperties { limit } => format!("the map can have at most {limit} entries"),
            Kind::UniqueItems => "the items of the list must differ".to_owned(),
            Kind::Contains => "the list lacks an item that it needs".to_owned(),
            kind => format!("{found} breaks the rule `{}`", kind.keyword()),
        }
    }

    fn wrong_type(&self, error: &ValidationError<'_>, expected: &[&str]) -> Problem {
        let pointer = error.instance_path().as_str();
        let found = self.found(error);
        let problem =
            self.at_value(pointer, format!("expected {}, found {found}", either(expected)));
        let scalar = matches!(&**error.instance(), Value::Number(_) | Value::Bool(_));
        if scalar && expected.contains(&"string") && !self.is_secret(pointer) {
            let written = problem.location.as_ref().and_then(|at| {
                let characters = at.text()?.chars().skip(at.column() - 1).take(at.width());
                Some(characters.collect::<String>())
            });
            if let Some(written) = written.filter(|text| !text.is_empty()) {
                return problem.hint(format!("quote it to make it a text: `\"{written}\"`"));
            }
        }
        problem
    }

    fn unlisted(&self, error: &ValidationError<'_>, options: &[Value]) -> Problem {
        let pointer = error.instance_path().as_str();
        let names: Vec<&str> = options.iter().filter_map(Value::as_str).collect();
        if self.is_secret(pointer) && error.instance().is_string() {
            return self
                .at_value(pointer, "the value is none of those that are allowed".to_owned());
        }
        if let (Value::String(_), false) = (&**error.instance(), names.is_empty()) {
            let message =
                format!("unknown value {} for `{}`", self.quote(error), self.name(pointer));
            let mut problem = self.at_value(pointer, message);
            if let Some(text) = error.instance().as_str() {
                problem.hints = value_hints(text, &names);
            }
            return problem;
        }
        // Who leaves a value out need not write null.
        let expected = options.iter().filter(|option| !option.is_null() || options.len() == 1);
        let expected: Vec<String> = expected.map(Value::to_string).collect();
        let expected: Vec<&str> = expected.iter().map(String::as_str).collect();
        let message = format!("expected {}, found {}", either(&expected), self.found(error));
        self.at_value(pointer, message)
    }

    /// Explains a value that fits none of several alternatives: by the one it was meant to be, if that shows.
    fn alternatives(
        &self,
        error: &ValidationError<'_>,
        branches: &[Vec<ValidationError<'static>>],
        depth: usize,
        problems: &mut Vec<Problem>,
    ) {
        let pointer = error.instance_path().as_str();
        let of_type: Vec<_> =
            branches.iter().filter(|branch| !self.is_other_type(pointer, branch)).collect();
        if of_type.is_empty() {
            let expected: Vec<&str> = branches
                .iter()
                .flatten()
                .flat_map(|error| match error.kind() {
                    Kind::Type { kind } => type_names(kind),
                    _ => Vec::new(),
                })
                .collect();
            problems.push(self.wrong_type(error, &distinct(expected)));
            return;
        }
        if let Some(problem) = self.discriminator(&of_type) {
            problems.push(problem);
            return;
        }
        let candidates: Vec<_> =
            of_type.iter().filter(|branch| !is_other_constant(branch)).collect();
        let candidates = if candidates.is_empty() { of_type.iter().collect() } else { candidates };
        let misfit = |branch: &[ValidationError<'_>]| {
            let shallow = branch.iter().filter(|error| error.instance_path().as_str() == pointer);
            (shallow.count(), branch.len())
        };
        let Some(best) = candidates.iter().map(|branch| misfit(branch)).min() else { return };
        let mut fitting = candidates.iter().filter(|branch| misfit(branch) == best);
        if let (Some(branch), None, true) =
            (fitting.next(), fitting.next(), depth < MAX_ALTERNATIVES)
        {
            problems.extend(self.explain_at(branch, depth + 1));
            return;
        }
        let place = self.name(pointer);
        let fields: Vec<&str> =
            of_type.iter().filter_map(|branch| only_required(pointer, branch)).collect();
        let lacking = fields.len();
        let fields = distinct(fields);
        if let ([field], true) = (fields.as_slice(), lacking == of_type.len()) {
            problems
                .push(self.at_key(pointer, format!("missing field `{field}`{}", within(&place))));
        } else if lacking == of_type.len() {
            let list = code_list(&fields);
            problems.push(self.at_key(pointer, format!("`{place}` needs one of {list}")));
        } else {
            problems.push(
                self.at_key(pointer, format!("`{place}` fits none of the forms it can have")),
            );
        }
    }

    /// Explains alternatives that are told apart by the value of one field, if that value is the mistake.
    fn discriminator(&self, branches: &[&Vec<ValidationError<'static>>]) -> Option<Problem> {
        let mut options = Vec::new();
        let mut culprit: Option<&ValidationError<'_>> = None;
        for branch in branches {
            let error = branch.iter().find(|error| is_constant(error))?;
            let same = culprit.is_none_or(|first| first.instance_path() == error.instance_path());
            if !same {
                return None;
            }
            match error.kind() {
                Kind::Constant { expected_value } => options.push(expected_value.as_ref().clone()),
                Kind::Enum { options: list } => {
                    options.extend(list.as_array().into_iter().flatten().cloned());
                }
                _ => return None,
            }
            culprit = Some(error);
        }
        Some(self.unlisted(culprit?, &options))
    }

    fn is_other_type(&self, pointer: &str, branch: &[ValidationError<'_>]) -> bool {
        branch.iter().any(|error| {
            matches!(error.kind(), Kind::Type { .. }) && error.instance_path().as_str() == pointer
        })
    }

    /// Returns the names of the properties that the schema of an error lists.
    fn names(&self, error: &ValidationError<'_>) -> std::collections::BTreeSet<String> {
        let keyword = error.schema_path().as_str();
        let parent = keyword.rsplit_once('/').map_or("", |(parent, _)| parent);
        self.schema
            .pointer(parent)
            .map(|schema| property_names(schema, self.schema))
            .unwrap_or_default()
    }

    /// Returns the field that tells each alternative of a `oneOf` apart, if each requires exactly one.
    fn required_alternatives(&self, error: &ValidationError<'_>) -> Vec<&str> {
        let alternatives =
            self.schema.pointer(error.schema_path().as_str()).and_then(Value::as_array);
        let field = |schema: &'a Value| match schema.get("required")?.as_array()?.as_slice() {
            [field] => field.as_str(),
            _ => None,
        };
        alternatives.and_then(|list| list.iter().map(field).collect()).unwrap_or_default()
    }

    fn name(&self, pointer: &str) -> String {
        path::display(self.prefix, pointer)
    }

    fn is_secret(&self, pointer: &str) -> bool {
        path::is_secret(self.prefix, pointer)
    }

    fn at_key(&self, pointer: &str, message: String) -> Problem {
        Problem::at(self.node.locate_key(pointer).clone(), message)
    }

    /// Points at a value, or at its key if nothing was written there.
    fn at_value(&self, pointer: &str, message: String) -> Problem {
        let blank =
            self.node.pointer(pointer).is_some_and(|node| *node.content() == Content::Blank);
        let place = if blank { self.node.locate_key(pointer) } else { self.node.locate(pointer) };
        Problem::at(place.clone(), message)
    }

    /// Names the type of the value with the value itself: `string "two"`.
    fn found(&self, error: &ValidationError<'_>) -> String {
        let value = &**error.instance();
        let name = match value {
            Value::Null => return "nothing".to_owned(),
            Value::Array(_) => return "list".to_owned(),
            Value::Object(_) => return "map".to_owned(),
            Value::Bool(_) => "boolean",
            Value::Number(number) if number.is_f64() => "number",
            Value::Number(_) => "integer",
            Value::String(_) => "string",
        };
        if self.is_secret(error.instance_path().as_str()) {
            return name.to_owned();
        }
        format!("{name} {}", quote(value))
    }

    fn quote(&self, error: &ValidationError<'_>) -> String {
        if self.is_secret(error.instance_path().as_str()) {
            return "the value".to_owned();
        }
        quote(error.instance())
    }
}

fn quote(value: &Value) -> String {
    match value {
        Value::Array(_) => "the list".to_owned(),
        Value::Object(_) => "the map".to_owned(),
        value => {
            let text = value.to_string();
            if text.chars().count() <= MAX_QUOTE {
                return text;
            }
            text.chars().take(MAX_QUOTE).chain("…".chars()).collect()
        }
    }
}

fn code_list(names: &[&str]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

fn within(place: &str) -> String {
    if place.is_empty() { String::new() } else { format!(" in `{place}`") }
}

fn child(pointer: &str, key: &str) -> String {
    format!("{pointer}/{}", escape_token(key))
}

/// Lists alternatives: `a`, `a or b`, `a, b or c`.
fn either(names: &[&str]) -> String {
    match names {
        [] => "something else".to_owned(),
        [one] => (*one).to_owned(),
        [rest @ .., last] => format!("{} or {last}", rest.join(", ")),
    }
}

/// Returns the hints for a value out of a list, in the words for values.
fn value_hints(text: &str, options: &[&str]) -> Vec<String> {
    let hints = name_hints(text, options.iter().copied());
    hints.into_iter().map(|hint| hint.replacen("valid names", "valid values", 1)).collect()
}

fn type_names(kind: &TypeKind) -> Vec<&'static str> {
    let name = |kind: JsonType| match kind {
        JsonType::Null => "null",
        JsonType::Boolean => "boolean",
        JsonType::Integer => "integer",
        JsonType::Number => "number",
        JsonType::String => "string",
        JsonType::Array => "list",
        JsonType::Object => "map",
    };
    match kind {
        TypeKind::Single(kind) => vec![name(*kind)],
        TypeKind::Multiple(kinds) => {
            let mut names: Vec<_> = kinds.iter().map(name).collect();
            // An optional field admits null; nobody who gets the type wrong wants to hear it.
            if names.len() > 1 {
                names.retain(|name| *name != "null");
            }
            names
        }
    }
}

fn distinct(names: Vec<&str>) -> Vec<&str> {
    let mut result: Vec<&str> = Vec::new();
    for name in names {
        if !result.contains(&name) {
            result.push(name);
        }
    }
    if result.len() > 1 {
        result.retain(|name| *name != "null");
    }
    result
}

fn is_constant(error: &ValidationError<'_>) -> bool {
    matches!(error.kind(), Kind::Constant { .. } | Kind::Enum { .. })
}

/// Says whether an alternative is ruled out by a field that has another alternative's constant.
fn is_other_constant(branch: &[ValidationError<'_>]) -> bool {
    branch.iter().any(|error| matches!(error.kind(), Kind::Constant { .. }))
}

/// Returns the field that an alternative lacks, if it lacks one.
fn only_required<'e>(pointer: &str, branch: &'e [ValidationError<'_>]) -> Option<&'e str> {
    branch.iter().find_map(|error| match error.kind() {
        Kind::Required { property } if error.instance_path().as_str() == pointer => {
            property.as_str()
        }
        _ => None,
    })
}

#[cfg(test)]
mod tests;
