//! Health policies: what a module says about when an object works, as an expression in CEL.
//!
//! Whoever wrote the module decides what is evaluated here, so what an expression can cost is bounded before it
//! is: by its length, by what it may call, and by how deep its loops are for the size of an object.

use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};

use cel::common::ast::{EntryExpr, Expr, IdedExpr, operators};
use cel::parser::Parser;
use cel::{Context, ExecutionError, Value as Cel};
use serde_json::Value;

use super::readiness::Readiness;
use crate::spec::Resource;

/// The extension that holds a health policy.
const EXTENSION: &str = "healthPolicy";
/// The only variable: the live object.
const OBJECT: &str = "object";
/// The longest expression, in bytes. Joining texts in one of this length cannot fill the memory.
const MAX_LENGTH: usize = 1024;
/// How deep brackets may lie in each other; each costs the parser much of the stack.
const MAX_DEPTH: u16 = 24;
/// How many steps an evaluation may take, by a generous estimate. As many take seconds at worst.
const MAX_STEPS: f64 = 1e8;
/// The functions that an expression may call, beside operators and macros.
const FUNCTIONS: [&str; 8] =
    ["size", "contains", "startsWith", "endsWith", "string", "int", "uint", "double"];

const UNREADABLE: &str = "it is no expression, or nested too deep";

/// When an object works, as its module says.
#[derive(Debug)]
pub(super) struct HealthPolicy {
    expression: IdedExpr,
    text: String,
    /// How deep loops lie in each other.
    depth: i32,
}

impl HealthPolicy {
    /// Reads the policy of a resource, `None` if it has none. The error says what is wrong with it.
    pub(super) fn of(resource: &Resource) -> Result<Option<Self>, String> {
        let policy = resource.extensions.get(EXTENSION).map(Self::read).transpose();
        policy.map(Option::flatten)
    }

    fn read(policy: &Value) -> Result<Option<Self>, String> {
        let text = match policy.get("cel") {
            Some(Value::String(text)) => text,
            // Upstream's form, which needs an interpreter of KCL; the rules of the kind hold.
            None if policy.get("health.kcl").is_some() => return Ok(None),
            _ => return Err(format!("`{EXTENSION}` has no expression under `cel`")),
        };
        let policy = Self::parse(text).map(Some);
        policy.map_err(|problem| format!("`{EXTENSION}` cannot be read: {problem}"))
    }

    fn parse(text: &str) -> Result<Self, String> {
        if text.len() > MAX_LENGTH {
            return Err(format!("the expression is longer than {MAX_LENGTH} bytes"));
        }
        // The parser is another's, and its input as well.
        let parser = Parser::new().max_recursion_depth(MAX_DEPTH);
        let expression = match catch_unwind(AssertUnwindSafe(|| parser.parse(text))) {
            Ok(Ok(expression)) => expression,
            Ok(Err(errors)) => {
                // Where brackets lie too deep in each other, all that follows is told as a mistake.
                let too_deep = errors.errors.iter().any(|error| error.msg.contains("OtherError("));
                let mut mistakes = errors.errors.iter().filter(|error| is_about_text(&error.msg));
                return Err(mistakes.next().filter(|_| !too_deep).map_or_else(
                    || UNREADABLE.to_owned(),
                    |error| format!("column {}: {}", error.pos.1, readable(&error.msg)),
                ));
            }
            Err(_) => return Err(UNREADABLE.to_owned()),
        };
        let mut survey = Survey::default();
        survey.walk(&expression, 0);
        let Survey { problem, depth, .. } = survey;
        match problem {
            Some(problem) => Err(problem),
            None => Ok(Self { expression, text: text.to_owned(), depth }),
        }
    }

    /// Judges a live object.
    pub(super) fn judge(&self, live: &Value) -> Readiness {
        if let Some(unsettled) = Readiness::unsettled(live) {
            return unsettled;
        }
        let by_kind = Readiness::of(live);
        match (self.evaluate(live), by_kind) {
            (Ok(true), _) => Readiness::Ready,
            (_, failed @ Readiness::Failed { .. }) => failed,
            (Ok(false), _) => waiting(format!("its health policy does not hold: `{}`", self.text)),
            (Err(reason), _) => waiting(format!("its health policy cannot be judged: {reason}")),
        }
    }

