//! Secrets that pods wait for and nobody makes.

use serde_json::Value;

use super::survey::Survey;
use crate::runtime::kubernetes::cluster::objects::Place;
use crate::runtime::kubernetes::cluster::runtime::KubernetesRuntime;
use crate::runtime::kubernetes::cluster::wire::{Call, Failure, METADATA_ONLY};
use crate::runtime::kubernetes::needs;
use crate::spec::{Note, NoteKind};

impl KubernetesRuntime {
    /// Notes each Secret that the pods of an object need, the plan does not make, and the cluster does not have.
    /// In a namespace that is `new`, nothing is. What cannot be read is taken to be there.
    pub(crate) async fn note_absent(
        &self,
        manifest: &Value,
        survey: &Survey,
        new: bool,
    ) -> Vec<Note> {
        let Some(place) = Place::of(manifest) else { return Vec::new() };
        let secret = |name: &str| Place {
            api_version: "v1".to_owned(),
            kind: "Secret".to_owned(),
            namespace: Some(place.namespace().to_owned()),
            name: name.to_owned(),
        };
        let mut notes = Vec::new();
        for name in needs::secrets(manifest) {
            let secret = secret(&name);
            if survey.wants(&secret) {
                continue;
            }
            let Some((_, path)) = self.locate(survey, &secret) else { continue };
            let is_absent = new || {
                let found = self.link.call(&Call::get(path).accept(METADATA_ONLY)).await;
                matches!(found, Err(Failure::Refused(refusal)) if refusal.code == 404)
            };
            if is_absent {
                let message = format!("Secret `{name}` does not exist, and its pods wait for it");
                notes.push(Note::new(NoteKind::Missing, message));
            }
        }
        notes
    }
}
