//! What an apply makes of an object in which somebody changed the key of an item of ours.

use serde_json::Value;

use crate::runtime::kubernetes::cluster::KubernetesRuntime;
use crate::runtime::kubernetes::cluster::objects::{
    Displaced, displaced, lists, put_right, stand_in, with_lists,
};
use crate::runtime::kubernetes::cluster::refusals::{is_by_hand, problems};
use crate::runtime::kubernetes::cluster::runtime::{apply_path, is_object, merge_path};
use crate::runtime::kubernetes::cluster::wire::{Call, Failure, Refusal};
use crate::spec::{Note, NoteKind, StateEntry};

impl KubernetesRuntime {
    /// Asks what the object would be once items of ours are in their places again. `None` if that is not what the
    /// server finds wrong.
    ///
    /// An apply does it in two calls, of which the second cannot be asked about before the first is made: so the
    /// server is asked for the same with the other items in our places, and for the lists with ours.
    pub(super) async fn would_put_right(
        &self,
        path: &str,
        (sent, live): (&Value, &Value),
        refusal: &Refusal,
    ) -> Result<Option<(Value, Vec<Displaced>)>, Failure> {
        let displaced = displaced_in(refusal, sent, live);
        if displaced.is_empty() {
            return Ok(None);
        }
        let call = Call::apply(apply_path(path, true, true), &stand_in(sent, &displaced));
        let Some(would) = accepted(self.link.call(&call).await)? else { return Ok(None) };
        let would = put_right(would, &displaced);
        let call = Call::merge(merge_path(path, true), &lists(&would, &displaced));
        let Some(answer) = accepted(self.link.call(&call).await)? else { return Ok(None) };
        Ok(Some((with_lists(would, &answer, &displaced), displaced)))
    }

    /// Returns whether what took the place of ours may go: nobody comes back for what was done by hand to what is on
    /// record.
    pub(crate) fn may_put_right(
        &self,
        displaced: &[Displaced],
        prior: Option<&StateEntry>,
    ) -> bool {
        let by_hand = |item: &Displaced| is_by_hand(&item.by.manager, item.by.operation == "Apply");
        self.terms.force_conflicts || (prior.is_some() && displaced.iter().all(by_hand))
    }

    /// Notes what took the place of ours, each with its field.
    pub(super) fn note_displaced(
        &self,
        displaced: &[Displaced],
        prior: Option<&StateEntry>,
    ) -> Vec<Note> {
        let taken_over = self.may_put_right(displaced, prior);
        let note = |item: &Displaced| {
            let note = if taken_over {
                Note::new(NoteKind::TakenOver, format!("{}; it is put right", item.describe()))
            } else {
                Note::new(NoteKind::Conflict, item.describe())
            };
            Note { fields: vec![item.taken_by.clone()], ..note }
        };
        displaced.iter().map(note).collect()
    }
}

/// Finds what took the place of items that are sent, as far as the server finds that wrong.
pub(crate) fn displaced_in(refusal: &Refusal, sent: &Value, live: &Value) -> Vec<Displaced> {
    if refusal.code != 422 {
        return Vec::new();
    }
    let fields: Vec<String> = problems(refusal).into_iter().map(|problem| problem.field).collect();
    displaced(sent, live, &fields)
}

/// Returns the object of an answer, `None` if the server refuses.
fn accepted(answer: Result<Value, Failure>) -> Result<Option<Value>, Failure> {
    match answer {
        Ok(object) => Ok(Some(object).filter(is_object)),
        Err(Failure::Refused(_)) => Ok(None),
        Err(failure) => Err(failure),
    }
}
