//! What the definition of the HTTPRoute demands, told where it was written.

use std::collections::BTreeSet;

use kusion_sdk::{Pointer, Problems, syntax};

use crate::Call;
use crate::config::{Backend, HeaderMatch, ParentRef, PathMatch, PathType};

/// The most of each that one route can have.
const MAX_PARENTS: usize = 32;
const MAX_HOSTNAMES: usize = 16;
const MAX_RULES: usize = 16;
const MAX_MATCHES: usize = 64;
const MAX_MATCHES_OF_ALL: usize = 128;
const MAX_HEADERS: usize = 16;
const MAX_PATH: usize = 1024;
const MAX_HEADER_NAME: usize = 256;
const MAX_HEADER_VALUE: usize = 4096;

/// Notes everything that no route can have.
pub(crate) fn check(request: &Call, problems: &mut Problems) {
    platform(request, problems);
    let config = &request.config;
    let at = Pointer::config();
    if request.workload.is_null() && config.rules.iter().any(|rule| rule.backend.is_none()) {
        workload_is_missing(&config.backend, &at.key("backend"), problems);
    } else if request.workload.is_null() && config.rules.is_empty() {
        workload_is_missing(&config.backend, &at, problems);
    }
    backend(&config.backend, &at.key("backend"), problems);
    at_most(MAX_HOSTNAMES, config.hostnames.len(), &at.key("hostnames"), problems);
    for (index, hostname) in config.hostnames.iter().enumerate() {
        let name = hostname.strip_prefix("*.").unwrap_or(hostname);
        let is_address = name.bytes().all(|b| b.is_ascii_digit() || b == b'.');
        if !syntax::is_domain(name) || is_address || hostname.len() > 253 {
            problems.add(
                at.key("hostnames").index(index),
                "must be the name of a host in lower case, as in `shop.example.com` or `*.example.com`",
            );
        }
    }
    let at = at.key("rules");
    at_most(MAX_RULES, config.rules.len(), &at, problems);
    let all: usize = config.rules.iter().map(|rule| rule.matches.len().max(1)).sum();
    at_most(MAX_MATCHES_OF_ALL, all, &at, problems);
    for (index, rule) in config.rules.iter().enumerate() {
        let at = at.index(index);
        if let Some(own) = &rule.backend {
            let at = at.key("backend");
            backend(own, &at, problems);
            if request.workload.is_null() {
                workload_is_missing(own, &at, problems);
            }
        }
        let at = at.key("matches");
        at_most(MAX_MATCHES, rule.matches.len(), &at, problems);
        for (index, wanted) in rule.matches.iter().enumerate() {
            let at = at.index(index);
            if let Some(wanted) = &wanted.path {
                path(wanted, &at.key("path").key("value"), problems);
            }
            headers(&wanted.headers, &at.key("headers"), problems);
        }
    }
}

fn platform(request: &Call, problems: &mut Problems) {
    let platform = &request.platform;
    syntax::check_labels(&platform.labels, &Pointer::platform().key("labels"), problems);
    let at = Pointer::platform().key("annotations");
    syntax::check_annotations(&platform.annotations, &at, problems);
    let at = Pointer::platform().key("parentRefs");
    if platform.parent_refs.is_empty() {
        problems.add(at.clone(), "a route needs a gateway: the workspace names none");
    }
    at_most(MAX_PARENTS, platform.parent_refs.len(), &at, problems);
    for (index, parent) in platform.parent_refs.iter().enumerate() {
        let at = at.index(index);
        let ParentRef { name, namespace, section_name } = parent;
        let named = [
            ("name", Some(name), syntax::is_domain as fn(&str) -> bool),
            ("namespace", namespace.as_ref(), syntax::is_dns_label),
            ("sectionName", section_name.as_ref(), syntax::is_domain),
        ];
        for (key, text, is_sound) in named {
            if text.is_some_and(|text| !is_sound(text)) {
                problems.add(at.key(key), "must be a name in lower case");
            }
        }
        let others = platform.parent_refs.iter().take(index);
        let is_same = |other: &ParentRef| {
            (other.name == *name && other.namespace == *namespace)
                && (section_name.is_none()
                    || other.section_name.is_none()
                    || other.section_name == *section_name)
        };
        if others.into_iter().any(is_same) {
            problems
                .add(at, "is named before; two listeners of one gateway need two `sectionName`s");
        }
    }
}

