//! Secrets as the Spec knows them: by reference, never by value.

use std::fmt;
use std::ops::Range;

use serde::{Deserialize, Serialize};

/// What every reference begins with.
pub const SECRET_PREFIX: &str = "$kusion_secret.";

/// Names a secret: `$kusion_secret.<app>.<accessory>.<name>`.
///
/// App and accessory hold no dot; the name is letters, digits, `_` and `-`. The workload's secrets
/// have the accessory `workload`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct SecretRef {
    /// The app.
    pub app: String,
    /// The accessory, or `workload`.
    pub accessory: String,
    /// The name within the accessory.
    pub name: String,
}

impl fmt::Display for SecretRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{SECRET_PREFIX}{}.{}.{}", self.app, self.accessory, self.name)
    }
}

impl SecretRef {
    /// Reads a text that is one reference and nothing else.
    pub fn parse(text: &str) -> Option<Self> {
        match secret_uses(text).as_mut_slice() {
            [SecretUse { range, secret }] if *range == (0..text.len()) => secret.take(),
            _ => None,
        }
    }
}

/// A secret's text in memory. It cannot be printed or serialised.
#[derive(Clone, PartialEq, Eq)]
pub struct SecretText(String);

impl SecretText {
    /// Wraps a text.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// Returns the text, at the last moment before it is used.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for SecretText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

/// Where a secret's value comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SecretSource {
    /// Drawn once by the host and kept.
    Generated {
        /// Number of characters.
        length: u32,
        /// The characters to draw from; empty for letters and digits.
        alphabet: String,
    },
    /// Read from the workspace's secret store.
    External {
        /// `ref://name/key?version=…`.
        reference: String,
    },
    /// Written by a user or module as plain text; the Spec holds the reference only.
    Literal(SecretText),
}

/// One place in a text that begins like a reference to a secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecretUse {
    /// Where it stands, in bytes.
    pub range: Range<usize>,
    /// What it names; `None` if something is missing.
    pub secret: Option<SecretRef>,
}

/// Finds the references in a text. A reference ends at the first character that cannot be part of its name.
pub fn secret_uses(text: &str) -> Vec<SecretUse> {
    let mut uses = Vec::new();
    let mut from = 0;
    while let Some(found) = text.get(from..).and_then(|rest| rest.find(SECRET_PREFIX)) {
        let start = from + found;
        let mut end = start + SECRET_PREFIX.len();
        let app = take(text, &mut end, is_label_char);
        let accessory =
            if take_dot(text, &mut end) { take(text, &mut end, is_label_char) } else { "" };
        let name = if take_dot(text, &mut end) { take(text, &mut end, is_name_char) } else { "" };
        let complete = ![app, accessory, name].contains(&"");
        let secret = complete.then(|| SecretRef {
            app: app.to_owned(),
            accessory: accessory.to_owned(),
            name: name.to_owned(),
        });
        uses.push(SecretUse { range: start..end, secret });
        from = end;
    }
    uses
}

/// Puts values in the place of references. What is no complete reference stays.
///
/// # Errors
///
/// Passes on the first error of `resolve`.
pub fn replace_secrets<E>(
    text: &str,
    mut resolve: impl FnMut(&SecretRef) -> Result<SecretText, E>,
) -> Result<SecretText, E> {
    let mut whole = String::with_capacity(text.len());
    let mut from = 0;
    for SecretUse { range, secret } in secret_uses(text) {
        if let Some(secret) = secret {
            whole.push_str(text.get(from..range.start).unwrap_or_default());
            whole.push_str(resolve(&secret)?.expose());
            from = range.end;
        }
    }
    whole.push_str(text.get(from..).unwrap_or_default());
    Ok(SecretText(whole))
}

fn is_label_char(c: char) -> bool {
    c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-'
}

fn is_name_char(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '_' | '-')
}

fn take<'t>(text: &'t str, end: &mut usize, allowed: fn(char) -> bool) -> &'t str {
    let rest = text.get(*end..).unwrap_or_default();
    let length = rest.find(|c| !allowed(c)).unwrap_or(rest.len());
    *end += length;
    rest.get(..length).unwrap_or_default()
}

fn take_dot(text: &str, end: &mut usize) -> bool {
    let dot = text.get(*end..).is_some_and(|rest| rest.starts_with('.'));
    *end += usize::from(dot);
    dot
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(app: &str, accessory: &str, name: &str) -> SecretRef {
        SecretRef { app: app.into(), accessory: accessory.into(), name: name.into() }
    }

    #[test]
    fn references_are_found_whole_inside_text_and_broken() {
        let text = "mysql://root:$kusion_secret.shop.orders.root_password@db/$kusion_secret.shop.x";
        assert_eq!(
            secret_uses(text),
            [
                SecretUse { range: 13..53, secret: Some(named("shop", "orders", "root_password")) },
                SecretUse { range: 57..text.len(), secret: None },
            ]
        );
        assert!(secret_uses("$kusion_secre").is_empty());
        assert_eq!(SecretRef::parse("$kusion_secret.a.b.c"), Some(named("a", "b", "c")));
        for other in ["$kusion_secret.a.b", "x$kusion_secret.a.b.c", "$kusion_secret.a.b.c/", ""] {
            assert_eq!(SecretRef::parse(other), None, "{other}");
        }
    }

    #[test]
    fn values_take_the_place_of_references_and_are_not_read_again() {
        let text = "<$kusion_secret.a.b.c.$kusion_secret.a.b.d$kusion_secret.>";
        let resolved = replace_secrets(text, |secret| {
            Ok::<_, ()>(SecretText::new(format!("{}=$kusion_secret.x.y.z", secret.name)))
        });
        let resolved = resolved.map(|text| text.expose().to_owned());
        let expected = "<c=$kusion_secret.x.y.z.d=$kusion_secret.x.y.z$kusion_secret.>";
        assert_eq!(resolved, Ok(expected.to_owned()));
    }
}
