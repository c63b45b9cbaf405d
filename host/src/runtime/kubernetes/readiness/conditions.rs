//! The conditions that objects carry in their status.

use serde::Serialize;
use serde_json::Value;

use super::{Readiness, failed, integer, waiting};

/// Conditions by which the next best object tells that it works.
const GOOD: [&str; 2] = ["Ready", "Available"];
/// Conditions that are bad news when they are `True`. All others that are not `True` are.
const BAD: [&str; 6] =
    ["ReplicaFailure", "FailureTarget", "Failed", "Stalled", "Reconciling", "Suspended"];

/// One condition of a live object, as its controller wrote it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ReportedCondition {
    /// What it is about, such as `Available`.
    #[serde(rename = "type")]
    pub kind: String,
    /// `True`, `False` or `Unknown`.
    pub status: String,
    /// A word for programs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// For people.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
}

/// The conditions of one object.
#[derive(Debug, Clone, Copy)]
pub(super) struct Conditions<'a> {
    list: &'a [Value],
    generation: Option<i64>,
}

/// One condition.
#[derive(Debug, Clone, Copy)]
pub(super) struct Condition<'a>(&'a Value);

impl<'a> Conditions<'a> {
    /// Reads the conditions of a live object; none if it has none.
    pub(super) fn of(live: &'a Value) -> Self {
        let list = live.get("status").and_then(|status| status.get("conditions"));
        let list = list.and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        Self { list, generation: integer(live, "/metadata/generation") }
    }

    /// Returns a condition by its type.
    pub(super) fn get(&self, kind: &str) -> Option<Condition<'a>> {
        self.iter().find(|condition| condition.text("type") == Some(kind))
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
        let Some(condition) = GOOD.iter().find_map(|kind| self.get(kind)) else {
            return Readiness::Ready;
        };
        // What it says is about the object before the change.
        if self.is_about_the_past(condition) {
            return waiting(super::UNSEEN_CHANGE);
        }
        if condition.is("True") { Readiness::Ready } else { waiting(condition.explain()) }
    }

    /// Returns the condition that says most about an object that does not work: of those with bad news the
    /// one that changed last, otherwise the one about its progress. That its old version works is no news.
    pub(super) fn telling(&self) -> Option<ReportedCondition> {
        let is_good = |condition: &Condition<'a>| {
            condition.is("True") && condition.text("type").is_some_and(|kind| GOOD.contains(&kind))
        };
        let rank = |condition: &Condition<'a>| {
            let is_progress = condition.text("type") == Some("Progressing");
            (condition.is_bad_news(), is_progress, condition.since())
        };
        let told = self.iter().filter(|condition| !is_good(condition)).max_by_key(rank);
        told.and_then(|condition| condition.report())
    }

    fn is_about_the_past(&self, condition: Condition<'_>) -> bool {
        let seen = condition.0.get("observedGeneration").and_then(Value::as_i64);
        seen.zip(self.generation).is_some_and(|(seen, generation)| seen < generation)
    }

    fn iter(&self) -> impl Iterator<Item = Condition<'a>> {
        self.list.iter().map(Condition)
    }
}

impl<'a> Condition<'a> {
    /// Returns whether its status is `True`, `False` or `Unknown`.
    pub(super) fn is(&self, status: &str) -> bool {
        self.text("status") == Some(status)
    }

    /// Returns its reason, a word for programs.
    pub(super) fn reason(&self) -> Option<&'a str> {
        self.text("reason").filter(|text| !text.trim().is_empty())
    }

    /// Returns its message, for people.
    pub(super) fn message(&self) -> Option<&'a str> {
        self.text("message").filter(|text| !text.trim().is_empty())
    }

    /// Says what it says, for people.
    pub(super) fn explain(&self) -> String {
        let kind = self.text("type").unwrap_or("a condition");
        let status = self.text("status").unwrap_or("Unknown");
        let said: Vec<&str> = [self.reason(), self.message()].into_iter().flatten().collect();
        if said.is_empty() {
            return format!("{kind} is {status}");
        }
        said.join(": ").trim_end_matches('.').to_owned()
    }

    fn is_bad_news(&self) -> bool {
        let kind = self.text("type").unwrap_or_default();
        if BAD.contains(&kind) { self.is("True") } else { !self.is("True") }
    }

    /// Returns since when it is so. Times in this form sort as texts.
    fn since(&self) -> &'a str {
        self.text("lastTransitionTime").unwrap_or_default()
    }

    fn report(&self) -> Option<ReportedCondition> {
        Some(ReportedCondition {
            kind: self.text("type")?.to_owned(),
            status: self.text("status").unwrap_or("Unknown").to_owned(),
            reason: self.reason().map(str::to_owned),
            message: self.message().map(|text| text.trim_end_matches('.').to_owned()),
        })
    }

    fn text(&self, member: &str) -> Option<&'a str> {
        self.0.get(member)?.as_str()
    }
}
