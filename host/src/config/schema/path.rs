//! The name of a part of a value in a message: `workload.containers.main.env["a.b"]`, `ports[0]`.

use std::borrow::Cow;

use crate::source::pointer_tokens;

/// Adds a JSON Pointer to the name of the value that it starts from.
pub(super) fn display(prefix: &str, pointer: &str) -> String {
    let mut path = prefix.to_owned();
    for token in pointer_tokens(pointer) {
        if token.bytes().all(|byte| byte.is_ascii_digit()) && !token.is_empty() {
            path.push_str(&format!("[{token}]"));
        } else if token.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '-'))
            && !token.is_empty()
        {
            if !path.is_empty() {
                path.push('.');
            }
            path.push_str(&token);
        } else {
            path.push_str(&format!("[\"{token}\"]"));
        }
    }
    path
}

/// Says whether a value is a secret of the user, which no message may show.
///
/// These are the values below `secrets.<name>` of a workload, and the `context` and what else may be one below
/// `secretStore` of a workspace.
pub(super) fn is_secret(prefix: &str, pointer: &str) -> bool {
    let mut path: Vec<String> = prefix.split('.').map(str::to_owned).collect();
    path.retain(|part| !part.is_empty());
    path.extend(pointer_tokens(pointer).map(Cow::into_owned));
    path.first().is_some_and(|first| first == "context")
        || is_in_store(&path)
        || path.iter().position(|part| part == "secrets").is_some_and(|index| {
            match path.get(index + 1..) {
                None | Some([]) => false,
                Some([_name]) => true,
                Some([_name, field, ..]) => !is_public(field),
            }
        })
}

fn is_in_store(path: &[String]) -> bool {
    let [store, rest @ ..] = path else { return false };
    let is_name = |part: &&String| !part.chars().all(|c| c.is_ascii_digit());
    match rest {
        [] => store == "secretStore",
        [provider] | [provider, _] => store == "secretStore" && provider == "provider",
        [provider, name, settings @ ..] => {
            let names: Vec<&str> = settings.iter().filter(is_name).map(String::as_str).collect();
            store == "secretStore" && provider == "provider" && !is_public_setting(name, &names)
        }
    }
}

/// Says whether a setting of a secret store holds nothing that could be a secret; `path` leads to it from the name of the
/// provider.
pub(in crate::config) fn is_public_setting(provider: &str, path: &[&str]) -> bool {
    matches!(
        (provider, path),
        ("vault", ["server" | "path" | "version" | "namespace" | "plainHttp"])
            | ("kubernetes", ["namespace" | "kubeconfig" | "context"])
            | ("env", ["names" | "prefix"])
            | ("fake", ["data", "key" | "version"])
    )
}

/// Says whether a field of a secret is none of those that hold its values.
pub(in crate::config) fn is_public(field: &str) -> bool {
    matches!(field, "type" | "immutable")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_named_as_a_reader_would() {
        for (prefix, pointer, expected) in [
            ("workload", "", "workload"),
            ("workload", "/containers/main", "workload.containers.main"),
            ("accessories.network", "/ports/0/port", "accessories.network.ports[0].port"),
            ("", "/labels/a.b~1c", "labels[\"a.b/c\"]"),
            ("", "/name", "name"),
        ] {
            assert_eq!(display(prefix, pointer), expected);
        }
    }

    #[test]
    fn secrets_are_recognised_wherever_the_check_starts() {
        for (prefix, pointer, expected) in [
            ("workload", "/secrets/db/data/password", true),
            ("workload.secrets", "/db/data", true),
            ("", "/workload/secrets/db/data/x", true),
            ("", "/context/AWS_SECRET_ACCESS_KEY", true),
            ("workload", "/secrets/db", true),
            ("workload", "/secrets/db/dta/x", true),
            ("workload", "/secrets/db/type", false),
            ("targets.kubernetes", "/secrets", false),
            ("workload", "/data/secrets", false),
            ("", "/secretStore/provider/fake/data/0/value", true),
            ("", "/secretStore/provider/fake/data/0/key", false),
            ("", "/secretStore/provider/fake/data", true),
            ("", "/secretStore/provider/vault/token", true),
            ("", "/secretStore/provider/vault/server", false),
            ("", "/secretStore/provider/env/names/0", false),
            ("", "/secretStore/provider/vault", true),
            ("", "/secretStore/provider", true),
            ("", "/secretStore", true),
            ("", "/secretStore/provider/vault/auth/key", true),
            ("", "/secretStore/provider/aws/region", true),
        ] {
            assert_eq!(is_secret(prefix, pointer), expected, "{prefix} {pointer}");
        }
    }
}
