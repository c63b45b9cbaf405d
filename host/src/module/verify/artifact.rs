//! Signatures as they lie in a registry: artifacts of their own, each with one layer for a signature.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{BUNDLE, Refusal, SIMPLE_SIGNING};
use crate::digest::Digest;
use crate::module::registry::Descriptor;

/// The annotation with a signature, in base64.
const SIGNATURE: &str = "dev.cosignproject.cosign/signature";
/// The annotation with a certificate, in PEM form.
const CERTIFICATE: &str = "dev.sigstore.cosign/certificate";
/// The most bytes of what is signed, or of a bundle.
const MAX_SIZE: u64 = 1 << 20;
/// The most signatures of an artifact.
const MAX_LAYERS: usize = 64;

/// One signature as it was found; nothing of it is believed yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Signature {
    /// A text and a signature of it.
    Simple {
        /// The text.
        payload: Vec<u8>,
        /// The signature, in base64.
        signature: String,
        /// Whether it was made with a certificate.
        has_certificate: bool,
    },
    /// A bundle of Sigstore.
    Bundle(Vec<u8>),
    /// An artifact that cannot be read.
    Unreadable {
        /// Where reading stopped.
        reason: String,
    },
    /// A part of it was changed since it was fetched, and is gone.
    Changed {
        /// The digest of what was fetched.
        digest: Digest,
    },
}

