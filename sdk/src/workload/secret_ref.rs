//! References to Kubernetes Secrets: `secret://name/key`.

use crate::syntax;

/// A Secret, and one of its keys if only that is meant.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct SecretRef<'a> {
    pub(super) name: &'a str,
    pub(super) key: Option<&'a str>,
}

/// Reads `secret://name/key` or `secret://name`, also inside `${…}`.
///
/// `None` if the text is no such reference at all, an error text if it is a broken one.
pub(super) fn parse(text: &str) -> Option<Result<SecretRef<'_>, &'static str>> {
    let inner = text.strip_prefix("${").and_then(|rest| rest.strip_suffix('}')).unwrap_or(text);
    let path = inner.strip_prefix("secret://")?;
    let (name, key) = match path.split_once('/') {
        Some((name, key)) => (name, Some(key)),
        None => (path, None),
    };
    if !syntax::is_domain(name) {
        return Some(Err("the name of the Secret is not a valid one"));
    }
    if key.is_some_and(|key| !syntax::is_data_key(key)) {
        return Some(Err("the key of the Secret is not a valid one"));
    }
    Some(Ok(SecretRef { name, key }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reference_names_a_secret_and_perhaps_a_key() {
        let whole = SecretRef { name: "tls.web", key: None };
        let one = SecretRef { name: "db", key: Some("password") };
        assert_eq!(parse("secret://tls.web"), Some(Ok(whole)));
        assert_eq!(parse("secret://db/password"), Some(Ok(one)));
        let one = SecretRef { name: "db", key: Some("password") };
        assert_eq!(parse("${secret://db/password}"), Some(Ok(one)));
    }

    #[test]
    fn other_texts_are_no_references_and_broken_ones_say_so() {
        for text in ["", "plain", "$(OTHER)", "secret:/db/password"] {
            assert_eq!(parse(text), None, "{text}");
        }
        for text in
            ["secret://", "secret:///key", "secret://db/", "secret://DB/x", "secret://db/a/b"]
        {
            assert!(matches!(parse(text), Some(Err(_))), "{text}");
        }
    }
}