    fn evaluate(&self, live: &Value) -> Result<bool, String> {
        let mut size = 0;
        let object = convert(live, &mut size);
        // Every loop walks over the object at most, and compares parts of it at each step.
        if f64::from(size).powi(self.depth + 1) > MAX_STEPS {
            return Err("the object is too big for its loops".to_owned());
        }
        let mut context = Context::default();
        context.add_variable_from_value(OBJECT, object);
        let result = catch_unwind(AssertUnwindSafe(|| Cel::resolve(&self.expression, &context)));
        match result {
            Ok(Ok(Cel::Bool(holds))) => Ok(holds),
            Ok(Ok(_)) => Err("it is neither true nor false".to_owned()),
            Ok(Err(error)) => Err(explain(&error)),
            Err(_) => Err("the evaluation broke off".to_owned()),
        }
    }
}

/// Checks a health policy as a workspace or a module gives it.
///
/// # Errors
///
/// What is wrong with it, without full stop.
pub fn check_health_policy(policy: &Value) -> Result<(), String> {
    HealthPolicy::read(policy).map(|_| ())
}

/// What an expression is made of.
#[derive(Default)]
struct Survey<'e> {
    problem: Option<String>,
    depth: i32,
    variables: Vec<&'e str>,
}

impl<'e> Survey<'e> {
    fn walk(&mut self, expression: &'e IdedExpr, depth: i32) {
        self.depth = self.depth.max(depth);
        match &expression.expr {
            Expr::Unspecified | Expr::Literal(_) => {}
            Expr::Ident(name) => {
                let known = name == OBJECT || self.variables.contains(&name.as_str());
                if !known && !is_internal(name) {
                    self.complain(format!("there is no variable `{name}`, only `{OBJECT}`"));
                }
            }
            Expr::Select(select) => self.walk(&select.operand, depth),
            Expr::Call(call) => {
                let name = call.func_name.as_str();
                let is_word = name.chars().all(|c| c.is_alphanumeric() || c == '_' || c == '.');
                let is_operator = name.starts_with('_') || !is_word;
                if !is_operator && !FUNCTIONS.contains(&name) {
                    let known = FUNCTIONS.join(", ");
                    self.complain(format!("there is no function `{name}`; there are {known}"));
                }
                let sums_up = call.args.first().is_some_and(
                    |first| matches!(&first.expr, Expr::Ident(name) if is_internal(name)),
                );
                if name == operators::ADD && depth > 0 && !sums_up {
                    self.complain("`+` cannot be used within a macro".to_owned());
                }
                let parts = call.target.as_deref().into_iter().chain(&call.args);
                parts.for_each(|part| self.walk(part, depth));
            }
            Expr::Comprehension(list) => {
                self.walk(&list.iter_range, depth);
                self.walk(&list.accu_init, depth);
                let outer = self.variables.len();
                self.variables.push(&list.iter_var);
                self.variables.extend(list.iter_var2.as_deref());
                self.walk(&list.loop_cond, depth + 1);
                self.walk(&list.loop_step, depth + 1);
                self.variables.truncate(outer);
                self.walk(&list.result, depth);
            }
            Expr::List(list) => list.elements.iter().for_each(|part| self.walk(part, depth)),
            Expr::Map(map) => {
                for entry in &map.entries {
                    if let EntryExpr::MapEntry(entry) = &entry.expr {
                        self.walk(&entry.key, depth);
                        self.walk(&entry.value, depth);
                    }
                }
            }
            Expr::Struct(_) => self.complain("there are no types of messages".to_owned()),
        }
    }

    fn complain(&mut self, problem: String) {
        self.problem.get_or_insert(problem);
    }
}

/// Returns whether a message of the parser is about what was written, not about its own parts.
fn is_about_text(message: &str) -> bool {
    let message = message.trim();
    !["No `", "Incomplete ", "UNKNOWN"].iter().any(|start| message.starts_with(start))
}