/// What the manifest of signatures says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignatureManifest {
    layers: Vec<Layer>,
    contents: Vec<Descriptor>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Layer {
    content: Descriptor,
    form: Form,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Form {
    Simple { signature: String, has_certificate: bool },
    Bundle,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::module) struct WrittenManifest {
    pub(in crate::module) schema_version: u64,
    #[serde(default)]
    pub(in crate::module) media_type: String,
    pub(in crate::module) config: WrittenLayer,
    #[serde(default)]
    pub(in crate::module) layers: Vec<WrittenLayer>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::module) struct WrittenLayer {
    pub(in crate::module) media_type: String,
    pub(in crate::module) size: u64,
    pub(in crate::module) digest: Digest,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(in crate::module) annotations: BTreeMap<String, String>,
}

impl WrittenLayer {
    /// Describes a text that was signed, and its signature.
    pub(in crate::module) fn simple(payload: &[u8], signature: String) -> Self {
        Self {
            media_type: SIMPLE_SIGNING.to_owned(),
            size: payload.len() as u64,
            digest: Digest::of(payload),
            annotations: [(SIGNATURE.to_owned(), signature)].into(),
        }
    }
}

impl SignatureManifest {
    /// Reads a manifest. Layers that are no signatures are passed over, so that it may have none.
    ///
    /// # Errors
    ///
    /// It is not a manifest, or of more signatures than anybody needs, or of a larger one.
    pub fn read(bytes: &[u8]) -> Result<Self, Refusal> {
        let malformed = |reason: String| Refusal::Malformed { what: "manifest", reason };
        let raw: WrittenManifest =
            serde_json::from_slice(bytes).map_err(|error| malformed(error.to_string()))?;
        let is_signature =
            |layer: &WrittenLayer| [SIMPLE_SIGNING, BUNDLE].contains(&layer.media_type.as_str());
        let mut layers = Vec::new();
        let mut contents = Vec::new();
        // Other things are attached to modules as well, of any size.
        if !raw.layers.iter().any(is_signature) {
            return Ok(Self { layers, contents });
        }
        if raw.layers.len() > MAX_LAYERS {
            return Err(malformed(format!("it has more than {MAX_LAYERS} signatures")));
        }
        for mut layer in std::iter::once(raw.config).chain(raw.layers) {
            let content = Descriptor { digest: layer.digest, size: layer.size };
            if content.size > MAX_SIZE {
                return Err(malformed(format!("a part of it has {} bytes", content.size)));
            }
            contents.push(content.clone());
            let form = match layer.media_type.as_str() {
                SIMPLE_SIGNING => Form::Simple {
                    signature: layer.annotations.remove(SIGNATURE).unwrap_or_default(),
                    has_certificate: layer.annotations.contains_key(CERTIFICATE),
                },
                BUNDLE => Form::Bundle,
                _ => continue,
            };
            layers.push(Layer { content, form });
        }
        Ok(Self { layers, contents })
    }

    /// Returns whether it has no signature.
    pub fn is_empty(&self) -> bool {
        self.layers.is_empty()
    }

    /// Lists all content that the artifact consists of.
    pub fn contents(&self) -> &[Descriptor] {
        &self.contents
    }

    /// Puts signatures together from content. What is missing, or is not what the manifest names, is left out: a
    /// signature that is not there helps nobody.
    pub fn signatures(
        &self,
        mut content: impl FnMut(&Digest) -> Option<Vec<u8>>,
    ) -> Vec<Signature> {
        let signature = |layer: &Layer| {
            let bytes = content(&layer.content.digest)?;
            let is_sound = Digest::of(&bytes) == layer.content.digest;
            is_sound.then(|| match &layer.form {
                Form::Bundle => Signature::Bundle(bytes),
                Form::Simple { signature, has_certificate } => Signature::Simple {
                    payload: bytes,
                    signature: signature.clone(),
                    has_certificate: *has_certificate,
                },
            })
        };
        self.layers.iter().filter_map(signature).collect()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn signatures_are_found_among_other_layers() {
        let layer = |media_type: &str, bytes: &[u8]| json!({ "mediaType": media_type, "size": bytes.len(), "digest": Digest::of(bytes) });
        let mut signed = layer(SIMPLE_SIGNING, b"payload");
        signed["annotations"] = json!({ SIGNATURE: "c2ln", CERTIFICATE: "x" });
        let manifest = json!({
            "schemaVersion": 2, "config": layer("application/json", b"{}"),
            "layers": [signed, layer("application/spdx+json", b"sbom"), layer(BUNDLE, b"bundle")],
        });
        let manifest = SignatureManifest::read(manifest.to_string().as_bytes()).unwrap();
        assert_eq!((manifest.contents().len(), manifest.is_empty()), (4, false));
        let content = |digest: &Digest| {
            [&b"payload"[..], b"bundle"].into_iter().find(|bytes| Digest::of(bytes) == *digest)
        };
        let simple = Signature::Simple {
            payload: b"payload".to_vec(),
            signature: "c2ln".to_owned(),
            has_certificate: true,
        };
        let found = manifest.signatures(|digest| content(digest).map(<[u8]>::to_vec));
        assert_eq!(found, [simple, Signature::Bundle(b"bundle".to_vec())]);
        assert_eq!(manifest.signatures(|_| Some(b"other".to_vec())), []);
        assert_eq!(manifest.signatures(|_| None), []);
    }

    #[test]
    fn nothing_is_read_without_bounds() {
        let layer =
            |size: u64| json!({ "mediaType": BUNDLE, "size": size, "digest": Digest::of(b"") });
        let manifest = |layers: Vec<serde_json::Value>| {
            let manifest = json!({ "schemaVersion": 2, "config": layer(2), "layers": layers });
            SignatureManifest::read(manifest.to_string().as_bytes())
        };
        assert!(manifest(vec![layer(1)]).is_ok());
        assert!(manifest(vec![layer(MAX_SIZE + 1)]).is_err());
        assert!(manifest(vec![layer(1); MAX_LAYERS + 1]).is_err());
        // What is no signature may be of any size.
        let bill = json!({ "mediaType": "application/spdx+json", "size": 1u64 << 40, "digest": Digest::of(b"") });
        assert!(manifest(vec![bill; MAX_LAYERS + 1]).unwrap().is_empty());
        assert!(SignatureManifest::read(b"<html>").is_err());
    }
}
