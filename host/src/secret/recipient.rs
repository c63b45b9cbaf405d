//! Encrypting to somebody else's key, for targets whose files others decrypt.

use std::fmt;

use age::x25519;

use crate::secret::SecretError;
use crate::spec::SecretText;

/// A public key: `age1…`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recipient(x25519::Recipient);

impl Recipient {
    /// Checks a text.
    ///
    /// # Errors
    ///
    /// The text is not an X25519 recipient of age.
    pub fn parse(recipient: &str) -> Result<Self, SecretError> {
        let refuse = |_| SecretError::Recipient { recipient: recipient.chars().take(80).collect() };
        recipient.trim().parse().map(Self).map_err(refuse)
    }
}

impl fmt::Display for Recipient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Encrypts a value to a recipient, as text. The result differs each time.
///
/// # Errors
///
/// The value cannot be encrypted.
pub fn encrypt_to(recipient: &Recipient, value: &SecretText) -> Result<String, SecretError> {
    age::encrypt_and_armor(&recipient.0, value.expose().as_bytes())
        .map_err(|source| SecretError::Encrypt { source })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_recipient_can_read_a_value() {
        let [reader, stranger] = [0, 1].map(|_| x25519::Identity::generate());
        let recipient = Recipient::parse(&reader.to_public().to_string()).unwrap();
        let text = encrypt_to(&recipient, &SecretText::new("hunter2")).unwrap();
        assert!(
            text.starts_with("-----BEGIN AGE ENCRYPTED FILE-----") && !text.contains("hunter2")
        );
        assert_eq!(age::decrypt(&reader, text.as_bytes()).unwrap(), b"hunter2");
        assert!(age::decrypt(&stranger, text.as_bytes()).is_err());
    }

    #[test]
    fn a_text_that_is_no_recipient_is_refused() {
        for bad in ["", "age1", "plain", "age1qqqqqqqq", "AGE-SECRET-KEY-1QQ"] {
            assert!(matches!(Recipient::parse(bad), Err(SecretError::Recipient { .. })), "{bad}");
        }
    }
}