fn workload_is_missing(backend: &Backend, at: &Pointer, problems: &mut Problems) {
    if backend.service.is_none() {
        problems.add(at.clone(), "leads to the Service of a workload, and this app has none");
    }
}

fn backend(backend: &Backend, at: &Pointer, problems: &mut Problems) {
    if backend.port == 0 {
        problems.add(at.key("port"), "must be between 1 and 65535");
    }
    if !syntax::is_dns_label(&backend.network) {
        problems.add(at.key("network"), "must be the name of an accessory");
    }
    if backend.service.as_ref().is_some_and(|name| !syntax::is_dns_label(name)) {
        problems.add(at.key("service"), "no Service can have this name");
    }
}

fn path(wanted: &PathMatch, at: &Pointer, problems: &mut Problems) {
    let value = wanted.value.as_str();
    if value.len() > MAX_PATH {
        problems.add(at.clone(), format!("must have at most {MAX_PATH} bytes"));
    }
    if wanted.type_ == PathType::RegularExpression {
        if value.is_empty() {
            problems.add(at.clone(), "must not be empty");
        }
        return;
    }
    if !value.starts_with('/') {
        problems.add(at.clone(), "must begin with `/`");
    } else if !is_plain_path(value) {
        problems.add(
            at.clone(),
            "must be a path without empty parts, `.`, `..`, `#` and escaped slashes, of the characters that a URL can hold",
        );
    }
}

fn is_plain_path(path: &str) -> bool {
    let mut parts = path.split('/').skip(1).peekable();
    while let Some(part) = parts.next() {
        let is_last = parts.peek().is_none();
        if matches!(part, "." | "..") || (part.is_empty() && !is_last) || !is_escaped(part) {
            return false;
        }
    }
    true
}

/// Whether a part of a path holds only what may stand in a URL as it is, or escaped; no escaped slash.
fn is_escaped(part: &str) -> bool {
    let mut bytes = part.bytes();
    while let Some(byte) = bytes.next() {
        let is_sound = match byte {
            b'%' => {
                let digits = [bytes.next(), bytes.next()];
                let are_digits =
                    digits.iter().flatten().filter(|b| b.is_ascii_hexdigit()).count() == 2;
                are_digits && !matches!(digits, [Some(b'2'), Some(b'f' | b'F')])
            }
            _ => byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=:@".contains(&byte),
        };
        if !is_sound {
            return false;
        }
    }
    true
}

fn headers(headers: &[HeaderMatch], at: &Pointer, problems: &mut Problems) {
    at_most(MAX_HEADERS, headers.len(), at, problems);
    let mut seen = BTreeSet::new();
    for (index, header) in headers.iter().enumerate() {
        let at = at.index(index);
        let is_name = !header.name.is_empty()
            && header.name.len() <= MAX_HEADER_NAME
            && header
                .name
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b));
        if !is_name {
            problems.add(at.key("name"), "no header can have this name");
        } else if !seen.insert(header.name.to_ascii_lowercase()) {
            problems.add(at.key("name"), "is named before");
        }
        if header.value.is_empty() || header.value.chars().count() > MAX_HEADER_VALUE {
            problems.add(
                at.key("value"),
                format!("must have between 1 and {MAX_HEADER_VALUE} characters"),
            );
        }
    }
}

fn at_most(most: usize, found: usize, at: &Pointer, problems: &mut Problems) {
    if found > most {
        problems.add(at.clone(), format!("a route can have at most {most}, and there are {found}"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_those_that_the_definition_takes() {
        for path in ["/", "/a", "/a/", "/a/b-c_d~e", "/%20", "/a:b@c", "/..a", "/(a)"] {
            assert!(is_plain_path(path), "{path}");
        }
        for path in [
            "//", "/a//b", "/./a", "/a/..", "/a/.", "/a#b", "/a%2Fb", "/%2", "/%zz", "/ä", "/a b",
            "/a?b",
        ] {
            assert!(!is_plain_path(path), "{path}");
        }
    }
}
