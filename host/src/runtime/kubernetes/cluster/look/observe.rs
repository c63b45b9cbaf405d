//! What is there, and what an apply would make of it.

use std::sync::Arc;

use serde_json::Value;

use super::relation::Relation;
use super::residents::Residents;
use super::survey::Survey;
use crate::runtime::kubernetes::cluster::ClusterError;
use crate::runtime::kubernetes::cluster::objects::{
    Holder, Making, Missing, Object, Place, Record, editors, holder, is_adopted, is_terminating,
    normalise, overlay, references, replaced, replicas_kept, replicas_left, reserved,
    set_by_others, strangers, uid, why_kept, with_replicas,
};
use crate::runtime::kubernetes::cluster::refusals::{
    FieldConflict, immutable_fields, is_immutable,
};
use crate::runtime::kubernetes::cluster::runtime::{
    KubernetesRuntime, apply_path, is_object, place, unknown_kind,
};
use crate::runtime::kubernetes::cluster::wire::{Call, Failure, Kind, Refusal, shortened};
use crate::runtime::kubernetes::data;
use crate::runtime::kubernetes::grade::grades;
use crate::runtime::{KubernetesSemantics, RuntimeError};
use crate::secret::Resolve;
use crate::spec::{
    Grade, Note, NoteKind, Observed, Resource, ResourceId, Semantics as _, StateEntry,
    path_reference, resolve_paths,
};

/// How many things are named that others added; more would help nobody.
const NAMED: usize = 5;

/// What the server is asked about.
#[derive(Clone, Copy)]
struct Question<'a> {
    id: &'a ResourceId,
    path: &'a str,
    object: &'a Object,
    live: Option<&'a Value>,
    prior: Option<&'a StateEntry>,
    /// Whether it was there before it was a stack's, or becomes one's.
    adopted: bool,
}

/// What the server says an apply would do.
enum DryRun {
    Would(Value, Vec<Note>),
    /// The change cannot be made in place, and perhaps not without consent.
    Replace(Option<Note>),
    /// The change cannot be made in place, and not otherwise.
    Stuck(Note),
    /// The server could not say.
    Unknown(String),
}

