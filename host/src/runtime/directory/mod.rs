//! A folder of manifests as the target: one YAML file per Kubernetes object, for GitOps and for trying
//! things out.
//!
//! Every file begins with a [marker](marker::Marker) that says whose it is. Files without one, and files
//! of other stacks, are never touched, unless the state says that we wrote them. An encrypted file has no
//! room for a marker; it is ours only if the state says so.

mod file_name;
mod folder;
mod manifest;
mod marker;
mod record;
#[cfg(test)]
mod tests;

use std::path::PathBuf;
use std::sync::{Arc, PoisonError, RwLock};

use async_trait::async_trait;
use serde_json::{Value, json};

pub use manifest::SecretPolicy;
pub use marker::is_managed;

use self::folder::{Folder, Found};
use self::manifest::{Manifest, Missing, secret_error, secret_places};
use self::marker::Marker;
use self::record::Record;
use crate::files::{PRIVATE, blocking};
use crate::runtime::kubernetes::grades;
use crate::runtime::{Applied, KUBERNETES, Owner, Runtime, RuntimeError, Subject};
use crate::secret::{Resolve, encrypt_to};
use crate::spec::{Observed, Resource, ResourceId, SecretText, StateEntry};
use crate::yaml;

/// The mode of files without secrets.
const PUBLIC: u32 = 0o644;

/// A member that a file's document shows where its first line is not our marker.
const MARKER_MEMBER: &str = "(first line)";

/// A member that a document shows where its file has another name than it shall have.
const NAME_MEMBER: &str = "(file)";

/// Keeps Kubernetes objects as files.
#[derive(Debug)]
pub struct DirectoryRuntime {
    files: Arc<Files>,
    title: String,
    secrets: SecretPolicy,
}

/// The files of a stack.
#[derive(Debug)]
struct Files {
    folder: Folder,
    owner: Owner,
    /// Writers of files share it; who removes folders, in which they could be writing, has it alone.
    folders: RwLock<()>,
}

/// A file as it shall be.
struct Content {
    name: String,
    bytes: Vec<u8>,
    mode: u32,
    /// Whether it is written even if it is there already.
    anyway: bool,
}

/// A file as it is, read for one resource.
struct Live {
    name: String,
    document: Value,
}

impl DirectoryRuntime {
    /// Names the folder of a stack, `…/<workspace>/<stack>`; nothing is read or made yet.
    ///
    /// The folder's last two levels are removed when they become empty.
    pub fn new(folder: impl Into<PathBuf>, owner: Owner, secrets: SecretPolicy) -> Self {
        let folder = folder.into();
        let title = folder.display().to_string();
        let files = Files { folder: Folder::new(folder), owner, folders: RwLock::new(()) };
        Self { files: Arc::new(files), title, secrets }
    }

    /// Names the folder as the user knows it. The name is recorded in releases, so it should not depend on
    /// the machine.
    #[must_use]
    pub fn titled(mut self, title: impl Into<String>) -> Self {
        self.title = title.into();
        self
    }

    fn is_encrypted(&self, resource: &Resource) -> bool {
        matches!(self.secrets, SecretPolicy::Age(_)) && !secret_places(resource).is_empty()
    }

    fn observe_desired(
        &self,
        desired: &Resource,
        prior: Option<&StateEntry>,
        secrets: &dyn Resolve,
    ) -> Result<Observed, RuntimeError> {
        let encrypted = self.is_encrypted(desired);
        let mut manifest = Manifest::of(desired, &self.secrets, secrets, Missing::Keep)?;
        let text = if encrypted { manifest.text(desired)? } else { String::new() };
        let live = self.files.find(&desired.id, encrypted, prior)?;
        // What is encrypted is not looked into, so that nothing of it is known to be as before.
        if let Some(live) = live.as_ref().filter(|_| !encrypted) {
            manifest.keep_unread(&live.document);
        }
        let mut planned = if encrypted { without_secrets(desired) } else { manifest.value };
        let mut observed = Observed { sensitive: secret_places(desired), ..Observed::default() };
        if let Some(mut live) = live {
            let shall_be = name(&desired.id, encrypted);
            if live.name != shall_be {
                live.document = with_member(live.document, NAME_MEMBER, Some(live.name.into()));
                planned = with_member(planned, NAME_MEMBER, Some(shall_be.into()));
            } else if encrypted {
                let record = prior.and_then(Record::of).unwrap_or_default();
                let is_told = manifest.unread.is_empty();
                observed.secrets_changed =
                    manifest.unknown || (is_told && !record.is_content(&text, secrets));
            }
            observed.unread = manifest.unread;
            observed.live = Some(live.document);
        }
        observed.grades = grades(observed.live.as_ref(), Some(&planned), false);
        observed.planned = Some(planned);
        Ok(observed)
    }

