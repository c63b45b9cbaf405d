//! What Kubernetes takes for a name, a label or a key: checked here, so that a mistake is told at its place and not by the
//! server.

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
}
