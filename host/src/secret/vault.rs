//! Secrets of targets that have no home of their own for them.
//!
//! One record per stack lies beside its releases, encrypted to the user's key. A generated secret is drawn
//! once and kept until the stack is destroyed; a change of its length or alphabet does not change it,
//! because what uses it would break. Written ones are kept as each release used them.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::backend::{Backend, Expected, Key, Lease, Tag};
use crate::secret::draw::draw;
use crate::secret::written::{Found, Kept, Written};
use crate::secret::{Identity, KeyFile, SecretError};
use crate::spec::{SecretRef, SecretSource, SecretText};

/// The newest version of the format that this library reads, and the one it writes if there are written
/// secrets: an older kusion would drop them.
const FORMAT_VERSION: u64 = 2;
/// The version with generated secrets only.
const GENERATED_ONLY: u64 = 1;

/// The secrets of a stack.
#[derive(Debug)]
pub struct Vault {
    key: Key,
    key_file: KeyFile,
    identity: Option<Identity>,
    tag: Option<Tag>,
    secrets: BTreeMap<SecretRef, SecretText>,
    written: Written,
    changed: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Content<'a> {
    format_version: u64,
    secrets: BTreeMap<String, &'a str>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    written: BTreeMap<String, Vec<Kept<'a>>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Version {
    format_version: u64,
}

#[derive(Deserialize)]
struct Secrets {
    secrets: BTreeMap<String, String>,
    #[serde(default)]
    written: BTreeMap<String, Vec<Found>>,
}

impl Vault {
    /// Reads and decrypts a record; if there is none, the vault is empty. Writes nothing.
    ///
    /// # Errors
    ///
    /// The record or the key file cannot be read, or one does not fit the other.
    pub async fn open(
        backend: &dyn Backend,
        key: Key,
        key_file: KeyFile,
    ) -> Result<Self, SecretError> {
        let identity = key_file.load()?;
        let mut vault = Self {
            key,
            key_file,
            identity,
            tag: None,
            secrets: BTreeMap::new(),
            written: Written::default(),
            changed: false,
        };
        let Some((ciphertext, tag)) = backend.get(&vault.key).await? else {
            return Ok(vault);
        };
        (vault.secrets, vault.written) = vault.decode(&ciphertext)?;
        vault.tag = Some(tag);
        Ok(vault)
    }

    /// Returns where the secrets are kept.
    pub fn key(&self) -> &Key {
        &self.key
    }

    /// Returns the user's key, if there is one.
    pub fn identity(&self) -> Option<&Identity> {
        self.identity.as_ref()
    }

    /// Returns a generated secret, if it was drawn.
    pub fn get(&self, secret: &SecretRef) -> Option<&SecretText> {
        self.secrets.get(secret)
    }

    /// Takes a generated secret as its home in the target has it. [`Vault::save`] keeps it for the case that the
    /// home is lost.
    pub fn take_over(&mut self, secret: SecretRef, value: SecretText) {
        if self.secrets.get(&secret).is_none_or(|kept| kept.expose() != value.expose()) {
            tracing::debug!(secret = %secret, "found secret in the target");
            self.secrets.insert(secret, value);
            self.changed = true;
        }
    }

    /// Returns a secret, drawn now unless it was before. [`Vault::save`] must follow before it is used.
    ///
    /// `known` says that the last release has this secret: then it must be here.
    ///
    /// # Errors
    ///
    /// [`SecretError::Gone`] if a known secret is missing; or it cannot be drawn as asked.
    pub fn ensure(
        &mut self,
        secret: &SecretRef,
        length: u32,
        alphabet: &str,
        known: bool,
    ) -> Result<&SecretText, SecretError> {
        if !self.secrets.contains_key(secret) {
            if known {
                return Err(SecretError::Gone { secret: secret.clone(), vault: self.key.clone() });
            }
            let drawn = draw(secret, length, alphabet)?;
            self.secrets.insert(secret.clone(), drawn);
            self.changed = true;
            tracing::debug!(secret = %secret, "drew secret");
        }
        // The entry is there; the alternative cannot be reached and is no lie if it is.
        self.secrets.get(secret).ok_or_else(|| SecretError::Undeclared { secret: secret.clone() })
    }

    /// Draws what is missing of a stack's secrets, and the user's key if any secret needs it.
    ///
    /// `known` are the secrets of the last release. This is for apply only: a preview draws nothing.
    ///
    /// # Errors
    ///
    /// As [`Vault::ensure`], or the key file cannot be made.
    pub fn ensure_all(
        &mut self,
        sources: &BTreeMap<SecretRef, SecretSource>,
        known: &BTreeSet<SecretRef>,
    ) -> Result<(), SecretError> {
        for (secret, source) in sources {
            if let SecretSource::Generated { length, alphabet } = source {
                self.ensure(secret, *length, alphabet, known.contains(secret))?;
            }
        }
        if !sources.is_empty() {
            self.create_identity()?;
        }
        Ok(())
    }