    /// Returns the file that a resource shall have, and what is to be kept about it.
    fn content(
        &self,
        desired: &Resource,
        secrets: &dyn Resolve,
    ) -> Result<(Content, Record), RuntimeError> {
        let id = &desired.id;
        let encrypted = self.is_encrypted(desired);
        let manifest = Manifest::of(desired, &self.secrets, secrets, Missing::Refuse)?;
        let text = manifest.text(desired)?;
        let name = name(id, encrypted);
        match &self.secrets {
            SecretPolicy::Age(recipient) if encrypted => {
                let failed = |source| secret_error(id, source);
                let content = SecretText::new(text.as_str());
                let bytes = encrypt_to(recipient, &content).map_err(failed)?.into_bytes();
                let record = Record::encrypted(&bytes, &text, secrets);
                Ok((Content { name, bytes, mode: PUBLIC, anyway: true }, record))
            }
            policy => {
                let marker = Marker { owner: self.files.owner.clone(), id: id.clone() };
                let bytes = format!("{marker}\n{text}").into_bytes();
                let secret = *policy == SecretPolicy::Plain && !secret_places(desired).is_empty();
                let mode = if secret { PRIVATE } else { PUBLIC };
                Ok((Content { name, bytes, mode, anyway: false }, Record::default()))
            }
        }
    }
}

impl Files {
    /// Returns the file that a resource has now, or `None` if it has none.
    ///
    /// Looks under the name it shall have, then under the one it was recorded with, which differs after
    /// a change of the policy for secrets.
    fn find(
        &self,
        id: &ResourceId,
        encrypted: bool,
        prior: Option<&StateEntry>,
    ) -> Result<Option<Live>, RuntimeError> {
        let live = self.read(id, encrypted, prior)?;
        if live.is_none() && is_recorded(prior, !encrypted) {
            return self.read(id, !encrypted, prior);
        }
        Ok(live)
    }

    fn read(
        &self,
        id: &ResourceId,
        encrypted: bool,
        prior: Option<&StateEntry>,
    ) -> Result<Option<Live>, RuntimeError> {
        let name = name(id, encrypted);
        let recorded = is_recorded(prior, encrypted);
        let foreign = || RuntimeError::Foreign { id: id.clone(), path: self.folder.file(&name) };
        let bytes = match self.folder.look(&name)? {
            Found::Nothing => return Ok(None),
            Found::File(bytes) => bytes,
            Found::Other(what) if recorded => {
                return Ok(Some(Live { name, document: what.into() }));
            }
            Found::Other(_) | Found::Obstacle => return Err(foreign()),
        };
        let document = if encrypted {
            let prior = prior.filter(|_| recorded).ok_or_else(foreign)?;
            if Record::of(prior).is_some_and(|record| record.is_file(&bytes)) {
                without_secrets(&prior.resource)
            } else {
                "content that kusion did not write".into()
            }
        } else {
            let text = String::from_utf8_lossy(&bytes);
            let managed = self.is_ours(id, &name, &text)?;
            if !managed && !recorded {
                return Err(foreign());
            }
            let parsed =
                yaml::parse_value(&text).unwrap_or_else(|_| "text that is not YAML".into());
            with_member(parsed, MARKER_MEMBER, (!managed).then(|| json!("no marker of kusion")))
        };
        Ok(Some(Live { name, document }))
    }

    /// Returns whether a file has our marker.
    fn is_ours(&self, id: &ResourceId, name: &str, text: &str) -> Result<bool, RuntimeError> {
        match Marker::read(text) {
            Some(marker) if marker.owner != self.owner => Err(RuntimeError::OwnedByOther {
                id: id.clone(),
                path: self.folder.file(name),
                owner: Box::new(marker.owner),
            }),
            Some(marker) => Ok(marker.id == *id),
            None => Ok(false),
        }
    }

    /// Writes a resource's file, and removes the one it had under another name.
    fn write(
        &self,
        id: &ResourceId,
        encrypted: bool,
        prior: Option<&StateEntry>,
        content: &Content,
    ) -> Result<(), RuntimeError> {
        let _folders_stay = self.folders.read().unwrap_or_else(PoisonError::into_inner);
        let present = self.find(id, encrypted, prior)?;
        let Content { name, bytes, mode, anyway } = content;
        let is_there =
            || Ok(matches!(self.folder.look(name)?, Found::File(found) if found == *bytes));
        if *anyway || !is_there()? {
            self.folder.write(name, bytes, *mode)?;
        }
        match present.filter(|live| live.name != *name) {
            Some(old) => self.folder.remove(&old.name),
            None => Ok(()),
        }
    }