impl KubernetesRuntime {
    pub(crate) async fn observe_desired(
        &self,
        desired: &Resource,
        prior: Option<&StateEntry>,
        secrets: &dyn Resolve,
    ) -> Result<Observed, RuntimeError> {
        let (place, survey, id) = (place(desired)?, self.survey(), &desired.id);
        if let Some(key) = reserved(&desired.attributes, &self.owner, &self.parent.id) {
            return Err(RuntimeError::Cluster(Box::new(ClusterError::Reserved {
                id: id.clone(),
                key,
            })));
        }
        let located = self.locate_recorded(&survey, &place, id)?;
        let namespaced =
            located.as_ref().map_or(place.namespace.is_some(), |(kind, _)| kind.namespaced);
        let resolved = self.resolve_known(desired, &survey).await?;
        let making = Making {
            owner: &self.owner,
            parent: &self.parent,
            namespaced,
            secrets,
            missing: Missing::Keep,
        };
        let mut object = Object::of(&resolved, making)?;
        let planned = Some(normalise(object.value.clone()));
        let new = Observed {
            grades: grades(None, planned.as_ref(), false),
            planned,
            sensitive: KubernetesSemantics.secret_places(desired),
            ..Observed::default()
        };
        let Some((kind, path)) = located else {
            if survey.defines(&place) {
                return Ok(unchecked(new, "not checked by the server: its kind is new"));
            }
            return Err(unknown_kind(id, &place));
        };
        if self.lacks_namespace(&survey, &place, &kind, id).await? {
            survey.see(&path, None);
            let is_open = !references(&resolved.attributes).is_empty();
            let label = match !is_open && self.fits_schema(id, &path, &object).await? {
                true => "only its schema was checked by the server: its namespace is new",
                false => "not checked by the server: its namespace is new",
            };
            let mut new = unchecked(new, label);
            new.notes.extend(self.note_absent(&resolved.attributes, &survey, true).await);
            return Ok(new);
        }
        let live = self.look_at(id, &place, &path, &survey).await?;
        if live.as_deref().is_some_and(Value::is_null) {
            return Ok(untouchable(new, prior));
        }
        if live.as_deref().is_some_and(is_terminating) {
            return Ok(unchecked(
                new,
                "not checked by the server: an object of this name is being deleted",
            ));
        }
        let mut adopted = false;
        if let Some(live) = &live {
            object.keep_unread(live);
        }
        let (foreign, consent) = match &live {
            Some(live) => match self.weigh_relation(id, &place, live, prior).await? {
                (Relation::Shared(whose), _) => return Ok(shared(live, prior, &whose)),
                (relation, consent) => {
                    if let Some(adoption) = relation.adoption(live, prior) {
                        adopted = true;
                        object.adopt(&resolved.attributes, &adoption);
                    }
                    // Others, whose records are elsewhere, may have adopted it.
                    let known = prior.is_some() || !is_adopted(live);
                    (relation == Relation::Adopted || !known, consent)
                }
            },
            None => (false, None),
        };
        let open = references(&resolved.attributes);
        let dry_run = if let Some(reference) = open.first() {
            DryRun::Unknown(format!("`{reference}` has no value yet"))
        } else {
            let live = live.as_deref();
            let question = Question { id, path: &path, object: &object, live, prior, adopted };
            match self.dry_run(question).await {
                Err(error) if place.is_namespace() && error.is_forbidden() && live.is_some() => {
                    survey.see(&path, Some(Arc::new(Value::Null)));
                    return Ok(untouchable(new, prior));
                }
                dry_run => dry_run.map_err(|error| {
                    let adopted = foreign.then_some(consent.as_ref());
                    beside_others(error, &object, (live, prior), adopted)
                })?,
            }
        };
        let mut observed = compose(new, live.as_deref(), &object, dry_run, foreign);
        observed.notes.splice(..0, consent);
        let stranger = |item| {
            let message =
                format!("{item} was added by somebody else, and an apply leaves it there");
            Note::new(NoteKind::Added, message)
        };
        let added =
            live.as_deref().map(|live| added(&object.value, live, observed.planned.as_ref()));
        let added = added.unwrap_or_default().into_iter().map(stranger);
        observed.notes.extend(added);
        observed.notes.extend(self.note_absent(&resolved.attributes, &survey, false).await);
        if let Some(live) = live {
            let lost = data::lost(&live, observed.planned.as_ref(), observed.replace);
            observed.notes.extend(lost.map(|lost| self.data_loss(lost)));
        }
        Ok(observed)
    }

    pub(crate) async fn observe_leaving(
        &self,
        prior: &StateEntry,
    ) -> Result<Observed, RuntimeError> {
        let (place, survey, id) = (place(&prior.resource)?, self.survey(), &prior.resource.id);
        let Some((_, path)) = self.locate_recorded(&survey, &place, id)? else {
            return Ok(Observed::default());
        };
        let live = self.look_at(id, &place, &path, &survey).await?;
        let Some(live) = live else { return Ok(Observed::default()) };
        if !self.made(prior, &live).await {
            // What somebody made anew under its name is not what is on record, and that is gone.
            let is_known =
                prior.adopted || Record::of(prior).is_some_and(|r| uid(&live) == Some(&r.uid));
            return Ok(match holder(&live, &self.owner, &self.parent.id) {
                Holder::Stack(owner) if is_known => Observed {
                    live: Some(normalise(live.as_ref().clone())),
                    kept: true,
                    notes: vec![Note::new(NoteKind::Shared, format!("it belongs to {owner}"))],
                    ..Observed::default()
                },
                _ => Observed::default(),
            });
        }
        let read = |failure| self.error(failure, id, "read", None);
        let mut stays = why_kept(&live).map(str::to_owned);
        let mut notes: Vec<Note> =
            data::lost(&live, None, false).map(|lost| self.data_loss(lost)).into_iter().collect();
        if place.is_namespace() && !prior.adopted && stays.is_none() {
            let residents = Residents::of(self, &survey, &place.name).await.map_err(read)?;
            let others = residents.others.join(", ");
            stays = (!others.is_empty()).then(|| format!("it holds objects of others: {others}"));
            notes.extend(residents.claims.first().map(|claim| {
                self.data_loss(&format!("{claim} is deleted with it, and the data on its volume"))
            }));
        }
        if stays.is_none() && !prior.adopted {
            self.ask_to_delete(id, &path, &live).await?;
        }
        let live = Some(normalise(live.as_ref().clone()));
        // Until here all notes are about data.
        let risk = (!notes.is_empty()).then_some(Grade::DataAtRisk);
        let grades = grades(live.as_ref(), None, false).into_iter().chain(risk).collect();
        let kept = stays.is_some();
        notes.extend(stays.map(|why| Note::new(NoteKind::Shared, why)));
        Ok(Observed {
            grades,
            live,
            sensitive: KubernetesSemantics.secret_places(&prior.resource),
            kept,
            notes,
            ..Observed::default()
        })
    }

