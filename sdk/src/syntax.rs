//! What Kubernetes accepts as a name, a label, a port or an amount, so that a module can say it where the developer
//! wrote it.
//!
//! ```
//! use kusion_sdk::syntax;
//!
//! assert!(syntax::is_dns_label("shop-dev") && !syntax::is_dns_label("Shop"));
//! assert!(syntax::is_label_key("example.com/team") && !syntax::is_label_value("a team"));
//! assert!(syntax::is_port_name("http-web") && !syntax::is_port_name("8080"));
//! assert!(syntax::amount("1Gi") > syntax::amount("1G"));
//! ```

use std::collections::BTreeMap;

use crate::names;
use crate::pointer::Pointer;
use crate::rejection::Problems;
use crate::workload;

/// A regular expression for the schema of an [`amount`].
pub const AMOUNT_PATTERN: &str =
    r"^([0-9]+\.?[0-9]*|\.[0-9]+)([numkMGTPE]|[KMGTPE]i|[eE][-+]?[0-9]{1,2})?$";

/// A regular expression for the schema of a name without dots, see [`is_dns_label`].
pub const DNS_LABEL_PATTERN: &str = r"^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$";

/// The most characters of a name with dots.
const MAX_SUBDOMAIN: usize = 253;

/// The most characters of a port's name.
const MAX_PORT_NAME: usize = 15;

/// Whether `text` is a name without dots (RFC 1123): lower-case letters, digits and dashes, at most 63 characters.
pub fn is_dns_label(text: &str) -> bool {
    text.len() <= names::MAX_LENGTH && is_lower_word(text)
}

/// Whether `text` is a name that may have dots: labels with dots between them, at most 253 characters.
pub fn is_dns_subdomain(text: &str) -> bool {
    text.len() <= MAX_SUBDOMAIN && text.split('.').all(is_lower_word)
}

/// Whether `text` can be the key of a label or annotation: `team`, `example.com/team`.
pub fn is_label_key(text: &str) -> bool {
    match text.split_once('/') {
        None => is_word(text),
        Some((domain, name)) => is_dns_subdomain(domain) && is_word(name),
    }
}

/// Whether `text` can be the value of a label; an empty text can.
pub fn is_label_value(text: &str) -> bool {
    text.is_empty() || is_word(text)
}

/// Whether `text` can be the name of a port: at most 15 lower-case letters, digits and single dashes, with a letter.
pub fn is_port_name(text: &str) -> bool {
    text.len() <= MAX_PORT_NAME
        && is_lower_word(text)
        && !text.contains("--")
        && text.bytes().any(|b| b.is_ascii_lowercase())
}

/// The number of billionths that an amount such as `500m` or `1Gi` stands for; `None` if it is none.
///
/// What is finer is rounded up, and what is too large is the largest number.
pub fn amount(text: &str) -> Option<u128> {
    workload::billionths(text)
}

/// Notes the keys and values that no labels can have.
pub fn check_labels(labels: &BTreeMap<String, String>, at: &Pointer, problems: &mut Problems) {
    for (key, value) in labels {
        if !is_label_key(key) {
            problems.add(at.key(key).name(), NOT_A_KEY);
        }
        if !is_label_value(value) {
            problems.add(
                at.key(key),
                "the value of a label consists of letters, digits, `-`, `_` and `.`, begins and ends with a letter or digit, and has at most 63 characters",
            );
        }
    }
}

/// Notes the keys that no annotations can have.
pub fn check_annotations(
    annotations: &BTreeMap<String, String>,
    at: &Pointer,
    problems: &mut Problems,
) {
    for key in annotations.keys().filter(|key| !is_label_key(&key.to_ascii_lowercase())) {
        problems.add(at.key(key).name(), NOT_A_KEY);
    }
}

const NOT_A_KEY: &str = "the key consists of letters, digits, `-`, `_` and `.`, begins and ends with a letter or digit, and has at most 63 characters, as in `team` or `example.com/team`";

fn is_lower_word(text: &str) -> bool {
    let is_edge = |b: Option<u8>| b.is_some_and(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
    is_edge(text.bytes().next())
        && is_edge(text.bytes().next_back())
        && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
}

fn is_word(text: &str) -> bool {
    let is_edge = |b: Option<u8>| b.is_some_and(|b| b.is_ascii_alphanumeric());
    text.len() <= names::MAX_LENGTH
        && is_edge(text.bytes().next())
        && is_edge(text.bytes().next_back())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rejection::Rejection;

    #[test]
    fn names_are_those_that_kubernetes_takes() {
        let (longest, too_long) = ("a".repeat(63), "a".repeat(64));
        for text in ["a", "0", "a-b", "2048", &longest] {
            assert!(is_dns_label(text) && is_dns_subdomain(text), "{text}");
        }
        for text in ["", "-a", "a-", "A", "a_b", "ä", &format!("{too_long}.")] {
            assert!(!is_dns_label(text) && !is_dns_subdomain(text), "{text}");
        }
        assert!(!is_dns_label(&too_long) && is_dns_subdomain(&too_long));
        assert!(!is_dns_label("a.b") && is_dns_subdomain("a.b"));
        assert!(!is_dns_subdomain("a..b") && !is_dns_subdomain(&format!("a.{}", "b".repeat(252))));
    }

    #[test]
    fn labels_are_those_that_kubernetes_takes() {
        for key in ["team", "app.kubernetes.io/name", "A_b.c", "x/y"] {
            assert!(is_label_key(key), "{key}");
        }
        for key in ["", "/a", "a/", "a/b/c", "A.com/x", "-a", "a b", &"a".repeat(64)] {
            assert!(!is_label_key(key), "{key}");
        }
        assert!(is_label_value("") && is_label_value("1.2_x-Y"));
        assert!(!is_label_value("a b") && !is_label_value("-") && !is_label_value(&"a".repeat(64)));
    }

    #[test]
    fn ports_have_short_names_with_a_letter() {
        for name in ["http", "8080-web", "a-b-c", "exactly15chars0"] {
            assert!(is_port_name(name), "{name}");
        }
        for name in ["", "8080", "HTTP", "a--b", "-a", "sixteen-chars-xx", "a_b"] {
            assert!(!is_port_name(name), "{name}");
        }
    }

    #[test]
    fn wrong_labels_are_told_at_their_keys_and_values() {
        let map = |key: &str, value: &str| BTreeMap::from([(key.to_owned(), value.to_owned())]);
        let told = |labels: &BTreeMap<String, String>| {
            let mut problems = Problems::default();
            check_labels(labels, &Pointer::config(), &mut problems);
            match problems.finish() {
                Err(Rejection::Invalid(told)) => {
                    told.into_iter().map(|it| it.pointer.to_string()).collect()
                }
                _ => Vec::new(),
            }
        };
        assert_eq!(told(&map("a b", "x y")), ["/config/a b#", "/config/a b"]);
        assert!(told(&map("a", "x")).is_empty());
        let mut problems = Problems::default();
        let annotations = map("Example.com/a", "anything at all");
        check_annotations(&annotations, &Pointer::config(), &mut problems);
        assert_eq!(problems.finish(), Ok(()));
    }
}
