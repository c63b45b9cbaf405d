//! The signatures of a manifest that are on this machine.

use super::{ContentStore, StoreError, Stored};
use crate::digest::Digest;
use crate::module::verify::{Refusal, Signature, SignatureManifest};

impl ContentStore {
    /// Returns the signatures that are attached to a manifest. Each has to be verified: that it is here proves nothing.
    ///
    /// # Errors
    ///
    /// A file cannot be read.
    pub fn signatures(&self, manifest: &Digest) -> Result<Vec<Signature>, StoreError> {
        let mut signatures = Vec::new();
        for artifact in self.attached(manifest)? {
            let bytes = match self.look(&artifact)? {
                Stored::Sound(bytes) => bytes,
                Stored::Broken => {
                    signatures.push(Signature::Changed { digest: artifact });
                    continue;
                }
                Stored::Absent => continue,
            };
            let read = match SignatureManifest::read(&bytes) {
                Ok(read) => read,
                Err(Refusal::Malformed { reason, .. }) => {
                    signatures.push(Signature::Unreadable { reason });
                    continue;
                }
                Err(_) => continue,
            };
            let mut failed = None;
            let mut broken = Vec::new();
            let content = |digest: &Digest| match self.look(digest) {
                Ok(Stored::Sound(content)) => Some(content),
                Ok(Stored::Absent) => None,
                Ok(Stored::Broken) => {
                    broken.push(Signature::Changed { digest: *digest });
                    None
                }
                Err(error) => {
                    failed = Some(error);
                    None
                }
            };
            signatures.extend(read.signatures(content));
            signatures.extend(broken);
            if let Some(error) = failed {
                return Err(error);
            }
        }
        Ok(signatures)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::module::verify::BUNDLE;

    #[test]
    fn signatures_are_found_again_and_broken_ones_are_not() {
        let folder = tempfile::tempdir().unwrap();
        let store = ContentStore::new(folder.path());
        let signed = Digest::of(b"module");
        assert_eq!(store.signatures(&signed).unwrap(), []);
        let layer = |bytes: &[u8]| json!({ "mediaType": BUNDLE, "size": bytes.len(), "digest": Digest::of(bytes) });
        let layers = json!([layer(b"one"), layer(b"two")]);
        let manifest = json!({ "schemaVersion": 2, "config": layer(b""), "layers": layers });
        let artifact = store.put(manifest.to_string().as_bytes()).unwrap();
        store.put(b"one").unwrap();
        let two = store.put(b"two").unwrap();
        for attached in [artifact, Digest::of(b"gone")] {
            store.attach(&signed, &attached).unwrap();
        }
        let bundle = |bytes: &[u8]| Signature::Bundle(bytes.to_vec());
        assert_eq!(store.signatures(&signed).unwrap(), [bundle(b"one"), bundle(b"two")]);
        fs_err::write(store.path(&two), b"tvo").unwrap();
        assert_eq!(
            store.signatures(&signed).unwrap(),
            [bundle(b"one"), Signature::Changed { digest: two }]
        );
        assert_eq!(store.signatures(&signed).unwrap(), [bundle(b"one")]);
        let page = store.put(b"<html>").unwrap();
        store.attach(&signed, &page).unwrap();
        let found = store.signatures(&signed).unwrap();
        let is_unreadable = |one: &Signature| matches!(one, Signature::Unreadable { .. });
        assert_eq!(found.iter().filter(|one| is_unreadable(one)).count(), 1, "{found:?}");
    }
}