/// Says a mistake as people do: the parser lists everything that could have stood there.
fn readable(message: &str) -> String {
    let quoted = |text: &str| {
        let text = text.trim().trim_matches('\'');
        if text == "<EOF>" { "the end".to_owned() } else { format!("`{text}`") }
    };
    let message = message.trim();
    let after = |start: &str| {
        let (_, rest) = message.split_once(start)?;
        Some(rest.split_once(" expecting ").map_or(rest, |(found, _)| found))
    };
    for start in ["mismatched input ", "extraneous input ", "no viable alternative at input "] {
        if let Some(found) = after(start) {
            return format!("{} is not expected here", quoted(found));
        }
    }
    if let Some(found) = after("token recognition error at: ") {
        return format!("{} is no part of an expression", quoted(found));
    }
    if let Some((wanted, found)) = after("missing ").and_then(|rest| rest.split_once(" at ")) {
        return format!("{} is missing before {}", quoted(wanted), quoted(found));
    }
    message.to_owned()
}

/// Returns whether macros made up a name; nobody can write it.
fn is_internal(name: &str) -> bool {
    name.starts_with('@')
}

/// Makes a value of a document, and counts its parts. Who set which field tells nothing about health.
fn convert(value: &Value, size: &mut u32) -> Cel {
    *size = size.saturating_add(1);
    match value {
        Value::Null => Cel::Null,
        Value::Bool(yes) => Cel::Bool(*yes),
        Value::Number(number) => match (number.as_i64(), number.as_u64()) {
            (Some(number), _) => Cel::Int(number),
            (None, Some(number)) => Cel::UInt(number),
            (None, None) => Cel::Float(number.as_f64().unwrap_or_default()),
        },
        Value::String(text) => Cel::from(text.as_str()),
        Value::Array(items) => {
            Cel::from(items.iter().map(|item| convert(item, size)).collect::<Vec<_>>())
        }
        Value::Object(members) => {
            let members = members.iter().filter(|(name, _)| *name != "managedFields");
            let members: HashMap<String, Cel> =
                members.map(|(name, member)| (name.clone(), convert(member, size))).collect();
            Cel::from(members)
        }
    }
}

/// Says what went wrong, without the values it went wrong with.
fn explain(error: &ExecutionError) -> String {
    match error {
        ExecutionError::NoSuchKey(name) => format!("the object has no `{name}` here"),
        ExecutionError::NoSuchOverload(error) => error.to_string(),
        ExecutionError::IndexOutOfBounds(_) => "a list has fewer items".to_owned(),
        _ => "it does not fit the object".to_owned(),
    }
}