    fn data_loss(&self, lost: &str) -> Note {
        if self.terms.allow_data_loss {
            return Note::new(NoteKind::DataLossAgreed, lost);
        }
        Note::new(NoteKind::DataLoss, lost)
    }

    /// Puts attributes of live objects in the place of references to them.
    pub(crate) async fn resolve_known(
        &self,
        desired: &Resource,
        survey: &Survey,
    ) -> Result<Resource, RuntimeError> {
        let mut resolved = desired.clone();
        let mut sources: Vec<(String, Arc<Value>)> = Vec::new();
        for reference in references(&desired.attributes) {
            let known = |id: &str| survey.places.contains_key(id);
            let Some((source, _)) = path_reference(&reference, known) else { continue };
            let Some((_, path)) =
                survey.places.get(source).and_then(|place| self.locate(survey, place))
            else {
                continue;
            };
            let read = |failure| self.error(failure, &desired.id, "read", None);
            if let Some(live) = survey.live(&self.link, &path).await.map_err(read)? {
                sources.push((source.to_owned(), open_part(live)));
            }
        }
        let lookup = |id: &str| {
            sources.iter().find(|(source, _)| source == id).map(|(_, live)| live.as_ref())
        };
        resolve_paths(&mut resolved.attributes, &lookup);
        Ok(resolved)
    }

    async fn lacks_namespace(
        &self,
        survey: &Survey,
        place: &Place,
        kind: &Kind,
        id: &ResourceId,
    ) -> Result<bool, RuntimeError> {
        if !kind.namespaced || !survey.wants_namespace(place.namespace()) {
            return Ok(false);
        }
        let namespace = Place {
            api_version: "v1".to_owned(),
            kind: "Namespace".to_owned(),
            namespace: None,
            name: place.namespace().to_owned(),
        };
        let Some((_, path)) = self.locate(survey, &namespace) else { return Ok(false) };
        let live = self.look_at(id, &namespace, &path, survey).await?;
        Ok(live.is_none_or(|live| is_terminating(&live)))
    }

    /// Reads an object. A namespace that we may not read is taken to be there, and is `Null`: whoever works in
    /// one often sees nothing outside.
    async fn look_at(
        &self,
        id: &ResourceId,
        place: &Place,
        path: &str,
        survey: &Survey,
    ) -> Result<Option<Arc<Value>>, RuntimeError> {
        match survey.live(&self.link, path).await {
            Err(Failure::Refused(refusal)) if refusal.code == 403 && place.is_namespace() => {
                Ok(Some(survey.hide(path)))
            }
            live => live.map_err(|failure| self.error(failure, id, "read", None)),
        }
    }

