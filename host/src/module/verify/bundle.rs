//! Sigstore bundles: an envelope with a statement, and either a key's signature or a certificate's with its proofs.
//!
//! Certificates are the business of `sigstore-verify`, which this file hides from all others: it opens no connection
//! and believes only the trust root that it is handed.

use std::fmt;
use std::sync::Arc;

use sigstore_verify::types::Bundle as Raw;
use sigstore_verify::types::SignatureContent;
use sigstore_verify::types::bundle::{MediaType, VerificationMaterialContent as Material};
use sigstore_verify::{CertificateError, Error, TimestampError, VerificationPolicy, Verifier};

use super::{PublicKey, Refusal, crypto, statement};
use crate::digest::Digest;

/// The media type of bundles, as version 3 of cosign makes them.
pub const BUNDLE: &str = "application/vnd.dev.sigstore.bundle.v0.3+json";

/// Whose certificates, logs and clocks are believed: Sigstore's `trusted_root.json`.
#[derive(Clone)]
pub struct TrustRoot {
    verifier: Arc<Verifier>,
    digest: Digest,
}

/// Why a text is no trust root.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("it is no trust root of Sigstore: {reason}")]
pub struct TrustRootError {
    /// What is wrong.
    pub reason: String,
}

impl TrustRoot {
    /// Reads a trust root.
    ///
    /// # Errors
    ///
    /// It is none, or names keys or certificates that cannot be used; or it names no authority for certificates, or no
    /// log, without which no certificate can be believed.
    pub fn from_json(text: &str) -> Result<Self, TrustRootError> {
        use sigstore_verify::trust_root::TrustedRoot;
        crypto::install();
        let refuse = |reason: String| TrustRootError { reason };
        let root = TrustedRoot::from_json(text).map_err(|error| refuse(error.to_string()))?;
        if root.certificate_authorities.is_empty() {
            return Err(refuse("it names no authority for certificates".to_owned()));
        }
        if root.tlogs.is_empty() {
            return Err(refuse("it names no transparency log".to_owned()));
        }
        if root.ctlogs.is_empty() {
            return Err(refuse("it names no log of certificates".to_owned()));
        }
        let verifier = Verifier::new(&root).map_err(|error| refuse(error.to_string()))?;
        Ok(Self { verifier: Arc::new(verifier), digest: Digest::of(text.as_bytes()) })
    }
}

impl fmt::Debug for TrustRoot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TrustRoot({})", self.digest.short())
    }
}

/// A bundle that was read; nothing of it is believed yet.
pub(super) struct Bundle(Raw);

/// Whom a bundle names.
pub(super) enum Maker {
    Key,
    Certificate,
}

impl Bundle {
    pub(super) fn read(bytes: &[u8]) -> Result<Self, Refusal> {
        let malformed = |reason: String| Refusal::Malformed { what: "bundle", reason };
        let text = std::str::from_utf8(bytes).map_err(|error| malformed(error.to_string()))?;
        let raw = Raw::from_json(text).map_err(|error| malformed(error.to_string()))?;
        // Older forms may do without a proof of the log.
        if raw.media_type() != MediaType::Bundle0_3 {
            let form = format!("a bundle of the older form `{}`", raw.media_type());
            return Err(Refusal::Unsupported { form });
        }
        Ok(Self(raw))
    }

    /// Returns by what its signature is to be verified.
    pub(super) fn maker(&self) -> Result<Maker, Refusal> {
        match self.0.verification_material.content {
            Material::PublicKey(_) => Ok(Maker::Key),
            Material::Certificate(_) | Material::X509CertificateChain { .. } => {
                Ok(Maker::Certificate)
            }
            _ => Err(Refusal::Unsupported {
                form: "a bundle with neither a key nor a certificate".to_owned(),
            }),
        }
    }

    /// Returns the first of these keys that stands for a manifest. A key is believed without the transparency log:
    /// whoever holds it may sign where nobody sees it.
    pub(super) fn key<'a>(
        &self,
        keys: &'a [PublicKey],
        manifest: &Digest,
    ) -> Result<&'a PublicKey, Refusal> {
        let SignatureContent::DsseEnvelope(envelope) = &self.0.content else {
            return Err(no_statement());
        };
        let (message, signature) = (envelope.pae(), envelope.signature.sig.as_bytes());
        let signed = |key: &&PublicKey| key.has_signed(&message, signature);
        let key = keys.iter().find(signed).ok_or(Refusal::OtherKey)?;
        self.check_statement(manifest)?;
        Ok(key)
    }

    /// Returns the issuer and the subject of the certificate that stands for a manifest.
    pub(super) fn identity(
        &self,
        root: &TrustRoot,
        manifest: &Digest,
    ) -> Result<(String, String), Refusal> {
        use sigstore_verify::types::Sha256Hash;
        if !matches!(self.0.content, SignatureContent::DsseEnvelope(_)) {
            return Err(no_statement());
        }
        // Before all else, for its own message: the proofs would not be those of this manifest either.
        self.check_statement(manifest)?;
        let digest = Sha256Hash::from_hex(&manifest.hex())
            .map_err(|error| Refusal::Malformed { what: "digest", reason: error.to_string() })?;
        let result = root
            .verifier
            .verify(digest, &self.0, &VerificationPolicy::any_identity())
            .map_err(refusal)?;
        let is_proven =
            result.certificate_verified() && result.sct_verified() && result.tlog_verified();
        match (result.issuer(), result.identity()) {
            (Some(issuer), Some(subject)) if is_proven => {
                Ok((issuer.to_owned(), subject.as_str().to_owned()))
            }
            _ => Err(Refusal::Certificate { reason: "it names nobody".to_owned() }),
        }
    }

    fn check_statement(&self, manifest: &Digest) -> Result<(), Refusal> {
        match &self.0.content {
            SignatureContent::DsseEnvelope(envelope) => {
                statement::check(&envelope.payload_type, envelope.payload.as_bytes(), manifest)
            }
            _ => Err(no_statement()),
        }
    }
}

fn no_statement() -> Refusal {
    Refusal::Unsupported { form: "a bundle without a statement".to_owned() }
}

/// Says in our words why a bundle was refused.
fn refusal(error: Error) -> Refusal {
    let reason = error.to_string();
    match error {
        Error::SignatureInvalid(_) => Refusal::Broken,
        Error::ArtifactMismatch(reason) => Refusal::Malformed { what: "statement", reason },
        Error::Certificate(CertificateError::Sct(reason)) => Refusal::CertificateLog { reason },
        Error::Certificate(
            CertificateError::Expired { .. }
            | CertificateError::NotYetValid { .. }
            | CertificateError::NoValidAuthority { .. },
        ) => Refusal::Expired { reason },
        // The chain is checked at the time of signing, and says so in words only.
        Error::Certificate(CertificateError::ChainInvalid(reason))
            if reason.contains("CertExpired") || reason.contains("CertNotValidYet") =>
        {
            Refusal::Expired { reason }
        }
        Error::Certificate(_) => Refusal::Certificate { reason },
        Error::TransparencyLog(_) | Error::Bundle(_) => Refusal::Log { reason },
        Error::Timestamp(TimestampError::NoVerifiedTimestamp(reason)) => Refusal::Time { reason },
        Error::Timestamp(_) => Refusal::Time { reason },
        Error::UnsupportedBundle(form) => Refusal::Unsupported { form },
        _ => Refusal::Malformed { what: "bundle", reason },
    }
}
