//! Why one signature does not count.

use crate::digest::Digest;

/// Why one signature does not count.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// What was signed, or the signature, is not of the form that it should have.
    #[error("its {what} cannot be read: {reason}")]
    Malformed {
        /// What cannot be read.
        what: &'static str,
        /// Where reading stopped.
        reason: String,
    },
    /// A part of it was changed since it was fetched.
    #[error("`{digest}`, a part of it, was changed on this machine")]
    Changed {
        /// The digest of what was fetched.
        digest: Digest,
    },
    /// None of the keys that the policy names has made it, or what was signed was changed.
    #[error("no key of the policy has signed it")]
    OtherKey,
    /// It is good, and for something else.
    #[error("it is for other bytes: {signed}")]
    OtherDigest {
        /// The digest that was signed.
        signed: Digest,
    },
    /// It is good, and somebody else's than the policy asks for.
    #[error("it is by `{subject}` of `{issuer}`, whom the policy does not name")]
    OtherIdentity {
        /// Who confirmed the name.
        issuer: String,
        /// The name.
        subject: String,
    },
    /// The policy names keys, and it was made with a certificate.
    #[error("it was made with a certificate, and the policy names keys only")]
    NoIdentities,
    /// The policy names identities, and it was made with a key.
    #[error("it was made with a key, and the policy names identities only")]
    NoKeys,
    /// It says something else about the module than that somebody stands for it.
    #[error("it is a statement of another kind: `{predicate}`")]
    OtherStatement {
        /// The kind.
        predicate: String,
    },
    /// The signature does not fit what was signed.
    #[error("what was signed was changed, or the signature")]
    Broken,
    /// The certificate is from nobody whom the trust root names, or no certificate for signing.
    #[error("its certificate is not to be trusted: {reason}")]
    Certificate {
        /// Why.
        reason: String,
    },
    /// It was made before or after the certificate was good.
    #[error("its certificate was not good when it was made: {reason}")]
    Expired {
        /// Why.
        reason: String,
    },
    /// No log of certificates has seen the certificate.
    #[error("no log of certificates that is trusted has seen its certificate: {reason}")]
    CertificateLog {
        /// Why.
        reason: String,
    },
    /// There is no proof that the transparency log has it.
    #[error("there is no proof that the transparency log has it: {reason}")]
    Log {
        /// Why.
        reason: String,
    },
    /// There is no trustworthy time at which it was made.
    #[error("nobody who is trusted says when it was made: {reason}")]
    Time {
        /// Why.
        reason: String,
    },
    /// It is of a form that is not verified here.
    #[error("it is of a form that is not verified: {form}")]
    Unsupported {
        /// The form.
        form: String,
    },
}
