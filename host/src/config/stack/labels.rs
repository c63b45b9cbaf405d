//! Labels and annotations of an app: they stand on every object that is made for it, so what no object can have is told
//! where it was written.

use crate::diagnostic::Problem;
use crate::source::Node;

/// The most characters of a name, and of a label's value.
const MAX_NAME: usize = 63;
/// The most characters of the domain in front of a name.
const MAX_DOMAIN: usize = 253;

/// Checks the labels and annotations of an app.
pub(super) fn check(app: &Node, problems: &mut Vec<Problem>) {
    for (what, block) in [("label", "labels"), ("annotation", "annotations")] {
        for entry in app.get(block).into_iter().flat_map(Node::entries) {
            let key = entry.key.text.as_str();
            // The domain of an annotation may have upper case.
            let compared = if what == "label" { key.to_owned() } else { key.to_ascii_lowercase() };
            if !is_key(&compared) {
                let message = format!(
                    "`{key}` is no key of {what}s: letters, digits, `-`, `_` and `.`, at most {MAX_NAME}, with a domain \
                     and `/` in front if there is one"
                );
                problems.push(Problem::at(entry.key.location.clone(), message));
            }
            let value = entry.value.as_str().unwrap_or_default();
            if what == "label" && !value.is_empty() && !is_name(value) {
                let message = format!(
                    "`{value}` is no value of a label: letters, digits, `-`, `_` and `.`, with a letter or digit at both \
                     ends, at most {MAX_NAME}"
                );
                problems.push(Problem::at(entry.value.location().clone(), message));
            }
        }
    }
}

fn is_key(text: &str) -> bool {
    match text.split_once('/') {
        None => is_name(text),
        Some((domain, name)) => is_domain(domain) && is_name(name),
    }
}

fn is_name(text: &str) -> bool {
    let is_edge = |c: char| c.is_ascii_alphanumeric();
    text.len() <= MAX_NAME
        && text.starts_with(is_edge)
        && text.ends_with(is_edge)
        && text.chars().all(|c| is_edge(c) || matches!(c, '-' | '_' | '.'))
}

fn is_domain(text: &str) -> bool {
    let is_edge = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    let is_part = |part: &str| {
        part.starts_with(is_edge)
            && part.ends_with(is_edge)
            && part.chars().all(|c| is_edge(c) || c == '-')
    };
    text.len() <= MAX_DOMAIN && text.split('.').all(is_part)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::SourceFile;

    fn told(text: &str) -> Vec<String> {
        let node = crate::yaml::read(&SourceFile::new("app.yaml", text)).unwrap().remove(0);
        let mut problems = Vec::new();
        check(&node, &mut problems);
        let place = |problem: &Problem| {
            let at = problem.location.as_ref().unwrap();
            let said: String = problem.message.split(':').next().unwrap_or_default().to_owned();
            format!("{}:{}: {said}", at.line(), at.column())
        };
        problems.iter().map(place).collect()
    }

    #[test]
    fn what_kubernetes_takes_is_taken() {
        let long = "a".repeat(MAX_NAME);
        let text = format!(
            "labels: {{team: \"\", example.com/Team_1: A-1.b, {long}: {long}}}\nannotations: {{Example.com/x: any thing}}\n"
        );
        assert!(told(&text).is_empty(), "{:?}", told(&text));
    }

    #[test]
    fn what_it_does_not_take_is_told_in_its_place() {
        let text = "labels:\n  a b: c d\n  Example.com/x: -a\n  x/: y\nannotations:\n  /x: y\n";
        assert_eq!(
            told(text),
            [
                "2:3: `a b` is no key of labels",
                "2:8: `c d` is no value of a label",
                "3:3: `Example.com/x` is no key of labels",
                "3:18: `-a` is no value of a label",
                "4:3: `x/` is no key of labels",
                "6:3: `/x` is no key of annotations",
            ]
        );
    }
}
