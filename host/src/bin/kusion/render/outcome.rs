//! How a run ended, for people and for programs.

use std::error::Error;
use std::sync::Arc;

use kusion::apply::Outcome;
use kusion::diagnostic::Diagnose as _;
use kusion::plan::Plan;
use kusion::runtime::RuntimeError;
use kusion::spec::ResourceId;
use serde_json::{Map, Value, json};

use crate::render::{Paint, Style};

/// Returns one line of counts; without a release if nothing was to be done.
pub(crate) fn outcome(
    title: &str,
    release: Option<u64>,
    outcome: &Outcome,
    paint: Paint,
) -> String {
    let (style, end) = if outcome.is_complete() {
        (Style::Create, "complete")
    } else {
        (Style::Error, "incomplete")
    };
    line(&format!("{title} {end}"), release, outcome, paint, style)
}

/// Returns one line of counts of a run whose end could not be recorded.
pub(crate) fn cut_short(title: &str, release: u64, outcome: &Outcome, paint: Paint) -> String {
    line(&format!("{title} incomplete"), Some(release), outcome, paint, Style::Error)
}

fn line(
    title: &str,
    release: Option<u64>,
    outcome: &Outcome,
    paint: Paint,
    style: Style,
) -> String {
    let mut parts = Vec::new();
    // Who destroys a stack does not ask what was created.
    let destroys = title.starts_with("Destroy");
    for (number, word) in [(outcome.created, "created"), (outcome.updated, "updated")] {
        if !destroys || number > 0 {
            parts.push(format!("{number} {word}"));
        }
    }
    parts.push(format!("{} deleted", outcome.deleted));
    for (number, word) in [
        (outcome.replaced, "replaced"),
        (outcome.failed, "failed"),
        (outcome.skipped, "skipped"),
        (outcome.stopped, "not begun"),
        (outcome.not_ready, "not ready"),
        (outcome.leaving, "being deleted"),
    ] {
        if number > 0 {
            parts.push(format!("{number} {word}"));
        }
    }
    let release = release.map(|release| format!(" Release {release}.")).unwrap_or_default();
    let line = format!("{title}: {}.{release}", parts.join(", "));
    format!("\n{}\n", paint.text(style, &line))
}

/// Returns the document of a run; `outcome` is absent if nothing was done. `pruned` are the old releases that went.
pub(crate) fn outcome_document(
    mut document: Map<String, Value>,
    plan: &Plan,
    (release, pruned): (Option<u64>, &[u64]),
    outcome: Option<&Outcome>,
) -> Value {
    document.insert("plan".to_owned(), json!(plan));
    document.insert("release".to_owned(), json!(release));
    document.insert("pruned".to_owned(), json!(pruned));
    document.insert("outcome".to_owned(), json!(outcome.map(counts)));
    document.into()
}

fn counts(outcome: &Outcome) -> Value {
    json!({
        "created": outcome.created,
        "updated": outcome.updated,
        "replaced": outcome.replaced,
        "deleted": outcome.deleted,
        "failed": outcome.failed,
        "skipped": outcome.skipped,
        "stopped": outcome.stopped,
        "notReady": outcome.not_ready,
        "leaving": outcome.leaving,
        "interrupted": outcome.interrupted,
        "pending": outcome.pending,
        "failures": outcome.failures.iter().map(failure).collect::<Vec<_>>(),
    })
}

fn failure((id, error): &(ResourceId, Arc<RuntimeError>)) -> Value {
    let causes = std::iter::successors(error.source(), |error: &&dyn Error| (*error).source());
    let mut document = json!({
        "id": id,
        "message": error.to_string(),
        "causes": causes.map(ToString::to_string).collect::<Vec<_>>(),
        "hints": error.hints(),
    });
    if let (Some(members), Some(known)) = (document.as_object_mut(), error.explanation()) {
        members.insert("explanation".to_owned(), json!(known));
    }
    document
}

#[cfg(test)]
mod tests {
    use kusion::apply::{Awaits, Pending};

    use super::*;

    #[test]
    fn what_an_interrupted_run_waited_for_is_in_the_document() {
        let id = |text| ResourceId::parse(text).unwrap();
        let reason = || Some("0 of 1 replicas available".to_owned());
        let outcome = Outcome {
            not_ready: 1,
            leaving: 1,
            interrupted: true,
            pending: vec![
                Pending { id: id("a"), awaits: Awaits::Ready, reason: reason() },
                Pending { id: id("b"), awaits: Awaits::Gone, reason: None },
            ],
            ..Outcome::default()
        };
        let document = counts(&outcome);
        assert_eq!((&document["interrupted"], &document["leaving"]), (&json!(true), &json!(1)));
        assert_eq!(
            document["pending"],
            json!([
                {"id": "a", "awaits": "ready", "reason": "0 of 1 replicas available"},
                {"id": "b", "awaits": "gone"},
            ])
        );
        let line =
            |title: &str, release| line(title, release, &outcome, Paint(false), Style::Error);
        assert_eq!(
            line("Apply incomplete", Some(3)),
            "\nApply incomplete: 0 created, 0 updated, 0 deleted, 1 not ready, 1 being deleted. Release 3.\n"
        );
        assert_eq!(
            line("Destroy incomplete", None),
            "\nDestroy incomplete: 0 deleted, 1 not ready, 1 being deleted.\n"
        );
    }
}
