//! How a run ended, for people and for programs.

use std::error::Error;
use std::sync::Arc;

use kusion::apply::Outcome;
use kusion::diagnostic::Diagnose as _;
use kusion::ops::Applied;
use kusion::plan::Plan;
use kusion::runtime::RuntimeError;
use kusion::spec::ResourceId;
use serde_json::{Map, Value, json};

use crate::render::{Paint, Style};

/// Returns one line of counts; nothing if there was nothing to do.
pub(crate) fn outcome(title: &str, applied: &Applied, paint: Paint) -> String {
    let Applied { release: Some(release), outcome } = applied else { return String::new() };
    let mut parts = vec![
        format!("{} created", outcome.created),
        format!("{} updated", outcome.updated),
        format!("{} deleted", outcome.deleted),
    ];
    for (number, word) in [
        (outcome.replaced, "replaced"),
        (outcome.failed, "failed"),
        (outcome.skipped, "skipped"),
        (outcome.stopped, "not begun"),
    ] {
        if number > 0 {
            parts.push(format!("{number} {word}"));
        }
    }
    let (style, end) = if outcome.is_complete() {
        (Style::Create, "complete")
    } else {
        (Style::Error, "incomplete")
    };
    let line = format!("{title} {end}: {}. Release {}.", parts.join(", "), release.revision);
    format!("\n{}\n", paint.text(style, &line))
}

/// Returns the document of a run; `applied` is absent if nothing was done.
pub(crate) fn outcome_document(
    mut document: Map<String, Value>,
    plan: &Plan,
    applied: Option<&Applied>,
) -> Value {
    let release = applied.and_then(|applied| applied.release.as_ref());
    document.insert("plan".to_owned(), json!(plan));
    document.insert("release".to_owned(), json!(release.map(|release| release.revision)));
    let counts = applied.map(|applied| counts(&applied.outcome));
    document.insert("outcome".to_owned(), json!(counts));
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
        "failures": outcome.failures.iter().map(failure).collect::<Vec<_>>(),
    })
}

fn failure((id, error): &(ResourceId, Arc<RuntimeError>)) -> Value {
    let causes = std::iter::successors(error.source(), |error: &&dyn Error| (*error).source());
    json!({
        "id": id,
        "message": error.to_string(),
        "causes": causes.map(ToString::to_string).collect::<Vec<_>>(),
        "hints": error.hints(),
    })
}
