//! The form of the name of an image.

/// Says that a name does not look like one.
const EXAMPLE: &str = "is not named like `ghcr.io/acme/shop:1.4.2`";
/// The longest tag.
const MAX_TAG: usize = 128;
/// The fewest digits of a digest.
const MIN_DIGEST: usize = 32;

/// Says what is wrong with the name of an image: `[registry[:port]/]path[:tag][@digest]`.
///
/// What no registry could have is told before anything is made; otherwise only a pod that does not start says so.
///
/// ```
/// use kusion_sdk::workload::image_problem;
///
/// assert_eq!(image_problem("ghcr.io/acme/shop:1.4.2"), None);
/// assert_eq!(image_problem("Shop"), Some("must be written in lower case"));
/// ```
pub fn image_problem(image: &str) -> Option<&'static str> {
    if image.trim().is_empty() {
        return Some("must not be empty");
    }
    let (name, digest) = match image.split_once('@') {
        Some((name, digest)) => (name, Some(digest)),
        None => (image, None),
    };
    if digest.is_some_and(|digest| !is_digest(digest)) {
        return Some(
            "has a digest of a wrong form after `@`, as in `sha256:` and 64 hexadecimal digits",
        );
    }
    let mut parts: Vec<&str> = name.split('/').collect();
    let last = parts.pop().unwrap_or_default();
    let (last, tag) = match last.split_once(':') {
        Some((last, tag)) => (last, Some(tag)),
        None => (last, None),
    };
    if tag.is_some_and(|tag| !is_tag(tag)) {
        return Some("has a tag of a wrong form: letters, digits, `_`, `.` and `-`, at most 128");
    }
    if parts.first().is_some_and(|first| is_registry(first)) {
        parts.remove(0);
    }
    parts.push(last);
    if parts.iter().all(|part| is_component(part)) {
        return None;
    }
    if parts.iter().all(|part| is_component(&part.to_ascii_lowercase())) {
        return Some("must be written in lower case");
    }
    Some(EXAMPLE)
}

/// Returns whether the first part of a name says where the image is, and not what it is called.
fn is_registry(first: &str) -> bool {
    let (host, port) = match first.rsplit_once(':') {
        Some((host, port)) if !first.ends_with(']') => (host, Some(port)),
        _ => (first, None),
    };
    let is_address = host.starts_with('[') && host.ends_with(']');
    let is_label = |label: &str| {
        !label.is_empty()
            && label.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    let is_named = first == "localhost" || first.contains(['.', ':']) || is_address;
    let is_port = |port: &str| {
        port.chars().all(|c| c.is_ascii_digit()) && port.parse::<u16>().is_ok_and(|port| port > 0)
    };
    let has_port = port.is_none_or(is_port);
    is_named && has_port && (is_address || host.split('.').all(is_label))
}

/// Returns whether a part of a path has lower-case letters and digits, with single separators in between.
fn is_component(part: &str) -> bool {
    let is_word = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    let separators = part.split(is_word).filter(|between| !between.is_empty());
    part.starts_with(is_word)
        && part.ends_with(is_word)
        && separators
            .into_iter()
            .all(|between| matches!(between, "." | "_" | "__") || between.chars().all(|c| c == '-'))
}

fn is_tag(tag: &str) -> bool {
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    tag.starts_with(is_word)
        && tag.len() <= MAX_TAG
        && tag.chars().all(|c| is_word(c) || matches!(c, '.' | '-'))
}

fn is_digest(digest: &str) -> bool {
    digest.split_once(':').is_some_and(|(algorithm, digits)| {
        algorithm.starts_with(|c: char| c.is_ascii_alphabetic())
            && algorithm
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '.' | '-' | '_'))
            && digits.len() >= MIN_DIGEST
            && digits.chars().all(|c| c.is_ascii_hexdigit())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_a_registry_can_have_pass() {
        let digest = format!("shop@sha256:{}", "0a".repeat(32));
        for image in [
            "shop",
            "shop:1",
            "acme/shop:1.4.2",
            "ghcr.io/acme/shop:1.4.2",
            "localhost/shop",
            "localhost:5000/a/b-c/d_e/f__g/h--i.j:v1_2",
            "[::1]:5000/shop",
            "REGISTRY.example.com/shop:Latest",
            &digest,
        ] {
            assert_eq!(image_problem(image), None, "{image}");
        }
    }

    #[test]
    fn other_names_are_refused_with_what_is_wrong() {
        let lower = "must be written in lower case";
        for (image, expected) in [
            ("", "must not be empty"),
            ("bad image:1", EXAMPLE),
            ("shop:", "has a tag"),
            ("shop:a b", "has a tag"),
            (":1", EXAMPLE),
            ("acme//shop", EXAMPLE),
            ("https://ghcr.io/shop", EXAMPLE),
            ("registry:99999/shop", EXAMPLE),
            ("registry:0/shop", EXAMPLE),
            ("registry:/shop", EXAMPLE),
            ("-shop", EXAMPLE),
            ("Acme/Shop:1", lower),
            ("shop@sha256:12", "has a digest"),
            ("shop@1", "has a digest"),
        ] {
            let found = image_problem(image).unwrap_or_default();
            assert!(found.starts_with(expected), "{image}: {found}");
        }
    }
}
