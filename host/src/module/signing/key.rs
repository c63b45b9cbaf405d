//! Private keys: opened, made, and signing.

use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair as _};
use zeroize::Zeroizing;

use super::{SigningKeyError, boxed};
use crate::module::verify::PublicKey;

/// What stands before a point on P-256 in a public key in DER form.
const P256: [u8; 26] = [
    0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a,
    0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00,
];
/// The headings of keys under a password: today's, and that of older cosign.
const SEALED: [&str; 2] = ["ENCRYPTED SIGSTORE PRIVATE KEY", "ENCRYPTED COSIGN PRIVATE KEY"];
const PLAIN: &str = "PRIVATE KEY";
/// The most bytes of a file with a key.
const MAX_SIZE: usize = 16 << 10;

/// A private key: ECDSA on P-256, as `cosign generate-key-pair` makes it.
#[derive(Debug)]
pub struct SigningKey {
    pair: EcdsaKeyPair,
    public: PublicKey,
}

/// A private key that was made, as its file is written.
pub struct GeneratedKey {
    /// The text of the file, under the password.
    pub text: String,
    /// The public half.
    pub public: PublicKey,
}

impl SigningKey {
    /// Returns whether a text is a key under a password.
    ///
    /// # Errors
    ///
    /// It is no key.
    pub fn is_sealed(text: &[u8]) -> Result<bool, SigningKeyError> {
        Ok(SEALED.contains(&block(text)?.tag()))
    }

    /// Opens a key. One that is not under a password needs none.
    ///
    /// # Errors
    ///
    /// It is no key, or of another kind, or the password is missing or wrong.
    pub fn open(text: &[u8], password: Option<&[u8]>) -> Result<Self, SigningKeyError> {
        let block = block(text)?;
        if SEALED.contains(&block.tag()) {
            let password = password.ok_or(SigningKeyError::PasswordNeeded)?;
            return Self::from_der(&boxed::open(block.contents(), password)?);
        }
        Self::from_der(&Zeroizing::new(block.into_contents()))
    }

    /// Makes a key under a password, which may be empty.
    ///
    /// # Errors
    ///
    /// The system gives no random numbers.
    pub fn generate(password: &[u8]) -> Result<GeneratedKey, SigningKeyError> {
        let random = SystemRandom::new();
        let der = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, &random)
            .map_err(|_| SigningKeyError::Make)?;
        let public = Self::from_der(der.as_ref())?.public;
        let [tag, _] = SEALED;
        let config = pem::EncodeConfig::new().set_line_ending(pem::LineEnding::LF);
        let sealed = pem::Pem::new(tag, boxed::seal(der.as_ref(), password)?);
        Ok(GeneratedKey { text: pem::encode_config(&sealed, config), public })
    }

    /// Returns the public half.
    pub fn public(&self) -> &PublicKey {
        &self.public
    }

    /// Signs a message.
    ///
    /// # Errors
    ///
    /// The system gives no random numbers.
    pub fn sign(&self, message: &[u8]) -> Result<Vec<u8>, SigningKeyError> {
        let signature = self.pair.sign(&SystemRandom::new(), message);
        signature.map(|signature| signature.as_ref().to_vec()).map_err(|_| SigningKeyError::Make)
    }

    fn from_der(der: &[u8]) -> Result<Self, SigningKeyError> {
        let random = SystemRandom::new();
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, der, &random)
            .map_err(|_| SigningKeyError::Kind)?;
        let public = PublicKey::from_der(&[&P256, pair.public_key().as_ref()].concat())
            .map_err(|_| SigningKeyError::Kind)?;
        Ok(Self { pair, public })
    }
}

