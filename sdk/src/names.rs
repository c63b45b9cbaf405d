//! Names for resources: unique within a namespace, stable between runs, and short enough.
//!
//! Every name that does not already fit its rule is changed the same way: characters that are not
//! allowed become `-`, the text is cut, and a short hash of the *whole* original text is appended,
//! so that two different texts keep two different names.

use std::collections::BTreeMap;

use crate::request::Scope;
use crate::texts::texts;

/// The most characters a Kubernetes label, and so most names, may have.
pub const MAX_LENGTH: usize = 63;

/// Characters of a hash suffix, with its dash.
const HASH_LENGTH: usize = 9;

/// The label whose value is the project.
pub const PART_OF_LABEL: &str = "app.kubernetes.io/part-of";

/// The label whose value is the app.
pub const NAME_LABEL: &str = "app.kubernetes.io/name";

/// The label whose value is the stack.
pub const STACK_LABEL: &str = "kusion.io/stack";

/// The label of pods that serve one app, such as those of its database; its value is [`Request::unique_app_name`]. A
/// policy of the network knows by it whom they serve.
///
/// [`Request::unique_app_name`]: crate::Request::unique_app_name
pub const ACCESSORY_OF_LABEL: &str = "kusion.io/accessory-of";

/// Builds the name of an app's main resource: `<project>-<stack>-<app>`, as [`dns_label`].
///
/// ```
/// # use kusion_sdk::{names, Scope};
/// let scope = Scope { project: "shop".into(), stack: "dev".into(), app: "web".into(), ..Scope::default() };
/// assert_eq!(names::unique_app_name(&scope), "shop-dev-web");
/// ```
pub fn unique_app_name(scope: &Scope) -> String {
    dns_label(&app_text(scope))
}

/// Builds the name of a further resource of an app: `<project>-<stack>-<app>-<suffix>`.
///
/// A name that is too long is cut before the suffix, so that its end still says what it is.
pub fn unique_name(scope: &Scope, suffix: &str) -> String {
    with_suffix(&app_text(scope), suffix)
}

/// Joins `base` and `suffix` by a dash into a valid DNS label, keeping the suffix readable.
pub fn with_suffix(base: &str, suffix: &str) -> String {
    let full = format!("{base}-{suffix}");
    if is_dns_label(&full) {
        return full;
    }
    let tail = dns_characters(suffix);
    let room = MAX_LENGTH.saturating_sub(HASH_LENGTH + 1 + tail.len());
    if room == 0 || tail.is_empty() {
        return dns_label(&full);
    }
    format!("{}-{tail}", cut_and_hash(base, &full, room))
}

/// Turns any text into a DNS label (RFC 1123): lower-case letters, digits and dashes, beginning and
/// ending with a letter or digit, at most 63 characters.
///
/// A text that is one already stays as it is.
pub fn dns_label(text: &str) -> String {
    if is_dns_label(text) {
        return text.to_owned();
    }
    cut_and_hash(text, text, MAX_LENGTH - HASH_LENGTH)
}

/// Shortens a name to `most` characters, for objects whose names may have fewer than [`MAX_LENGTH`].
///
/// ```
/// # use kusion_sdk::names;
/// assert_eq!(names::cut("shop-dev-report", 52), "shop-dev-report");
/// assert_eq!(names::cut("shop-dev-report", 14), "shop-43ce71ea");
/// ```
pub fn cut(name: &str, most: usize) -> String {
    if name.len() <= most {
        return name.to_owned();
    }
    cut_and_hash(name, name, most.saturating_sub(HASH_LENGTH))
}

/// Turns any text into the name of a Service, which must begin with a letter (RFC 1035).
///
/// Like [`dns_label`], with `s-` in front of a name that begins with a digit.
pub fn service_name(text: &str) -> String {
    let name = dns_label(text);
    if name.starts_with(|first: char| first.is_ascii_digit()) {
        return dns_label(&format!("s-{name}"));
    }
    name
}

/// Turns any text into the value of a label: letters, digits, `-`, `_` and `.`, beginning and
/// ending with a letter or digit, at most 63 characters. An empty text is a valid value.
pub fn label_value(text: &str) -> String {
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    let fits = text.len() <= MAX_LENGTH
        && text.chars().all(allowed)
        && !text.starts_with(|c: char| !c.is_ascii_alphanumeric())
        && !text.ends_with(|c: char| !c.is_ascii_alphanumeric());
    if fits {
        return text.to_owned();
    }
    let replaced: String = text
        .chars()
        .map(|c| if allowed(c) { c } else { '-' })
        .take(MAX_LENGTH - HASH_LENGTH)
        .collect();
    join_hash(replaced.trim_matches(|c: char| !c.is_ascii_alphanumeric()), text)
}

/// Turns any text into the part of an environment variable's name: upper-case letters, digits and
/// underscores.
///
/// ```
/// # use kusion_sdk::names;
/// assert_eq!(names::env_suffix("order-db"), "ORDER_DB");
/// ```
pub fn env_suffix(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_uppercase() } else { '_' })
        .collect()
}

/// The labels by which an app's pods are found: `app.kubernetes.io/part-of` is the project,
/// `kusion.io/stack` the stack and `app.kubernetes.io/name` the app, each as [`label_value`].
///
/// The stack is one of them because all stacks of a project share a namespace unless they say otherwise.
pub fn app_labels(scope: &Scope) -> BTreeMap<String, String> {
    texts([
        (PART_OF_LABEL, label_value(&scope.project)),
        (STACK_LABEL, label_value(&scope.stack)),
        (NAME_LABEL, label_value(&scope.app)),
    ])
}

