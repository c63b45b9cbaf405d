//! What a registry wants to see before it answers: the header `WWW-Authenticate`.

use std::collections::BTreeMap;

/// A way to say who one is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Challenge {
    /// A name and a password, with each request.
    Basic,
    /// A token that another server hands out.
    Bearer {
        /// Where.
        realm: String,
        /// For whom.
        service: Option<String>,
    },
}

impl Challenge {
    /// Chooses from what a registry offers: a token, otherwise a password.
    pub(super) fn choose<'a>(headers: impl IntoIterator<Item = &'a str>) -> Option<Self> {
        let offered: Vec<Self> = headers.into_iter().flat_map(read).collect();
        let token = offered.iter().find(|challenge| matches!(challenge, Self::Bearer { .. }));
        token.or(offered.first()).cloned()
    }
}

/// Reads all challenges of a header. What is unknown or without end is passed over.
fn read(header: &str) -> Vec<Challenge> {
    let mut found: Vec<(String, BTreeMap<String, String>)> = Vec::new();
    let mut rest = header.trim_start();
    while !rest.is_empty() {
        let length =
            rest.find(|c: char| c.is_whitespace() || matches!(c, '=' | ',')).unwrap_or(rest.len());
        let (word, after) = rest.split_at(length);
        let after = after.trim_start();
        if let Some(value) = after.strip_prefix('=') {
            let (value, after) = read_value(value.trim_start());
            if let Some((_, parameters)) = found.last_mut() {
                parameters.insert(word.to_ascii_lowercase(), value);
            }
            rest = after;
        } else {
            if !word.is_empty() {
                found.push((word.to_ascii_lowercase(), BTreeMap::new()));
            }
            rest = after;
        }
        rest = rest.trim_start_matches(|c: char| c == ',' || c.is_whitespace());
    }
    let challenge =
        |(scheme, mut parameters): (String, BTreeMap<String, String>)| match scheme.as_str() {
            "basic" => Some(Challenge::Basic),
            "bearer" => {
                let realm = parameters.remove("realm")?;
                Some(Challenge::Bearer { realm, service: parameters.remove("service") })
            }
            _ => None,
        };
    found.into_iter().filter_map(challenge).collect()
}

/// Reads a value, in quotes or bare, and returns what follows it.
fn read_value(text: &str) -> (String, &str) {
    let Some(quoted) = text.strip_prefix('"') else {
        let length = text.find(|c: char| c == ',' || c.is_whitespace()).unwrap_or(text.len());
        let (value, rest) = text.split_at(length);
        return (value.to_owned(), rest);
    };
    let mut value = String::new();
    let mut characters = quoted.char_indices();
    while let Some((at, character)) = characters.next() {
        match character {
            '"' => return (value, quoted.get(at + 1..).unwrap_or_default()),
            '\\' => value.extend(characters.next().map(|(_, escaped)| escaped)),
            other => value.push(other),
        }
    }
    (value, "")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bearer(realm: &str, service: Option<&str>) -> Option<Challenge> {
        Some(Challenge::Bearer { realm: realm.to_owned(), service: service.map(str::to_owned) })
    }

    #[test]
    fn a_token_is_taken_before_a_password() {
        let hub = r#"Bearer realm="https://auth.docker.io/token",service="registry.docker.io",scope="repository:a/b:pull,push""#;
        let token = bearer("https://auth.docker.io/token", Some("registry.docker.io"));
        assert_eq!(Challenge::choose([hub]), token);
        assert_eq!(Challenge::choose([r#"Basic realm="x""#, hub]), token);
        let both = format!(r#"Basic realm="a, b", {hub}"#);
        assert_eq!(Challenge::choose([both.as_str()]), token);
        assert_eq!(Challenge::choose([r#"Basic realm="basic-realm""#]), Some(Challenge::Basic));
        assert_eq!(Challenge::choose(["basic"]), Some(Challenge::Basic));
    }

    #[test]
    fn odd_headers_are_read_as_far_as_they_go() {
        assert_eq!(
            Challenge::choose(["bearer Realm = https://x/y , service=z"]),
            bearer("https://x/y", Some("z"))
        );
        assert_eq!(Challenge::choose([r#"Bearer realm="a\"b"#]), bearer("a\"b", None));
        for none in ["", "Negotiate", "Bearer", "Bearer service=x", "=", ",,,", "realm=x"] {
            assert_eq!(Challenge::choose([none]), None, "{none}");
        }
    }
}
