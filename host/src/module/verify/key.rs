//! Public keys: which ones are understood, how they are named, and what they have signed.

use sigstore_verify::crypto::{KeyAlgorithm, SigningScheme, VerificationKey};
use sigstore_verify::types::{DerPublicKey, SignatureBytes};

use super::crypto;
use crate::digest::Digest;

/// The most bytes of a key in PEM form: several times that of the longest RSA key.
const MAX_PEM: usize = 16 << 10;

/// A public key, as `cosign generate-key-pair` and `openssl` write them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicKey {
    der: Vec<u8>,
}

/// Why a text is no public key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("it is no public key: {reason}")]
pub struct KeyError {
    /// What is wrong.
    pub reason: String,
}

/// The fewest bytes of an RSA key of 2048 bits: its modulus, an exponent, and what says what they are.
const SHORTEST_RSA: usize = 2048 / 8 + 30;

impl PublicKey {
    /// Reads a key in PEM form: ECDSA on P-256 or P-384, Ed25519, or RSA of 2048 bits or more.
    ///
    /// # Errors
    ///
    /// It is something else, such as a private key, or of another kind.
    pub fn from_pem(text: &str) -> Result<Self, KeyError> {
        let refuse = |reason: &str| KeyError { reason: reason.to_owned() };
        if text.len() > MAX_PEM {
            return Err(refuse("it is too long"));
        }
        let blocks = pem::parse_many(text).map_err(|_| refuse("it is not in PEM form"))?;
        let [block] = blocks.as_slice() else {
            return Err(refuse(if blocks.is_empty() {
                "there is no `-----BEGIN PUBLIC KEY-----`"
            } else {
                "there is more than one block"
            }));
        };
        match block.tag() {
            "PUBLIC KEY" => Self::from_der(block.contents()),
            tag if tag.ends_with("PRIVATE KEY") => {
                Err(refuse("it is a private key, which nobody but the signer needs"))
            }
            tag => Err(KeyError { reason: format!("it is a `{tag}`") }),
        }
    }

    /// Reads the same in DER form.
    ///
    /// # Errors
    ///
    /// It is something else, or of another kind.
    pub fn from_der(der: &[u8]) -> Result<Self, KeyError> {
        let key = Self { der: der.to_vec() };
        match key.schemes() {
            Some([SigningScheme::RsaPkcs1Sha256]) if der.len() < SHORTEST_RSA => {
                Err(KeyError { reason: "RSA keys need 2048 bits or more".to_owned() })
            }
            Some(_) => Ok(key),
            None => Err(KeyError {
                reason: "only ECDSA on P-256 or P-384, Ed25519 and RSA are understood".to_owned(),
            }),
        }
    }

    /// Returns the digest of its DER form, by which locks and listings name it.
    pub fn fingerprint(&self) -> Digest {
        Digest::of(&self.der)
    }

    /// Returns it in PEM form.
    pub fn to_pem(&self) -> String {
        let config = pem::EncodeConfig::new().set_line_ending(pem::LineEnding::LF);
        pem::encode_config(&pem::Pem::new("PUBLIC KEY", self.der.clone()), config)
    }

    /// Returns whether it has signed a message.
    pub fn has_signed(&self, message: &[u8], signature: &[u8]) -> bool {
        crypto::install();
        let key = DerPublicKey::new(self.der.clone());
        let signature = SignatureBytes::new(signature.to_vec());
        self.schemes().into_iter().flatten().any(|scheme| {
            let key = VerificationKey::from_spki_with_scheme(&key, *scheme);
            key.is_ok_and(|key| key.verify(message, &signature).is_ok())
        })
    }

    /// Returns the ways in which such a key signs. Older cosign hashes with SHA-256 whatever the curve.
    fn schemes(&self) -> Option<&'static [SigningScheme]> {
        use SigningScheme as S;
        match KeyAlgorithm::from_spki(&DerPublicKey::new(self.der.clone())).ok()? {
            KeyAlgorithm::EcdsaP256 => Some(&[S::EcdsaP256Sha256]),
            KeyAlgorithm::EcdsaP384 => Some(&[S::EcdsaP384Sha384, S::EcdsaP384Sha256]),
            KeyAlgorithm::Ed25519 => Some(&[S::Ed25519]),
            KeyAlgorithm::Rsa => Some(&[S::RsaPkcs1Sha256]),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "-----BEGIN PUBLIC KEY-----
MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEaxfR8uEsQkf4vOblY6RA8ncDfYEt
6zOg9KE5RdiYwpZP40Li/hp/m47n60p8D54WK84zV2sxXs7LtkBoN79R9Q==
-----END PUBLIC KEY-----
";

    const SHORT: &str = "-----BEGIN PUBLIC KEY-----
MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDrHJj8sbTmShtGnG1zKg7blEcg
VavBhlBDXDZZie/56MYVV+f7/KQkZ/9CNApjRxhrH6mnmoRikv2ykQrV6pKqX3LF
9uO+8e0IkS70SnHiaTIeBNjEJLa3KDil6JN+6+wUE9bYhI99PunYcrv9qlxdMYxf
u0toGnqOMZ2e7wz9KQIDAQAB
-----END PUBLIC KEY-----
";

    #[test]
    fn a_key_is_read_and_written_and_has_a_name() {
        let key = PublicKey::from_pem(KEY).unwrap();
        assert_eq!(key.to_pem(), KEY);
        assert_eq!(PublicKey::from_pem(&format!("# ours\n{KEY}")).unwrap(), key);
        assert_eq!(key.fingerprint(), Digest::of(&key.der));
        assert!(!key.has_signed(b"message", b"signature"));
    }

    #[test]
    fn what_is_no_public_key_is_told_why() {
        let private = KEY.replace("PUBLIC", "ENCRYPTED SIGSTORE PRIVATE");
        let certificate = KEY.replace("PUBLIC KEY", "CERTIFICATE");
        let other = KEY.replace(
            "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE",
            "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQgDQgAE",
        );
        for (text, reason) in [
            ("", "there is no `-----BEGIN PUBLIC KEY-----`"),
            (private.as_str(), "it is a private key, which nobody but the signer needs"),
            (certificate.as_str(), "it is a `CERTIFICATE`"),
            (&KEY.repeat(2), "there is more than one block"),
            (&"x".repeat(MAX_PEM + 1), "it is too long"),
            (SHORT, "RSA keys need 2048 bits or more"),
            (other.as_str(), "only ECDSA on P-256 or P-384, Ed25519 and RSA are understood"),
        ] {
            assert_eq!(PublicKey::from_pem(text).unwrap_err().reason, reason);
        }
    }
}
