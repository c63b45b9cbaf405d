//! Fields that somebody else manages, as a server-side apply reports them.

use std::fmt;

use crate::runtime::kubernetes::cluster::objects::{HEIR, MANAGED_BY};
use crate::runtime::kubernetes::cluster::wire::{Cause, Refusal};

/// A field that we want to set and somebody else manages with another value.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct FieldConflict {
    /// The field, as a plan names it: `spec.template.spec.containers[main].image`.
    pub field: String,
    /// Who manages it, such as `kubectl-edit`.
    pub manager: String,
    /// By way of which subresource, such as `scale`.
    pub subresource: Option<String>,
    /// Whether it was applied, which means that its manager goes on wanting it; otherwise it was set once.
    pub applied: bool,
    /// When it was set, RFC 3339, if the server knows.
    pub set_at: Option<String>,
}

impl FieldConflict {
    /// Reads a cause of a refusal, `None` if it is about something else.
    pub(crate) fn read(cause: &Cause) -> Option<Self> {
        if cause.reason != "FieldManagerConflict" {
            return None;
        }
        let rest = cause.message.strip_prefix("conflict with ")?;
        let (manager, rest) = quoted(rest)?;
        let (subresource, rest) = match rest.trim_start().strip_prefix("with subresource ") {
            Some(rest) => quoted(rest).map(|(name, rest)| (Some(name), rest))?,
            None => (None, rest),
        };
        let set = rest.trim_start().strip_prefix("using ");
        let set_at = set.and_then(|set| set.rsplit_once(" at "));
        let set_at = set_at.map(|(_, time)| time.trim().to_owned());
        let (field, applied) = (path(&cause.field), set.is_none());
        Some(Self { field, manager, subresource, applied, set_at })
    }

    /// Returns whether the field says which tool manages the object: whoever adopts it takes that over.
    pub(crate) fn is_mark(&self) -> bool {
        self.field.starts_with("metadata.labels") && self.field.contains(MANAGED_BY)
    }

    /// Returns whether somebody set the field once by hand, with a tool that does not come back to it.
    pub(crate) fn is_by_hand(&self) -> bool {
        is_by_hand(&self.manager, self.applied)
    }
}

/// Returns whether a manager sets a field once by hand and does not come back to it.
pub(crate) fn is_by_hand(manager: &str, applied: bool) -> bool {
    // `kubectl scale` is `kubectl`, other commands add their name; applying is not done once.
    let by_hand = manager == "kubectl" || manager.starts_with("kubectl-");
    // What we handed over, nobody came for.
    manager == HEIR || (by_hand && !applied && manager != "kubectl-client-side-apply")
}

impl Refusal {
    /// Lists the fields that belong to somebody else; empty if that is not what is wrong.
    pub(crate) fn conflicts(&self) -> Vec<FieldConflict> {
        if self.code != 409 {
            return Vec::new();
        }
        self.causes.iter().filter_map(FieldConflict::read).collect()
    }
}

impl fmt::Display for FieldConflict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { field, manager, subresource, set_at, .. } = self;
        write!(f, "`{field}` is managed by `{manager}`")?;
        if let Some(subresource) = subresource {
            write!(f, " through `{subresource}`")?;
        }
        match set_at {
            Some(time) => write!(f, " since {time}"),
            None => Ok(()),
        }
    }
}

/// Takes a text in Go's quotes off the beginning.
fn quoted(text: &str) -> Option<(String, &str)> {
    let text = text.trim_start();
    let mut values = serde_json::Deserializer::from_str(text).into_iter::<String>();
    let first = values.next()?.ok()?;
    Some((first, text.get(values.byte_offset()..)?))
}

/// Members whose own members can have any name, which then is the rest of a path, dots and all.
const MAPS: [&str; 7] =
    ["labels", "annotations", "matchLabels", "nodeSelector", "selector", "limits", "requests"];
/// The same, of the object itself only.
const OWN_MAPS: [&str; 3] = ["data", "stringData", "binaryData"];

/// Writes a field of a refusal as a plan writes it: `.spec.containers[name="main"].image` is
/// `spec.containers[main].image`, and `.metadata.labels.example.com/a` is `metadata.labels["example.com/a"]`.
pub(crate) fn path(field: &str) -> String {
    let named = items_by_name(field);
    for (end, _) in named.match_indices(['.', '[']) {
        let (map, rest) = named.split_at(end);
        let last = map.rsplit(['.', '[', ']']).next().unwrap_or_default();
        if !MAPS.contains(&last) && !OWN_MAPS.contains(&map) {
            continue;
        }
        let inner = rest.strip_prefix('[').map(|rest| rest.strip_suffix(']'));
        let Some(key) = inner.unwrap_or_else(|| rest.strip_prefix('.')) else { continue };
        let key = key.trim_matches('"');
        // A list of this name, whose items have members.
        if key.contains(']') {
            continue;
        }
        if last == "selector" && key.starts_with("match") {
            continue;
        }
        let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
        if !key.is_empty() && key.chars().all(is_plain) {
            return format!("{map}.{key}");
        }
        return format!("{map}[{}]", serde_json::Value::from(key));
    }
    named
}