    /// Removes a resource's files, and the folders that become empty.
    fn delete(&self, prior: &StateEntry) -> Result<(), RuntimeError> {
        let id = &prior.resource.id;
        let _nobody_writes = self.folders.write().unwrap_or_else(PoisonError::into_inner);
        for encrypted in [false, true] {
            match self.read(id, encrypted, Some(prior)) {
                Ok(Some(live)) => self.folder.remove(&live.name)?,
                Ok(None) => {}
                Err(RuntimeError::Foreign { .. }) if !is_recorded(Some(prior), encrypted) => {}
                Err(error) => return Err(error),
            }
        }
        self.folder.tidy()
    }
}

#[async_trait]
impl Runtime for DirectoryRuntime {
    fn target(&self) -> String {
        format!("directory `{}`", self.title)
    }

    fn holds_secrets(&self) -> bool {
        self.secrets != SecretPolicy::Omit
    }

    async fn sweep(&self) -> Result<(), RuntimeError> {
        let files = Arc::clone(&self.files);
        blocking(move || files.folder.sweep()).await
    }

    async fn observe(
        &self,
        subject: Subject<'_>,
        secrets: &dyn Resolve,
    ) -> Result<Observed, RuntimeError> {
        if let Some(desired) = subject.desired {
            require_kubernetes(desired)?;
            return self.observe_desired(desired, subject.prior, secrets);
        }
        let Some(prior) = subject.prior else { return Ok(Observed::default()) };
        require_kubernetes(&prior.resource)?;
        let encrypted = Record::of(prior).is_some_and(|record| record.encrypted);
        let live = self.files.find(&prior.resource.id, encrypted, Some(prior))?;
        let live = live.map(|live| live.document);
        Ok(Observed {
            grades: grades(live.as_ref(), None, false),
            live,
            sensitive: secret_places(&prior.resource),
            ..Observed::default()
        })
    }

    async fn apply(
        &self,
        desired: &Resource,
        prior: Option<&StateEntry>,
        secrets: &dyn Resolve,
    ) -> Result<Applied, RuntimeError> {
        require_kubernetes(desired)?;
        let (content, record) = self.content(desired, secrets)?;
        let (files, id, prior) = (Arc::clone(&self.files), desired.id.clone(), prior.cloned());
        let encrypted = self.is_encrypted(desired);
        blocking(move || files.write(&id, encrypted, prior.as_ref(), &content)).await?;
        Ok(Applied { private: record.to_value() })
    }

    async fn delete(&self, prior: &StateEntry) -> Result<(), RuntimeError> {
        require_kubernetes(&prior.resource)?;
        let (files, prior) = (Arc::clone(&self.files), prior.clone());
        blocking(move || files.delete(&prior)).await
    }
}

/// Returns whether the state says that we wrote a resource's file, encrypted or not.
///
/// After an interrupted run nobody knows which was written; a file that is not encrypted then has a
/// marker, so that nothing else needs to be believed.
fn is_recorded(prior: Option<&StateEntry>, encrypted: bool) -> bool {
    prior.is_some_and(|prior| {
        let in_doubt = encrypted && prior.uncertain && !secret_places(&prior.resource).is_empty();
        in_doubt || Record::of(prior).is_some_and(|record| record.encrypted == encrypted)
    })
}

/// Returns the name of a resource's file.
fn name(id: &ResourceId, encrypted: bool) -> String {
    let name = file_name::file_name(id);
    if encrypted { format!("{name}.age") } else { name }
}

fn require_kubernetes(resource: &Resource) -> Result<(), RuntimeError> {
    if resource.kind == KUBERNETES {
        return Ok(());
    }
    Err(RuntimeError::NoRuntime {
        id: resource.id.clone(),
        kind: resource.kind.clone(),
        known: vec![KUBERNETES],
    })
}

/// Returns the manifest of a Secret without its data, which is compared by fingerprint.
fn without_secrets(resource: &Resource) -> Value {
    let mut value = yaml::canonical(resource.attributes.clone());
    if let Some(members) = value.as_object_mut() {
        for place in secret_places(resource) {
            members.remove(place.trim_start_matches('/'));
        }
    }
    value
}

fn with_member(mut document: Value, name: &str, value: Option<Value>) -> Value {
    if let (Some(members), Some(value)) = (document.as_object_mut(), value) {
        members.insert(name.to_owned(), value);
    }
    document
}