    /// Asks the server whether an object has the form of its kind, where it cannot say more: it looks at that before
    /// it looks for the namespace. Returns whether it came to that.
    async fn fits_schema(
        &self,
        id: &ResourceId,
        path: &str,
        object: &Object,
    ) -> Result<bool, RuntimeError> {
        let call = Call::apply(apply_path(path, true, false), &object.value);
        match self.link.call(&call).await {
            Err(Failure::Refused(refusal)) if refusal.is_not_found() => Ok(true),
            Err(Failure::Refused(refusal)) if refusal.is_schema_error() => {
                Err(self.error(Failure::Refused(refusal), id, "check", Some(object)))
            }
            // What else it says may change with the namespace: rights, quotas, whether one is on its way out.
            Ok(_) | Err(Failure::Refused(_)) => Ok(false),
            Err(failure) => Err(self.error(failure, id, "check", Some(object))),
        }
    }

    async fn dry_run(&self, question: Question<'_>) -> Result<DryRun, RuntimeError> {
        let Question { id, path, object, live, prior, adopted } = question;
        let handed_over = live.and_then(|live| replicas_left(live, &object.value));
        let kept = handed_over.map(|replicas| with_replicas(&object.value, replicas));
        let sent = kept.as_ref().unwrap_or(&object.value);
        let ask =
            async |force| self.link.call(&Call::apply(apply_path(path, true, force), sent)).await;
        let refusal = match ask(false).await {
            Ok(would) if is_object(&would) => {
                let note = |replicas| {
                    let message = format!(
                        "`spec.replicas` is no longer configured; its value {replicas} stays"
                    );
                    Note::new(NoteKind::HandedOver, message)
                };
                let kept = handed_over.or_else(|| {
                    let before = &prior?.resource.attributes;
                    replicas_kept(before, &object.value, (live?, &would))
                });
                let notes = kept.map(note).into_iter().collect();
                return Ok(DryRun::Would(would, notes));
            }
            Ok(_) => return Ok(DryRun::Unknown("the server's answer is no object".to_owned())),
            Err(Failure::Refused(refusal)) => refusal,
            Err(failure) => return Err(self.error(failure, id, "check", Some(object))),
        };
        let conflicts = refusal.conflicts();
        if !conflicts.is_empty() {
            // A dry run in conflict says nothing else, so it is repeated, for display only.
            let mut displaced = Vec::new();
            let would = match ask(true).await {
                Ok(would) => would,
                Err(Failure::Refused(refusal)) if is_immutable(&refusal) => {
                    return Ok(self.would_replace(&refusal, adopted));
                }
                Err(failure) => {
                    let (would, notes) = self.displaced_or(failure, question, sent).await?;
                    displaced = notes;
                    would
                }
            };
            let by_hand = prior.is_some() && conflicts.iter().all(FieldConflict::is_by_hand);
            let adopted = prior.is_none() && conflicts.iter().all(FieldConflict::is_mark);
            let taken_over = by_hand || adopted || self.terms.force_conflicts;
            let note = |conflict: &FieldConflict| {
                let note = if taken_over {
                    Note::new(NoteKind::TakenOver, format!("{conflict}; it is taken over"))
                } else {
                    Note::new(NoteKind::Conflict, conflict.to_string())
                };
                Note { fields: vec![conflict.field.clone()], ..note }
            };
            return Ok(DryRun::Would(would, conflicts.iter().map(note).chain(displaced).collect()));
        }
        if refusal.refuses_dry_runs() {
            return Ok(DryRun::Unknown(shortened(&object.without_secrets(&refusal.message))));
        }
        if is_immutable(&refusal) {
            return Ok(self.would_replace(&refusal, adopted));
        }
        let (would, notes) = self.displaced_or(Failure::Refused(refusal), question, sent).await?;
        Ok(DryRun::Would(would, notes))
    }

    /// Returns what an apply would make if all that is wrong is what took the place of ours; otherwise what is wrong.
    async fn displaced_or(
        &self,
        failure: Failure,
        question: Question<'_>,
        sent: &Value,
    ) -> Result<(Value, Vec<Note>), RuntimeError> {
        let Question { id, path, object, live, prior, .. } = question;
        let error = |failure| self.error(failure, id, "check", Some(object));
        let (Failure::Refused(refusal), Some(live)) = (&failure, live) else {
            return Err(error(failure));
        };
        match self.would_put_right(path, (sent, live), refusal).await {
            Ok(Some((would, displaced))) => Ok((would, self.note_displaced(&displaced, prior))),
            Ok(None) => Err(error(failure)),
            Err(failure) => Err(error(failure)),
        }
    }

