//! What Kubernetes takes for a name, a label or a key: checked here, so that a mistake is told at its place and not by the
//! server.

use std::collections::BTreeMap;

use crate::pointer::Pointer;
use crate::rejection::Problems;
use crate::workload;

/// A regular expression for the schema of an [`amount`].
pub const AMOUNT_PATTERN: &str =
    r"^([0-9]+\.?[0-9]*|\.[0-9]+)([numkMGTPE]|[KMGTPE]i|[eE][-+]?[0-9]{1,2})?$";

/// A regular expression for the schema of a name without dots, see [`is_dns_label`].
pub const DNS_LABEL_PATTERN: &str = r"^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$";

/// The most characters of a port's name.
const MAX_PORT_NAME: usize = 15;

const NOT_A_KEY: &str = "the key consists of letters, digits, `-`, `_` and `.`, begins and ends with a letter or digit, and has at most 63 characters, as in `team` or `example.com/team`";

/// The most characters of a label of the DNS, of a label's value and of the name in a label's key.
const MAX_LABEL: usize = 63;
/// The most characters of a domain, and of a key in a Secret or ConfigMap.
const MAX_DOMAIN: usize = 253;

/// Returns whether a text is a label of the DNS (RFC 1123): lower-case letters, digits and dashes, with a letter or digit
/// at both ends, at most 63 characters. Names of containers, volumes and ports are.
pub fn is_dns_label(text: &str) -> bool {
    text.len() <= MAX_LABEL && is_domain_part(text)
}

/// Returns whether a text is a domain in lower case (RFC 1123): parts with dots between, at most 253 characters. Names of
/// most objects are.
pub fn is_domain(text: &str) -> bool {
    text.len() <= MAX_DOMAIN && text.split('.').all(is_domain_part)
}

/// Returns whether a text can be the key of a label: `team`, or `example.com/team` with a domain in front.
///
/// ```
/// use kusion_sdk::syntax;
///
/// assert!(syntax::is_label_key("app.kubernetes.io/name"));
/// assert!(!syntax::is_label_key("my team"));
/// ```
pub fn is_label_key(text: &str) -> bool {
    let (domain, name) = match text.split_once('/') {
        Some((domain, name)) => (Some(domain), name),
        None => (None, text),
    };
    domain.is_none_or(is_domain) && !name.is_empty() && is_label_value(name)
}

/// Returns whether a text can be the key of an annotation: like that of a label, and the domain may have upper case.
pub fn is_annotation_key(text: &str) -> bool {
    is_label_key(&text.to_ascii_lowercase())
}

/// Returns whether a text can be the value of a label: letters, digits, `-`, `_` and `.`, with a letter or digit at both
/// ends, at most 63 characters; or nothing.
pub fn is_label_value(text: &str) -> bool {
    let is_edge = |b: u8| b.is_ascii_alphanumeric();
    text.len() <= MAX_LABEL
        && text.bytes().next().is_none_or(is_edge)
        && text.bytes().next_back().is_none_or(is_edge)
        && text.bytes().all(|b| is_edge(b) || matches!(b, b'-' | b'_' | b'.'))
}

/// Returns whether a text can be a key in the data of a Secret or ConfigMap.
pub fn is_data_key(text: &str) -> bool {
    text.len() <= MAX_DOMAIN && is_key(text)
}

/// Returns whether a text can be the name of an environment variable: letters, digits, `_`, `-` and `.`, not beginning
/// with a digit or with two dots.
pub fn is_env_name(text: &str) -> bool {
    !text.starts_with(|c: char| c.is_ascii_digit()) && is_key(text)
}

/// Whether `text` can be the name of a port: at most 15 lower-case letters, digits and single dashes, with a letter.
pub fn is_port_name(text: &str) -> bool {
    text.len() <= MAX_PORT_NAME
        && is_domain_part(text)
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
    for key in annotations.keys().filter(|key| !is_annotation_key(key)) {
        problems.add(at.key(key).name(), NOT_A_KEY);
    }
}

fn is_key(text: &str) -> bool {
    let is_allowed = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.');
    !text.is_empty() && text != "." && !text.starts_with("..") && text.bytes().all(is_allowed)
}

fn is_domain_part(text: &str) -> bool {
    let is_edge = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    text.bytes().next().is_some_and(is_edge)
        && text.bytes().next_back().is_some_and(is_edge)
        && text.bytes().all(|b| is_edge(b) || b == b'-')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rejection::Rejection;

    #[test]
    fn names_are_what_kubernetes_takes() {
        let long = "a".repeat(63);
        let too_long = "a".repeat(64);
        for (text, label, domain) in [
            ("a", true, true),
            ("0-a", true, true),
            ("a.b", false, true),
            (long.as_str(), true, true),
            (too_long.as_str(), false, true),
            ("", false, false),
            ("-a", false, false),
            ("a-", false, false),
            ("A", false, false),
            ("a..b", false, false),
            ("ä", false, false),
        ] {
            assert_eq!(is_dns_label(text), label, "{text}");
            assert_eq!(is_domain(text), domain, "{text}");
        }
        assert!(!is_domain(&[long.as_str(); 4].join(".")));
    }

    #[test]
    fn labels_are_what_kubernetes_takes() {
        let long = "v".repeat(63);
        for (key, expected) in [
            ("team", true),
            ("example.com/Team_1", true),
            (long.as_str(), true),
            ("", false),
            ("/team", false),
            ("example.com/", false),
            ("Example.com/team", false),
            ("a/b/c", false),
            ("-a", false),
        ] {
            assert_eq!(is_label_key(key), expected, "{key}");
        }
        assert!(is_annotation_key("Example.com/team"));
        for (value, expected) in
            [("", true), ("A_1.b", true), (long.as_str(), true), ("a b", false), ("a-", false)]
        {
            assert_eq!(is_label_value(value), expected, "{value}");
        }
    }

    #[test]
    fn keys_and_variables_are_what_kubernetes_takes() {
        for (text, key, variable) in [
            ("A", true, true),
            ("_x", true, true),
            ("-", true, true),
            (".a", true, true),
            ("a-b.c_1", true, true),
            ("1A", true, false),
            ("", false, false),
            (".", false, false),
            ("..", false, false),
            ("..a", false, false),
            ("A B", false, false),
            ("A/B", false, false),
            ("ä", false, false),
        ] {
            assert_eq!(is_data_key(text), key, "{text}");
            assert_eq!(is_env_name(text), variable, "{text}");
        }
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