    /// Returns a written secret as a release used it, if it was kept.
    pub fn written(&self, secret: &SecretRef, revision: u64) -> Option<&SecretText> {
        self.written.get(secret, revision)
    }

    /// Keeps the literals of a release that is about to begin, in place of what is kept under its number.
    pub fn keep_written(&mut self, revision: u64, sources: &BTreeMap<SecretRef, SecretSource>) {
        self.change_written(|written| written.put(revision, sources));
    }

    /// Forgets the written secrets of all releases but some.
    pub fn retain_written(&mut self, releases: &BTreeSet<u64>) {
        self.change_written(|written| written.remove(|revision| !releases.contains(&revision)));
    }

    fn change_written(&mut self, change: impl FnOnce(&mut Written)) {
        let before = self.written.clone();
        change(&mut self.written);
        self.changed |= self.written != before;
    }

    /// Encrypts and writes what changed; must be done before the first value reaches the target.
    ///
    /// # Errors
    ///
    /// The lease was lost, somebody else changed the record meanwhile, or it cannot be encrypted or
    /// written.
    pub async fn save(&mut self, lease: &dyn Lease) -> Result<(), SecretError> {
        if !self.changed {
            return Ok(());
        }
        if self.secrets.is_empty() && self.written.is_empty() {
            lease.delete(&self.key).await?;
            self.tag = None;
        } else {
            let ciphertext = self.encode()?;
            let expected = self.tag.clone().map_or(Expected::Absent, Expected::Tag);
            self.tag = Some(lease.put_if(&self.key, expected, &ciphertext).await?);
        }
        self.changed = false;
        Ok(())
    }

    fn create_identity(&mut self) -> Result<&Identity, SecretError> {
        let identity = match self.identity.take() {
            Some(identity) => identity,
            None => self.key_file.load_or_create()?,
        };
        Ok(self.identity.insert(identity))
    }

    fn encode(&mut self) -> Result<Vec<u8>, SecretError> {
        let name =
            |SecretRef { app, accessory, name }: &SecretRef| format!("{app}.{accessory}.{name}");
        let secrets =
            self.secrets.iter().map(|(secret, text)| (name(secret), text.expose())).collect();
        let written = self.written.to_text(name);
        let format_version = if written.is_empty() { GENERATED_ONLY } else { FORMAT_VERSION };
        let plaintext = serde_json::to_vec(&Content { format_version, secrets, written });
        let plaintext = Zeroizing::new(plaintext.map_err(|error| SecretError::Encrypt {
            source: age::EncryptError::Io(error.into()),
        })?);
        self.create_identity()?.encrypt(&plaintext)
    }

    fn decode(
        &self,
        ciphertext: &[u8],
    ) -> Result<(BTreeMap<SecretRef, SecretText>, Written), SecretError> {
        let vault = || self.key.clone();
        let path = || self.key_file.path().to_owned();
        let Some(identity) = &self.identity else {
            return Err(SecretError::KeyGone { vault: vault(), path: path() });
        };
        let plaintext = identity.decrypt(ciphertext).map_err(|source| SecretError::Decrypt {
            vault: vault(),
            path: path(),
            source,
        })?;
        // The parser's message could quote the content, so it is dropped.
        let damaged = |reason| SecretError::Damaged { vault: vault(), reason };
        let Ok(Version { format_version }) = serde_json::from_slice(&plaintext) else {
            return Err(damaged("it has no `formatVersion`"));
        };
        if format_version > FORMAT_VERSION {
            return Err(SecretError::Newer { vault: vault() });
        }
        let Ok(Secrets { secrets, written }) = serde_json::from_slice(&plaintext) else {
            return Err(damaged("it is not a list of secrets"));
        };
        let entry =
            |(name, text): (String, String)| Some((parse_name(&name)?, SecretText::new(text)));
        let secrets: Option<_> = secrets.into_iter().map(entry).collect();
        secrets
            .zip(Written::from_text(written, parse_name))
            .ok_or_else(|| damaged("a secret is not named `<app>.<accessory>.<name>`"))
    }
}

fn parse_name(name: &str) -> Option<SecretRef> {
    let mut parts = name.splitn(3, '.').map(str::to_owned);
    let secret = SecretRef { app: parts.next()?, accessory: parts.next()?, name: parts.next()? };
    let whole = ![&secret.app, &secret.accessory, &secret.name].iter().any(|part| part.is_empty());
    whole.then_some(secret)
}
