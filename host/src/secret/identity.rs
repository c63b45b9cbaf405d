//! The user's key: an age identity in a file that nobody else can read.

use std::io::{self, Read};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use age::secrecy::ExposeSecret;
use age::x25519;
use zeroize::Zeroizing;

use crate::files::{self, PRIVATE};
use crate::secret::SecretError;
use crate::spec::SecretText;

/// A key file is a few lines; more than this is something else.
const MAX_FILE: u64 = 64 << 10;
/// Separates this use of the key from every other one.
const FINGERPRINT_CONTEXT: &str = "kusion fingerprint of a secret, version 1";

/// A private key.
#[derive(Clone)]
pub struct Identity {
    key: x25519::Identity,
    fingerprint: Zeroizing<[u8; blake3::KEY_LEN]>,
}

impl Identity {
    fn new(key: x25519::Identity) -> Self {
        let text = key.to_string();
        let fingerprint = blake3::derive_key(FINGERPRINT_CONTEXT, text.expose_secret().as_bytes());
        Self { key, fingerprint: Zeroizing::new(fingerprint) }
    }

    /// Returns a text that tells whether a value changed. Without the key it tells nothing of the value.
    pub fn fingerprint(&self, value: &SecretText) -> String {
        blake3::keyed_hash(&self.fingerprint, value.expose().as_bytes()).to_hex().to_string()
    }

    pub(super) fn encrypt(&self, plaintext: &[u8]) -> Result<Vec<u8>, SecretError> {
        age::encrypt(&self.key.to_public(), plaintext)
            .map_err(|source| SecretError::Encrypt { source })
    }

    pub(super) fn decrypt(
        &self,
        ciphertext: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, age::DecryptError> {
        age::decrypt(&self.key, ciphertext).map(Zeroizing::new)
    }
}

impl std::fmt::Debug for Identity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("[redacted]")
    }
}

/// The place of the user's key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyFile {
    path: PathBuf,
}

impl KeyFile {
    /// Names the file, usually `key.txt` in the user's folder; nothing is read or made yet.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into() }
    }

    /// Returns the file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Reads the key; `None` if there is no file.
    ///
    /// # Errors
    ///
    /// The file cannot be read, belongs to somebody else, can be read by others, or does not hold one key.
    pub fn load(&self) -> Result<Option<Identity>, SecretError> {
        let read = |source| SecretError::KeyRead { path: self.path.clone(), source };
        let file = match fs_err::File::open(&self.path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            file => file.map_err(read)?,
        };
        let metadata = file.metadata().map_err(read)?;
        self.check(metadata.uid(), metadata.mode() & 0o7777)?;
        let mut text = Zeroizing::new(String::new());
        file.take(MAX_FILE).read_to_string(&mut text).map_err(read)?;
        self.parse(&text).map(Some)
    }

    /// Reads the key, or draws one and writes the file. Of several processes one draws.
    ///
    /// # Errors
    ///
    /// As [`KeyFile::load`], or the file cannot be written.
    pub fn load_or_create(&self) -> Result<Identity, SecretError> {
        if let Some(identity) = self.load()? {
            return Ok(identity);
        }
        let key = x25519::Identity::generate();
        let secret = key.to_string();
        let text = Zeroizing::new(format!(
            "# Decrypts the secrets that kusion generated. Keep a copy; without it they are lost.\n# public key: {}\n{}\n",
            key.to_public(),
            secret.expose_secret()
        ));
        let made = files::write_new(&self.path, text.as_bytes(), PRIVATE);
        if made.map_err(|source| SecretError::KeyWrite { path: self.path.clone(), source })? {
            return Ok(Identity::new(key));
        }
        self.load()?.ok_or_else(|| SecretError::KeyRead {
            path: self.path.clone(),
            source: io::ErrorKind::NotFound.into(),
        })
    }

    /// Removes what processes that died left while they wrote the file.
    ///
    /// # Errors
    ///
    /// The file's folder cannot be read or written.
    pub fn sweep(&self) -> Result<(), SecretError> {
        let folder = self.path.parent().unwrap_or(Path::new("."));
        let failed = |source| SecretError::KeyWrite { path: self.path.clone(), source };
        files::sweep(folder).map_err(failed)
    }

    fn check(&self, owner: u32, mode: u32) -> Result<(), SecretError> {
        if owner != rustix::process::geteuid().as_raw() {
            return Err(SecretError::KeyOwner { path: self.path.clone(), owner });
        }
        if mode & 0o077 != 0 {
            return Err(SecretError::KeyMode { path: self.path.clone(), mode });
        }
        Ok(())
    }

    fn parse(&self, text: &str) -> Result<Identity, SecretError> {
        let refuse = |reason| SecretError::KeyFormat { path: self.path.clone(), reason };
        let mut lines =
            text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
        let line = lines.next().ok_or_else(|| refuse("holds no key"))?;
        if lines.next().is_some() {
            return Err(refuse("holds more than one key"));
        }
        line.parse()
            .map(Identity::new)
            .map_err(|_| refuse("does not hold an `AGE-SECRET-KEY-1` key"))
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_key_is_made_once_and_is_private() {
        let folder = tempfile::tempdir().unwrap();
        let file = KeyFile::new(folder.path().join("home/key.txt"));
        assert!(file.load().unwrap().is_none());
        let value = SecretText::new("value");
        let first = std::thread::scope(|scope| {
            let drawn: Vec<_> =
                (0..8).map(|_| scope.spawn(|| file.load_or_create().unwrap())).collect();
            let drawn = drawn.into_iter().map(|thread| thread.join().unwrap().fingerprint(&value));
            drawn.collect::<std::collections::BTreeSet<_>>()
        });
        assert_eq!(first.len(), 1);
        assert!(first.contains(&file.load().unwrap().unwrap().fingerprint(&value)));
        assert_eq!(fs_err::metadata(file.path()).unwrap().permissions().mode() & 0o777, 0o600);
    }

    #[test]
    fn a_key_others_can_read_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let file = KeyFile::new(folder.path().join("key.txt"));
        file.load_or_create().unwrap();
        for mode in [0o640, 0o604, 0o620] {
            fs_err::set_permissions(file.path(), std::fs::Permissions::from_mode(mode)).unwrap();
            assert!(matches!(file.load_or_create(), Err(SecretError::KeyMode { .. })), "{mode:o}");
        }
        assert!(matches!(file.check(4_000_000, 0o600), Err(SecretError::KeyOwner { .. })));
    }

    #[test]
    fn a_key_file_holds_one_key() {
        let file = KeyFile::new("key.txt");
        let key = x25519::Identity::generate().to_string();
        let key = key.expose_secret();
        assert!(file.parse(&format!("# comment\n\n{key}\n")).is_ok());
        for text in [
            String::new(),
            "# only a comment".into(),
            format!("{key}\n{key}"),
            "AGE-SECRET-KEY-1QQ".into(),
        ] {
            let error = file.parse(&text).unwrap_err();
            assert!(matches!(error, SecretError::KeyFormat { .. }));
            assert!(!error.to_string().contains(key));
        }
    }

    #[test]
    fn fingerprints_differ_by_value_and_by_key() {
        let [a, b] = [0, 1].map(|_| Identity::new(x25519::Identity::generate()));
        let [one, two] = ["one", "two"].map(SecretText::new);
        assert_eq!(a.fingerprint(&one), a.fingerprint(&one.clone()));
        assert_ne!(a.fingerprint(&one), a.fingerprint(&two));
        assert_ne!(a.fingerprint(&one), b.fingerprint(&one));
        assert_eq!(format!("{a:?}"), "[redacted]");
    }
}