    /// Says that only another object could be as desired, and whether one may be made.
    fn would_replace(&self, refusal: &Refusal, adopted: bool) -> DryRun {
        let fields = immutable_fields(refusal);
        let named: Vec<String> = fields.iter().map(|field| format!("`{field}`")).collect();
        let mut message = format!("cannot change in place: {}", named.join(", "));
        if adopted {
            message.push_str("; it existed before kusion managed it, so it is never replaced");
            return DryRun::Stuck(Note { fields, ..Note::new(NoteKind::NeverReplaced, message) });
        }
        if self.terms.replace {
            return DryRun::Replace(None);
        }
        DryRun::Replace(Some(Note { fields, ..Note::new(NoteKind::NeedsReplacement, message) }))
    }

    /// Says whose a live object is; of one that another tool manages, that consent is needed.
    async fn weigh_relation(
        &self,
        id: &ResourceId,
        place: &Place,
        live: &Value,
        prior: Option<&StateEntry>,
    ) -> Result<(Relation, Option<Note>), RuntimeError> {
        let error = match self.relate(id, place, live, prior).await {
            Ok(standing) => return Ok((standing, None)),
            Err(error) => error,
        };
        let RuntimeError::Cluster(inner) = &error else { return Err(error) };
        let ClusterError::ManagedByTool { tool, .. } = inner.as_ref() else { return Err(error) };
        let message = format!("exists and is managed by {tool}");
        Ok((Relation::Adopted, Some(Note::new(NoteKind::NeedsAdoption, message))))
    }
}

/// Returns an object as others may refer to it: of a Secret, nothing that its values stand in.
fn open_part(live: Arc<Value>) -> Arc<Value> {
    let is_secret = live.get("apiVersion").is_some_and(|version| version == "v1")
        && live.get("kind").is_some_and(|kind| kind == "Secret");
    if !is_secret {
        return live;
    }
    let mut open = Arc::unwrap_or_clone(live);
    if let Some(object) = open.as_object_mut() {
        object.retain(|key, _| !matches!(key.as_str(), "data" | "stringData"));
    }
    if let Some(metadata) = open.get_mut("metadata").and_then(Value::as_object_mut) {
        metadata.remove("annotations");
    }
    Arc::new(open)
}

/// Names what others added to lists in which something of ours is gone, and what an apply leaves there: what it takes
/// away was ours, or took the place of ours.
fn added(sent: &Value, live: &Value, planned: Option<&Value>) -> Vec<String> {
    let mut added = replaced(sent, live);
    if !added.is_empty() {
        let left = planned.map(|planned| strangers(sent, planned)).unwrap_or_default();
        added.retain(|item| left.contains(item));
    }
    added
}

/// Adds to what is not valid what others added to the object, because only together they are not; and how we stand to
/// one that is `adopted`, perhaps not without consent. What is on record was not added by others.
fn beside_others(
    mut error: RuntimeError,
    object: &Object,
    (live, prior): (Option<&Value>, Option<&StateEntry>),
    adopted: Option<Option<&Note>>,
) -> RuntimeError {
    if let (RuntimeError::Cluster(inner), Some(live)) = (&mut error, live)
        && let ClusterError::Invalid { others, problems, existed, .. } = inner.as_mut()
    {
        *existed = adopted.map(|consent| match consent {
            Some(note) => format!("{}, so that it needs `--adopt`", note.message),
            None => "exists already and would be adopted".to_owned(),
        });
        let recorded = prior.map(|prior| strangers(&object.value, &prior.resource.attributes));
        let recorded = recorded.unwrap_or_default();
        *others = strangers(&object.value, live);
        others.retain(|item| !recorded.contains(item));
        others.extend(problems.iter().flat_map(|problem| set_by_others(live, &problem.field)));
        others.truncate(NAMED);
    }
    error
}