fn waiting(reason: String) -> Readiness {
    Readiness::Waiting { reason }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn live() -> Value {
        json!({
            "apiVersion": "example.com/v1", "kind": "Gadget",
            "metadata": {"name": "x", "generation": 2, "managedFields": [{}]},
            "spec": {"size": 3},
            "status": {
                "size": 3, "ratio": 0.5, "ready": true,
                "conditions": [{"type": "Synced", "status": "True"}],
            },
        })
    }

    fn judge(text: &str) -> Readiness {
        HealthPolicy::parse(text)
            .unwrap_or_else(|problem| panic!("{text}: {problem}"))
            .judge(&live())
    }

    #[test]
    fn a_policy_is_a_question_about_the_live_object() {
        for holds in [
            "true",
            "object.status.size >= 1",
            "object.status.size == object.spec.size && object.status.ready",
            "object.status.conditions.exists(c, c.type == 'Synced' && c.status == 'True')",
            "has(object.status.size) && !has(object.status.phase)",
            "object.status.ratio > 0.2",
            "object.metadata.name in ['x', 'y']",
            "size(object.status.conditions.filter(c, c.status == 'True')) == 1",
            "object.kind.startsWith('Gad')",
            "object.status.size + 1 == 4",
            "!has(object.metadata.managedFields)",
        ] {
            assert_eq!(judge(holds), Readiness::Ready, "{holds}");
        }
        let reason = "its health policy does not hold: `object.status.size > 3`";
        assert_eq!(judge("object.status.size > 3"), waiting(reason.to_owned()));
    }

    #[test]
    fn what_the_object_does_not_say_yet_is_waited_for() {
        let said = |text: &str| judge(text).reason().map(str::to_owned).unwrap_or_default();
        let cannot = "its health policy cannot be judged: ";
        assert_eq!(
            said("object.status.phase == 'Running'"),
            format!("{cannot}the object has no `phase` here")
        );
        assert_eq!(said("object.status.size"), format!("{cannot}it is neither true nor false"));
        assert!(said("object.status.size > 'a'").starts_with(cannot));
    }

    #[test]
    fn what_went_before_and_what_failed_for_good_is_not_overruled_by_a_no() {
        let policy = HealthPolicy::parse("object.status.size == 7").unwrap();
        let mut object = live();
        object["status"]["conditions"] = json!([{"type": "Stalled", "status": "True"}]);
        assert_eq!(
            policy.judge(&object),
            Readiness::Failed { reason: "Stalled is True".to_owned() }
        );
        object["status"]["observedGeneration"] = json!(1);
        let unseen = "its controller has not seen the change yet";
        assert_eq!(policy.judge(&object), waiting(unseen.to_owned()));
    }

    #[test]
    fn what_cannot_be_evaluated_is_found_before() {
        let long = format!("object.x == '{}'", "a".repeat(MAX_LENGTH));
        let deep = format!("{}object{}", "(".repeat(400), ")".repeat(400));
        for (text, expected) in [
            ("object.status.size >", "column 21: the end is not expected here"),
            ("", ""),
            ("status.size > 1", "there is no variable `status`, only `object`"),
            ("object.items.exists(c, d)", "there is no variable `d`"),
            ("now() > 1", "there is no function `now`"),
            ("object.name.matches('a+')", "there is no function `matches`"),
            ("object.a.map(x, x + x).size() > 0", "`+` cannot be used within a macro"),
            ("object.a.all(x, has(x))", "column"),
            (&long, "the expression is longer than 1024 bytes"),
            (&deep, UNREADABLE),
        ] {
            let problem = HealthPolicy::parse(text).map(|_| ()).unwrap_err();
            assert!(problem.contains(expected), "{text}: {problem}");
        }
    }

    #[test]
    fn a_mistake_is_told_without_everything_that_could_have_been_there() {
        for (message, expected) in [
            (
                "Syntax error: mismatched input '<EOF>' expecting {'[', '{'}",
                "the end is not expected here",
            ),
            ("extraneous input ')' expecting <EOF>", "`)` is not expected here"),
            ("token recognition error at: '$'", "`$` is no part of an expression"),
            ("missing ')' at '<EOF>'", "`)` is missing before the end"),
            ("no viable alternative at input 'a.'", "`a.` is not expected here"),
            ("something else", "something else"),
        ] {
            assert_eq!(readable(message), expected);
        }
    }

    #[test]
    fn loops_in_loops_over_a_big_object_are_not_begun() {
        let mut object = live();
        object["status"]["list"] = (0..2_000).collect();
        let judge = |text: &str| HealthPolicy::parse(text).unwrap().judge(&object);
        assert_eq!(judge("object.status.list.all(x, x >= 0)"), Readiness::Ready);
        let twice = "object.status.list.all(x, object.status.list.exists(y, x == y))";
        assert!(judge(twice).reason().unwrap().contains("too big"));
    }

    #[test]
    fn a_policy_is_given_as_an_expression_and_that_of_upstream_is_let_be() {
        let with = |policy: Value| -> Result<bool, String> {
            let resource = json!({
                "id": "a", "type": "Kubernetes", "attributes": {},
                "extensions": {"healthPolicy": policy},
            });
            HealthPolicy::of(&serde_json::from_value(resource).unwrap()).map(|it| it.is_some())
        };
        let kind = json!({"apiVersion": "v1", "kind": "Service", "cel": "true"});
        assert_eq!((with(json!({"cel": "true"})), with(kind)), (Ok(true), Ok(true)));
        assert_eq!(with(json!({"health.kcl": "assert True"})), Ok(false));
        let none = "`healthPolicy` has no expression under `cel`";
        for wrong in [json!("true"), json!({}), json!({"cel": 1}), json!(null)] {
            assert_eq!(with(wrong).unwrap_err(), none);
        }
        let unread = "`healthPolicy` cannot be read: there is no variable `size`, only `object`";
        assert_eq!(check_health_policy(&json!({"cel": "size"})).unwrap_err(), unread);
    }
}
