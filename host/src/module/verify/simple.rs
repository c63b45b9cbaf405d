//! The "simple signing" form of cosign: a small JSON text that names a digest, and a signature of that text.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Refusal;
use crate::digest::Digest;

/// The media type of such texts.
pub const SIMPLE_SIGNING: &str = "application/vnd.dev.cosign.simplesigning.v1+json";
/// What such a text says it is.
const TYPE: &str = "cosign container image signature";

/// What is signed: a digest, and the name under which the signer knew it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Payload {
    /// The digest of the manifest.
    pub manifest: Digest,
    /// The repository that the signer pushed to. A mirror keeps it, so that it is told and not compared.
    pub reference: String,
}

#[derive(Serialize, Deserialize)]
struct Written {
    critical: Critical,
    optional: Option<Value>,
}

#[derive(Serialize, Deserialize)]
struct Critical {
    identity: Identity,
    image: Image,
    r#type: String,
}

#[derive(Serialize, Deserialize)]
struct Identity {
    #[serde(rename = "docker-reference")]
    docker_reference: String,
}

#[derive(Serialize, Deserialize)]
struct Image {
    #[serde(rename = "docker-manifest-digest")]
    docker_manifest_digest: Digest,
}

impl Payload {
    /// Reads what was signed.
    ///
    /// # Errors
    ///
    /// It is not of this form.
    pub fn read(bytes: &[u8]) -> Result<Self, Refusal> {
        let malformed = |reason: String| Refusal::Malformed { what: "signed text", reason };
        let Written { critical, .. } =
            serde_json::from_slice(bytes).map_err(|error| malformed(error.to_string()))?;
        if critical.r#type != TYPE {
            return Err(malformed(format!("its `type` is not `{TYPE}`")));
        }
        Ok(Self {
            manifest: critical.image.docker_manifest_digest,
            reference: critical.identity.docker_reference,
        })
    }

    /// Writes what is to be signed, in the very bytes that cosign writes.
    ///
    /// # Errors
    ///
    /// It has no JSON form, which no name can bring about.
    pub fn to_bytes(&self) -> Result<Vec<u8>, serde_json::Error> {
        serde_json::to_vec(&Written {
            critical: Critical {
                identity: Identity { docker_reference: self.reference.clone() },
                image: Image { docker_manifest_digest: self.manifest },
                r#type: TYPE.to_owned(),
            },
            optional: None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_has_the_form_that_cosign_reads() {
        let payload = Payload {
            manifest: Digest::of(b"manifest"),
            reference: "registry.example.com/team/mysql".to_owned(),
        };
        let bytes = payload.to_bytes().unwrap();
        assert_eq!(
            String::from_utf8(bytes.clone()).unwrap(),
            r#"{"critical":{"identity":{"docker-reference":"registry.example.com/team/mysql"},"image":{"docker-manifest-digest":"sha256:05b3abf2579a5eb66403cd78be557fd860633a1fe2103c7642030defe32c657f"},"type":"cosign container image signature"},"optional":null}"#
        );
        assert_eq!(Payload::read(&bytes), Ok(payload));
    }

    #[test]
    fn what_is_no_such_text_is_refused() {
        let text = |kind: &str, digest: &str| {
            format!(
                r#"{{"critical":{{"identity":{{"docker-reference":""}},"image":{{"docker-manifest-digest":"{digest}"}},"type":"{kind}"}}}}"#
            )
        };
        let digest = Digest::of(b"").to_string();
        assert!(Payload::read(text(TYPE, &digest).as_bytes()).is_ok());
        let twice = text(TYPE, &digest).replacen("\"type\"", "\"type\":\"x\",\"type\"", 1);
        for wrong in [
            text("atomic container signature", &digest),
            text(TYPE, "sha256:00"),
            twice,
            "{}".to_owned(),
        ] {
            let refused = Payload::read(wrong.as_bytes()).unwrap_err();
            assert!(matches!(refused, Refusal::Malformed { what: "signed text", .. }), "{wrong}");
        }
    }
}