/// Returns the one block of a text that is a private key.
fn block(text: &[u8]) -> Result<pem::Pem, SigningKeyError> {
    let refuse = |reason| SigningKeyError::Form { reason };
    if text.len() > MAX_SIZE {
        return Err(refuse("it is too long"));
    }
    let text = Zeroizing::new(text.to_vec());
    let block = pem::parse(&*text).map_err(|_| refuse("it is not in PEM form"))?;
    match block.tag() {
        PLAIN => Ok(block),
        tag if SEALED.contains(&tag) => Ok(block),
        "PUBLIC KEY" => Err(refuse("it is a public key")),
        "EC PRIVATE KEY" => {
            Err(refuse("it is in an older form: convert it with `openssl pkcs8 -topk8 -nocrypt`"))
        }
        _ => Err(refuse("its heading is another one")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_made_opened_and_signs() {
        let made = SigningKey::generate(b"geheim").unwrap();
        let text = made.text.as_bytes();
        assert!(made.text.starts_with("-----BEGIN ENCRYPTED SIGSTORE PRIVATE KEY-----\n"));
        assert!(SigningKey::is_sealed(text).unwrap());
        let key = SigningKey::open(text, Some(b"geheim")).unwrap();
        assert_eq!(*key.public(), made.public);
        let signature = key.sign(b"message").unwrap();
        assert!(key.public().has_signed(b"message", &signature));
        assert!(!key.public().has_signed(b"massage", &signature));
        let older = made.text.replace("SIGSTORE", "COSIGN");
        assert!(SigningKey::open(older.as_bytes(), Some(b"geheim")).is_ok());
        let refused = |password: Option<&[u8]>| SigningKey::open(text, password).unwrap_err();
        assert!(matches!(refused(Some(b"")), SigningKeyError::PasswordWrong));
        assert!(matches!(refused(None), SigningKeyError::PasswordNeeded));
    }

    #[test]
    fn every_signature_of_a_changed_message_or_signature_is_refused() {
        let made = SigningKey::generate(b"").unwrap();
        let key = SigningKey::open(made.text.as_bytes(), Some(b"")).unwrap();
        let signature = key.sign(b"message").unwrap();
        for place in 0..signature.len() {
            for bit in 0..8 {
                let mut changed = signature.clone();
                changed[place] ^= 1 << bit;
                assert!(!key.public().has_signed(b"message", &changed), "byte {place}, bit {bit}");
            }
        }
        for length in 0..signature.len() {
            assert!(!key.public().has_signed(b"message", &signature[..length]), "{length}");
        }
    }

    #[test]
    fn a_file_cannot_choose_its_cost() {
        let sealed = boxed::seal(b"key", b"").unwrap();
        assert_eq!(**boxed::open(&sealed, b"").unwrap(), *b"key");
        let text = String::from_utf8(sealed).unwrap();
        for (from, to) in [
            ("65536", "1099511627776"),
            ("\"r\":8", "\"r\":80000"),
            ("\"p\":1", "\"p\":70000"),
            ("scrypt", "bcrypt"),
            ("nacl/secretbox", "none"),
        ] {
            let changed = text.replacen(from, to, 1);
            assert_ne!(changed, text, "{from}");
            let refused = boxed::open(changed.as_bytes(), b"");
            assert!(matches!(refused, Err(SigningKeyError::Form { .. })), "{to}");
        }
        assert!(matches!(boxed::open(b"{}", b""), Err(SigningKeyError::Form { .. })));
    }

    #[test]
    fn what_is_no_private_key_is_told_why() {
        let made = SigningKey::generate(b"").unwrap();
        let public = made.public.to_pem();
        for (text, reason) in [
            ("", "it is not in PEM form"),
            (public.as_str(), "it is a public key"),
            (&"x".repeat(MAX_SIZE + 1), "it is too long"),
            (
                &public.replace("PUBLIC", "EC PRIVATE"),
                "it is in an older form: convert it with `openssl pkcs8 -topk8 -nocrypt`",
            ),
            (&public.replace("PUBLIC", "RSA PRIVATE"), "its heading is another one"),
        ] {
            let refused = SigningKey::open(text.as_bytes(), None).unwrap_err().to_string();
            assert_eq!(refused, format!("it is no private key: {reason}"));
        }
        let other = public.replace("PUBLIC", "PRIVATE");
        assert!(matches!(SigningKey::open(other.as_bytes(), None), Err(SigningKeyError::Kind)));
    }
}
