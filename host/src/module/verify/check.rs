//! The verdict: who of those that a policy names has signed.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;

use super::bundle::{Bundle, Maker};
use super::simple::Payload;
use super::{PublicKey, Refusal, Rule, Signature, SignatureError, Signer};
use crate::digest::Digest;

impl Rule {
    /// Returns who of those that it names has signed a manifest, in the order in which it names them. The list is never
    /// empty.
    ///
    /// # Errors
    ///
    /// There is no signature, or none that counts.
    pub fn verify(
        &self,
        manifest: &Digest,
        signatures: &[Signature],
    ) -> Result<Vec<Signer>, SignatureError> {
        let mut accepted = Vec::new();
        let mut refusals = Vec::new();
        for signature in signatures {
            match self.judge(manifest, signature) {
                Ok((place, signer)) => accepted.push((place, signer)),
                Err(refusal) => refusals.push(refusal),
            }
        }
        accepted.sort();
        accepted.dedup();
        if !accepted.is_empty() {
            return Ok(accepted.into_iter().map(|(_, signer)| signer).collect());
        }
        if refusals.len() > 1 {
            return Err(SignatureError::AllRefused { refusals });
        }
        Err(match refusals.pop() {
            Some(source) => SignatureError::Refused { source },
            None => SignatureError::Unsigned,
        })
    }

    /// Returns who has made one signature, and at which place the rule names whoever it is.
    ///
    /// # Errors
    ///
    /// It does not count.
    pub fn judge(
        &self,
        manifest: &Digest,
        signature: &Signature,
    ) -> Result<(usize, Signer), Refusal> {
        match signature {
            Signature::Simple { has_certificate: true, .. } => Err(Refusal::Unsupported {
                form: "a certificate in the form of cosign before version 3".to_owned(),
            }),
            Signature::Simple { .. } if self.keys.is_empty() => Err(Refusal::NoKeys),
            Signature::Simple { payload, signature, .. } => {
                let signature = BASE64_STANDARD.decode(signature).map_err(|error| {
                    Refusal::Malformed { what: "signature", reason: error.to_string() }
                })?;
                let signed = |key: &&PublicKey| key.has_signed(payload, &signature);
                let key = self.keys.iter().find(signed).ok_or(Refusal::OtherKey)?;
                // Only what a key of the policy has signed is read.
                let signed = Payload::read(payload)?.manifest;
                if signed != *manifest {
                    return Err(Refusal::OtherDigest { signed });
                }
                Ok(self.signed_by(key))
            }
            Signature::Unreadable { reason } => {
                Err(Refusal::Malformed { what: "manifest", reason: reason.clone() })
            }
            Signature::Changed { digest } => Err(Refusal::Changed { digest: *digest }),
            Signature::Bundle(bytes) => {
                let bundle = Bundle::read(bytes)?;
                match bundle.maker()? {
                    Maker::Key if self.keys.is_empty() => Err(Refusal::NoKeys),
                    Maker::Key => bundle.key(&self.keys, manifest).map(|key| self.signed_by(key)),
                    Maker::Certificate => self.certified(&bundle, manifest),
                }
            }
        }
    }

    fn signed_by(&self, key: &PublicKey) -> (usize, Signer) {
        let place = self.keys.iter().position(|known| known == key).unwrap_or_default();
        (place, Signer::Key { fingerprint: key.fingerprint() })
    }

    fn certified(&self, bundle: &Bundle, manifest: &Digest) -> Result<(usize, Signer), Refusal> {
        let Some(root) = self.trust_root.as_ref().filter(|_| !self.identities.is_empty()) else {
            return Err(Refusal::NoIdentities);
        };
        let (issuer, subject) = bundle.identity(root, manifest)?;
        let place = self.identities.iter().position(|known| known.admits(&issuer, &subject));
        match place {
            Some(place) => Ok((self.keys.len() + place, Signer::Identity { issuer, subject })),
            None => Err(Refusal::OtherIdentity { issuer, subject }),
        }
    }
}
