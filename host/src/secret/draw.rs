//! Drawing random texts, each equally likely.

use std::collections::BTreeSet;

use zeroize::Zeroizing;

use crate::secret::SecretError;
use crate::spec::{SecretRef, SecretText};

/// The shortest generated secret in characters.
pub(super) const MIN_LENGTH: u32 = 1;
/// The longest generated secret in characters: longer ones are keys, which are not made this way.
pub(super) const MAX_LENGTH: u32 = 4096;
/// The largest alphabet: one random byte chooses one character.
const MAX_ALPHABET: usize = 256;
/// What an empty alphabet stands for.
const LETTERS_AND_DIGITS: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

/// Says whether a secret can be drawn at all, before anybody relies on it.
///
/// # Errors
///
/// It is longer than any password, or its alphabet is none.
pub fn check_drawable(secret: &SecretRef, length: u32, alphabet: &str) -> Result<(), SecretError> {
    characters(secret, length, alphabet).map(|_| ())
}

/// Draws a text with the randomness of the operating system.
pub(super) fn draw(
    secret: &SecretRef,
    length: u32,
    alphabet: &str,
) -> Result<SecretText, SecretError> {
    let characters = characters(secret, length, alphabet)?;
    // Bytes from here on would make the first characters more likely than the last.
    let fair = 256 - 256 % characters.len();
    let length = length as usize;
    // Room for all from the start: a text that moves while it grows leaves copies behind.
    let mut text = String::with_capacity(length * 4);
    let mut drawn = 0;
    let mut bytes = Zeroizing::new([0u8; 64]);
    while drawn < length {
        getrandom::fill(bytes.as_mut_slice()).map_err(|source| SecretError::Random { source })?;
        let fair_bytes = bytes.iter().map(|byte| usize::from(*byte)).filter(|byte| *byte < fair);
        for character in fair_bytes
            .filter_map(|byte| characters.get(byte % characters.len()))
            .take(length - drawn)
        {
            text.push(*character);
            drawn += 1;
        }
    }
    Ok(SecretText::new(text))
}

fn characters(secret: &SecretRef, length: u32, alphabet: &str) -> Result<Vec<char>, SecretError> {
    if !(MIN_LENGTH..=MAX_LENGTH).contains(&length) {
        return Err(SecretError::Length { secret: secret.clone(), length });
    }
    let alphabet = if alphabet.is_empty() { LETTERS_AND_DIGITS } else { alphabet };
    check(alphabet).map_err(|reason| SecretError::Alphabet { secret: secret.clone(), reason })
}

fn check(alphabet: &str) -> Result<Vec<char>, &'static str> {
    let characters: Vec<char> = alphabet.chars().take(MAX_ALPHABET + 1).collect();
    if characters.len() > MAX_ALPHABET {
        return Err("has more than 256 characters");
    }
    if characters.len() < 2 {
        return Err("has one character only, so there is nothing to draw");
    }
    if characters.iter().any(|c| c.is_control() || c.is_whitespace()) {
        return Err("holds white space or control characters");
    }
    if characters.iter().collect::<BTreeSet<_>>().len() != characters.len() {
        return Err("holds a character twice");
    }
    Ok(characters)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secret() -> SecretRef {
        SecretRef { app: "shop".into(), accessory: "orders".into(), name: "password".into() }
    }

    #[test]
    fn a_text_has_the_length_and_the_alphabet_asked_for() {
        let text = draw(&secret(), 500, "abö").unwrap();
        assert_eq!(text.expose().chars().count(), 500);
        assert!(text.expose().chars().all(|c| "abö".contains(c)));
        assert!(
            draw(&secret(), 16, "").unwrap().expose().chars().all(|c| c.is_ascii_alphanumeric())
        );
        assert!(draw(&secret(), 32, "").unwrap() != draw(&secret(), 32, "").unwrap());
    }

    #[test]
    fn every_character_is_equally_likely() {
        // 62 does not divide 256: without rejection the first 8 letters come 25 % more often, some 30 times sigma.
        let mut counts = std::collections::BTreeMap::new();
        for _ in 0..50 {
            for character in draw(&secret(), 4096, "").unwrap().expose().chars() {
                *counts.entry(character).or_insert(0u32) += 1;
            }
        }
        let expected = 50.0 * 4096.0 / 62.0;
        assert_eq!(counts.len(), 62);
        for (character, count) in counts {
            assert!(
                (f64::from(count) - expected).abs() < 7.0 * expected.sqrt(),
                "{character}: {count}"
            );
        }
    }

    #[test]
    fn what_cannot_be_drawn_is_refused() {
        for length in [0, 4097, u32::MAX] {
            assert!(matches!(draw(&secret(), length, ""), Err(SecretError::Length { .. })));
        }
        let large: String = (0x4e00..0x4e00 + 257).filter_map(char::from_u32).collect();
        for alphabet in ["a", "aba", "a b", "a\n", large.as_str()] {
            assert!(
                matches!(draw(&secret(), 8, alphabet), Err(SecretError::Alphabet { .. })),
                "{alphabet:?}"
            );
        }
        assert!(draw(&secret(), 8, &large[3..]).is_ok());
    }
}