fn app_text(scope: &Scope) -> String {
    format!("{}-{}-{}", scope.project, scope.stack, scope.app)
}

fn is_dns_label(text: &str) -> bool {
    !text.is_empty()
        && text.len() <= MAX_LENGTH
        && text.bytes().all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'-'))
        && !text.starts_with('-')
        && !text.ends_with('-')
}

fn dns_characters(text: &str) -> String {
    let replaced: String = text
        .chars()
        .map(|c| match c.to_ascii_lowercase() {
            c @ ('a'..='z' | '0'..='9') => c,
            _ => '-',
        })
        .collect();
    replaced.trim_matches('-').to_owned()
}

fn cut_and_hash(text: &str, full: &str, room: usize) -> String {
    let mut head = dns_characters(text);
    head.truncate(room);
    join_hash(head.trim_end_matches('-'), full)
}

fn join_hash(head: &str, full: &str) -> String {
    let hash = short_hash(full);
    if head.is_empty() {
        return format!("x-{hash}");
    }
    format!("{head}-{hash}")
}

/// 64-bit FNV-1a folded to eight hexadecimal digits. It tells names apart; it protects nothing.
fn short_hash(text: &str) -> String {
    let hash = text.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    format!("{:08x}", (hash >> 32) ^ (hash & 0xffff_ffff))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scope(project: &str, stack: &str, app: &str) -> Scope {
        Scope {
            project: project.to_owned(),
            stack: stack.to_owned(),
            app: app.to_owned(),
            ..Scope::default()
        }
    }

    #[test]
    fn a_name_that_fits_is_kept() {
        assert_eq!(unique_app_name(&scope("shop", "dev", "web")), "shop-dev-web");
        assert_eq!(unique_name(&scope("shop", "dev", "web"), "private"), "shop-dev-web-private");
    }

    #[test]
    fn texts_that_differ_in_case_get_different_names() {
        let upper = unique_app_name(&scope("Shop", "dev", "web"));
        let lower = unique_app_name(&scope("shop", "dev", "web"));
        assert_ne!(upper, lower);
        assert!(upper.starts_with("shop-dev-web-"), "{upper}");
    }

    #[test]
    fn a_long_name_is_cut_and_keeps_its_suffix() {
        let long = "a".repeat(80);
        let first = unique_name(&scope(&long, "dev", "web"), "private");
        let second = unique_name(&scope(&long, "prod", "web"), "private");
        for name in [&first, &second] {
            assert!(is_dns_label(name), "{name}");
            assert!(name.ends_with("-private"), "{name}");
        }
        assert_ne!(first, second);
    }

    #[test]
    fn any_text_becomes_a_dns_label() {
        let long = "x".repeat(200);
        for text in ["", "-", "ÄÖ", "a.b", "UPPER", "a_b-", &long] {
            let name = dns_label(text);
            assert!(is_dns_label(&name), "`{text}` became `{name}`");
        }
        for suffix in ["", "---", &long] {
            let name = with_suffix("base", suffix);
            assert!(is_dns_label(&name), "`{suffix}` became `{name}`");
        }
    }

    #[test]
    fn a_service_name_begins_with_a_letter() {
        assert_eq!(service_name("2048-dev-web"), "s-2048-dev-web");
        assert_eq!(service_name("web"), "web");
        assert!(is_dns_label(&service_name(&format!("2{}", "x".repeat(62)))));
    }

    #[test]
    fn two_stacks_of_a_project_find_only_their_own_pods() {
        let dev = app_labels(&scope("shop", "dev", "web"));
        let expected = [(NAME_LABEL, "web"), (STACK_LABEL, "dev"), (PART_OF_LABEL, "shop")];
        assert_eq!(dev, texts(expected.map(|(key, value)| (key, value.to_owned()))));
        assert_ne!(dev, app_labels(&scope("shop", "prod", "web")));
    }

    #[test]
    fn label_values_keep_what_is_allowed() {
        for text in ["", "shop", "Shop_1.2", &"v".repeat(63)] {
            assert_eq!(label_value(text), text);
        }
        for text in ["a b", "-x", "x-", &"v".repeat(64)] {
            let value = label_value(text);
            assert_ne!(value, text);
            assert!(value.len() <= MAX_LENGTH);
            assert_eq!(label_value(&value), value, "is valid itself");
        }
    }

    #[test]
    fn the_hash_is_stable() {
        assert_eq!(short_hash(""), "4fd0bfc1");
        assert_eq!(dns_label("Web"), "web-92812a48");
    }

    /// The SDKs of the other languages read the same file.
    #[test]
    fn names_are_the_same_as_in_every_other_language() {
        let cases: Vec<serde_json::Value> =
            serde_json::from_str(include_str!("../names.json")).expect("it is JSON");
        assert!(cases.len() > 40);
        for case in cases {
            let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
            let argument = |at: usize| text(&case["arguments"][at]);
            let made = match text(&case["function"]).as_str() {
                "dns_label" => dns_label(&argument(0)),
                "service_name" => service_name(&argument(0)),
                "label_value" => label_value(&argument(0)),
                "env_suffix" => env_suffix(&argument(0)),
                "with_suffix" => with_suffix(&argument(0), &argument(1)),
                other => panic!("there is no function `{other}`"),
            };
            assert_eq!(made, text(&case["result"]), "{case}");
        }
    }
}
