//! The conditions that objects carry in their status.

use serde_json::Value;

use super::{Readiness, failed, waiting};

/// The conditions of one object.
#[derive(Debug, Clone, Copy)]
pub(super) struct Conditions<'a>(&'a [Value]);

/// One condition.
#[derive(Debug, Clone, Copy)]
pub(super) struct Condition<'a>(&'a Value);

impl<'a> Conditions<'a> {
    /// Reads the conditions of a live object; none if it has none.
    pub(super) fn of(live: &'a Value) -> Self {
        let list = live.get("status").and_then(|status| status.get("conditions"));
        Self(list.and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default())
    }

    /// Returns a condition by its type.
    pub(super) fn get(&self, kind: &str) -> Option<Condition<'a>> {
        let list = self.0.iter();
        list.map(Condition).find(|condition| condition.text("type") == Some(kind))
    }

    /// Judges an object of a kind that we do not know: by the conditions that most kinds share. One
    /// without any is ready once it exists.
    pub(super) fn judge(&self) -> Readiness {
        if let Some(stalled) = self.get("Stalled").filter(|stalled| stalled.is("True")) {
            return failed(stalled.explain());
        }
        if let Some(busy) = self.get("Reconciling").filter(|busy| busy.is("True")) {
            return waiting(busy.explain());
        }
        match self.get("Ready").or_else(|| self.get("Available")) {
            Some(condition) if !condition.is("True") => waiting(condition.explain()),
            _ => Readiness::Ready,
        }
    }
}

impl<'a> Condition<'a> {
    /// Returns whether its status is `True`, `False` or `Unknown`.
    pub(super) fn is(&self, status: &str) -> bool {
        self.text("status") == Some(status)
    }

    /// Returns its reason, a word for programs.
    pub(super) fn reason(&self) -> Option<&'a str> {
        self.text("reason")
    }

    /// Says what it says, for people.
    pub(super) fn explain(&self) -> String {
        let kind = self.text("type").unwrap_or("a condition");
        let status = self.text("status").unwrap_or("Unknown");
        let said = [self.reason(), self.text("message")].into_iter().flatten();
        let said: Vec<&str> = said.filter(|text| !text.trim().is_empty()).collect();
        if said.is_empty() {
            return format!("{kind} is {status}");
        }
        said.join(": ").trim_end_matches('.').to_owned()
    }

    fn text(&self, member: &str) -> Option<&'a str> {
        self.0.get(member)?.as_str()
    }
}