fn items_by_name(field: &str) -> String {
    let field = field.strip_prefix('.').unwrap_or(field);
    let mut path = String::with_capacity(field.len());
    let mut rest = field;
    while let Some((before, after)) = rest.split_once("[name=\"") {
        path.push_str(before);
        let Some((name, after)) = after.split_once("\"]") else {
            path.push_str("[name=\"");
            rest = after;
            continue;
        };
        path.push_str(&format!("[{name}]"));
        rest = after;
    }
    path.push_str(rest);
    path
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(message: &str, field: &str) -> Option<FieldConflict> {
        FieldConflict::read(&Cause {
            reason: "FieldManagerConflict".to_owned(),
            message: message.to_owned(),
            field: field.to_owned(),
        })
    }

    #[test]
    fn the_key_of_a_map_is_written_as_in_a_plan() {
        for (field, expected) in [
            (".metadata.labels.tier", "metadata.labels.tier"),
            (".metadata.labels.example.com/a", "metadata.labels[\"example.com/a\"]"),
            ("metadata.annotations[example.com/a]", "metadata.annotations[\"example.com/a\"]"),
            ("metadata.annotations[\"a.b\"]", "metadata.annotations[\"a.b\"]"),
            ("metadata.labels", "metadata.labels"),
            (".spec.selector.matchLabels.a.b/c", "spec.selector.matchLabels[\"a.b/c\"]"),
            (".spec.selector.a.b/c", "spec.selector[\"a.b/c\"]"),
            (".spec.selector.matchExpressions[0].key", "spec.selector.matchExpressions[0].key"),
            (
                ".spec.template.spec.containers[name=\"main\"].resources.limits.nvidia.com/gpu",
                "spec.template.spec.containers[main].resources.limits[\"nvidia.com/gpu\"]",
            ),
            ("spec.containers[0].resources.limits[cpu]", "spec.containers[0].resources.limits.cpu"),
            ("spec.limits[0].max[cpu]", "spec.limits[0].max[cpu]"),
            ("spec.devices.requests[0].selectors[0]", "spec.devices.requests[0].selectors[0]"),
            (".data.app.properties", "data[\"app.properties\"]"),
            (".spec.data.inner.field", "spec.data.inner.field"),
        ] {
            assert_eq!(path(field), expected, "{field}");
        }
    }

    #[test]
    fn manager_subresource_and_time_are_read() {
        let image = ".spec.template.spec.containers[name=\"main\"].image";
        let cases = [
            (
                "conflict with \"kubectl-edit\" using apps/v1 at 2026-11-23T01:02:03Z",
                "`spec.template.spec.containers[main].image` is managed by `kubectl-edit` since 2026-11-23T01:02:03Z",
            ),
            (
                "conflict with \"hpa\" with subresource \"scale\" using apps/v1 at 2026-11-23T01:02:03Z",
                "`spec.template.spec.containers[main].image` is managed by `hpa` through `scale` since 2026-11-23T01:02:03Z",
            ),
            (
                "conflict with \"argo cd at home\"",
                "`spec.template.spec.containers[main].image` is managed by `argo cd at home`",
            ),
        ];
        for (message, expected) in cases {
            assert_eq!(read(message, image).unwrap().to_string(), expected);
        }
    }

    #[test]
    fn what_is_no_conflict_is_left_out() {
        assert_eq!(read("conflict", ".spec"), None);
        assert_eq!(read("conflict with kubectl", ".spec"), None);
        let other = Cause { reason: "FieldValueInvalid".to_owned(), ..Cause::default() };
        assert_eq!(FieldConflict::read(&other), None);
    }

    #[test]
    fn what_names_the_managing_tool_goes_over_with_an_adoption() {
        let is_mark = |field: &str| {
            let message = "conflict with \"helm\" using v1 at 2026-11-23T01:02:03Z";
            read(message, field).unwrap().is_mark()
        };
        assert!(is_mark(".metadata.labels.app.kubernetes.io/managed-by"));
        assert!(!is_mark(".metadata.labels.app.kubernetes.io/name"));
        assert!(!is_mark(".spec.selector.app.kubernetes.io/managed-by"));
    }

    #[test]
    fn a_change_by_hand_is_told_from_a_manager_that_comes_back() {
        let by_hand = |message: &str| read(message, ".spec.replicas").unwrap().is_by_hand();
        assert!(by_hand("conflict with \"kubectl-edit\" using apps/v1 at 2026-11-23T01:02:03Z"));
        assert!(by_hand("conflict with \"kubectl\" with subresource \"scale\" using apps/v1"));
        assert!(!by_hand("conflict with \"kubectl\""));
        assert!(!by_hand(
            "conflict with \"kubectl-client-side-apply\" using v1 at 2026-11-23T01:02:03Z"
        ));
        assert!(!by_hand(
            "conflict with \"kube-controller-manager\" with subresource \"scale\" using apps/v1 at 2026-11-23T01:02:03Z"
        ));
    }

    #[test]
    fn fields_are_written_as_plans_write_them() {
        let cases = [
            (".spec.replicas", "spec.replicas"),
            (".data.key", "data.key"),
            (
                ".spec.template.spec.containers[name=\"main\"].env[name=\"A\"].value",
                "spec.template.spec.containers[main].env[A].value",
            ),
            (
                ".spec.ports[port=80,protocol=\"TCP\"].targetPort",
                "spec.ports[port=80,protocol=\"TCP\"].targetPort",
            ),
            ("spec.x[name=\"open", "spec.x[name=\"open"),
        ];
        for (field, expected) in cases {
            assert_eq!(path(field), expected);
        }
    }
}