fn compose(
    new: Observed,
    live: Option<&Value>,
    object: &Object,
    dry_run: DryRun,
    foreign: bool,
) -> Observed {
    let note = |said: &str| format!("not checked by the server: {said}");
    let Some(live) = live else {
        // What the server would add at random, such as addresses, is left out of the preview.
        return match dry_run {
            DryRun::Unknown(said) => unchecked(new, &note(&said)),
            DryRun::Would(_, notes) => Observed { notes, ..new },
            DryRun::Replace(_) | DryRun::Stuck(_) => new,
        };
    };
    let normal = normalise(live.clone());
    let overlaid = || Some(overlay(&normal, &normalise(object.value.clone())));
    let unread = object.unread_pointers();
    let observed = Observed { foreign, secrets_changed: object.unknown, unread, ..new };
    let observed = match dry_run {
        DryRun::Would(would, notes) => {
            Observed { planned: Some(normalise(would)), notes, ..observed }
        }
        DryRun::Replace(consent) => Observed {
            planned: overlaid(),
            replace: true,
            notes: consent.into_iter().collect(),
            ..observed
        },
        DryRun::Stuck(why) => Observed { planned: overlaid(), notes: vec![why], ..observed },
        DryRun::Unknown(said) => {
            unchecked(Observed { planned: overlaid(), ..observed }, &note(&said))
        }
    };
    let planned = observed.planned.as_ref();
    let grades = grades(Some(&normal), planned, observed.replace);
    let editors = planned.filter(|planned| **planned != normal).map(|_| editors(live));
    Observed { live: Some(normal), grades, editors, ..observed }
}

fn unchecked(observed: Observed, message: &str) -> Observed {
    Observed { notes: vec![Note::new(NoteKind::Unchecked, message)], ..observed }
}

/// Leaves a namespace as it is that we may not read or change.
fn untouchable(new: Observed, prior: Option<&StateEntry>) -> Observed {
    let message = "you may not change it, so it stays as it is";
    Observed {
        live: new.planned.clone(),
        foreign: prior.is_none(),
        notes: vec![Note::new(NoteKind::Shared, message)],
        ..new
    }
}

fn shared(live: &Value, prior: Option<&StateEntry>, whose: &str) -> Observed {
    let normal = normalise(live.clone());
    let message = format!("it is managed by {whose} and stays as it is");
    Observed {
        live: Some(normal.clone()),
        planned: Some(normal),
        foreign: prior.is_none(),
        notes: vec![Note::new(NoteKind::Shared, message)],
        ..Observed::default()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_what_an_apply_leaves_was_added_by_others() {
        let service = |ports: Value| json!({"spec": {"ports": ports}});
        let (ours, theirs) = (json!({"port": 80}), json!({"port": 81}));
        let (sent, live) = (service(json!([ours])), service(json!([theirs])));
        let both = service(json!([theirs, ours]));
        assert_eq!(added(&sent, &live, Some(&both)), ["`spec.ports[81]`"]);
        // It was ours before, or took the place of ours.
        assert!(added(&sent, &live, Some(&sent)).is_empty());
        assert!(added(&sent, &both, Some(&both)).is_empty());
    }

    #[test]
    fn nothing_refers_to_what_a_secret_holds() {
        let secret = json!({
            "apiVersion": "v1", "kind": "Secret", "type": "Opaque",
            "metadata": {"name": "s", "annotations": {"copy": "x"}}, "data": {"a": "x"},
        });
        let open = open_part(Arc::new(secret));
        let left = json!({"apiVersion": "v1", "kind": "Secret", "type": "Opaque", "metadata": {"name": "s"}});
        assert_eq!(*open, left);
        let other = Arc::new(json!({"apiVersion": "v1", "kind": "ConfigMap", "data": {"a": "x"}}));
        assert_eq!(open_part(Arc::clone(&other)), other);
    }
}
