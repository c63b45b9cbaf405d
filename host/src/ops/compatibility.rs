//! Which changes of a module break those who use it, and which version numbers say so.
//!
//! Pure. A version number that the requirement `^old` admits promises that whatever worked goes on working; a
//! workspace that asks for `^0.2` gets it without looking.

use std::collections::BTreeSet;
use std::fmt;

use semver::{Comparator, Op, Version};
use serde_json::Value;

use crate::config::{Narrowing, narrowings};

/// What those who use a module rely on.
#[derive(Debug, Clone, PartialEq)]
pub struct Promise {
    /// `workload`, `accessory`, or another kind.
    pub kind: String,
    /// The interfaces that it exports, with their versions.
    pub exports: Vec<String>,
    /// The types of resources that it can make; `None` if nobody wrote them down.
    pub resource_types: Option<Vec<String>>,
    /// What a developer may write.
    pub developer_schema: Value,
    /// What the platform team may write.
    pub platform_schema: Value,
}

/// Something that a module promised and does not keep.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Break {
    /// It has another kind, and so another place in an app.
    Kind {
        /// The kind that it had.
        from: String,
        /// The kind that it has.
        to: String,
    },
    /// A host that could run it cannot any more.
    Interface(String),
    /// It makes resources of a type no more.
    ResourceType(String),
    /// It accepts less in an app.
    Developer(Narrowing),
    /// It accepts less in a workspace.
    Platform(Narrowing),
}

impl fmt::Display for Break {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let input =
            |f: &mut fmt::Formatter<'_>, whose: &str, Narrowing { path, what }: &Narrowing| {
                if path.is_empty() {
                    write!(f, "the {whose} input {what}")
                } else {
                    write!(f, "the {whose} input `{path}` {what}")
                }
            };
        match self {
            Self::Kind { from, to } => write!(f, "its kind is `{to}` instead of `{from}`"),
            Self::Interface(name) => write!(f, "it does not export `{name}` any more"),
            Self::ResourceType(name) => write!(f, "it does not make `{name}` any more"),
            Self::Developer(narrowing) => input(f, "developer", narrowing),
            Self::Platform(narrowing) => input(f, "platform", narrowing),
        }
    }
}

/// Lists what was promised and is not kept, sorted.
pub(super) fn breaks(old: &Promise, new: &Promise) -> Vec<Break> {
    let mut found = Vec::new();
    if old.kind != new.kind {
        found.push(Break::Kind { from: old.kind.clone(), to: new.kind.clone() });
    }
    let offered = series(&new.exports);
    found.extend(series(&old.exports).difference(&offered).cloned().map(Break::Interface));
    if let (Some(old), Some(new)) = (&old.resource_types, &new.resource_types) {
        let gone = old.iter().filter(|name| !new.contains(name));
        found.extend(gone.cloned().map(Break::ResourceType));
    }
    let developer = narrowings(&old.developer_schema, &new.developer_schema);
    found.extend(developer.into_iter().map(Break::Developer));
    let platform = narrowings(&old.platform_schema, &new.platform_schema);
    found.extend(platform.into_iter().map(Break::Platform));
    found.sort();
    found
}

/// Returns whether whoever asks for `^old` gets `new`.
pub(super) fn promises(old: &Version, new: &Version) -> bool {
    let caret = Comparator {
        op: Op::Caret,
        major: old.major,
        minor: Some(old.minor),
        patch: Some(old.patch),
        pre: old.pre.clone(),
    };
    caret.matches(new)
}

/// Returns the published versions next to one, below and above, that whoever uses it may have used before or get
/// later. One that is marked as not final promises nothing, and is promised nothing.
pub(super) fn neighbours<'a>(
    published: &'a [Version],
    version: &Version,
) -> (Option<&'a Version>, Option<&'a Version>) {
    if !version.pre.is_empty() {
        return (None, None);
    }
    let finals = || published.iter().filter(|other| other.pre.is_empty());
    let below = finals().filter(|other| *other < version && promises(other, version)).max();
    let above = finals().filter(|other| *other > version && promises(version, other)).min();
    (below, above)
}

/// Returns the least version that promises nothing of this one.
pub(super) fn next_breaking(version: &Version) -> Version {
    match (version.major, version.minor) {
        (0, 0) => Version::new(0, 0, version.patch + 1),
        (0, minor) => Version::new(0, minor + 1, 0),
        (major, _) => Version::new(major + 1, 0, 0),
    }
}

/// Returns the interfaces with as much of their versions as decides whether a host can serve them.
fn series(exports: &[String]) -> BTreeSet<String> {
    let series = |export: &String| {
        let (name, version) = export.split_once('@')?;
        let version = Version::parse(version).ok()?;
        let series = match (version.major, version.minor) {
            (0, 0) => version.to_string(),
            (0, minor) => format!("0.{minor}"),
            (major, _) => major.to_string(),
        };
        Some(format!("{name}@{series}"))
    };
    exports.iter().filter_map(series).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn promise() -> Promise {
        let of = |name: &str| json!({"type": "object", "properties": {name: {"enum": ["a", "b"]}}});
        Promise {
            kind: "accessory".to_owned(),
            exports: vec!["kusion:module/generator@0.1.0".to_owned()],
            resource_types: Some(vec!["v1:Service".to_owned(), "v1:Secret".to_owned()]),
            developer_schema: of("dev"),
            platform_schema: of("plat"),
        }
    }

    fn told(old: &Promise, new: &Promise) -> Vec<String> {
        breaks(old, new).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn what_is_kept_is_no_break() {
        let mut new = promise();
        assert_eq!(told(&promise(), &new), Vec::<String>::new());
        new.exports = ["0.1.3", "0.2.0"].map(|v| format!("kusion:module/generator@{v}")).into();
        new.resource_types = Some(["v1:Pod", "v1:Secret", "v1:Service"].map(str::to_owned).into());
        new.developer_schema = json!(true);
        assert_eq!(told(&promise(), &new), Vec::<String>::new());
        new.resource_types = None;
        assert_eq!(told(&promise(), &new), Vec::<String>::new());
    }

    #[test]
    fn every_break_is_named() {
        let new = Promise {
            kind: "workload".to_owned(),
            exports: vec!["kusion:module/generator@0.2.0".to_owned()],
            resource_types: Some(vec!["v1:Secret".to_owned()]),
            developer_schema: json!({"type": "object", "properties": {"dev": {"enum": ["a"]}}}),
            platform_schema: json!({"type": "object", "required": ["x"], "properties": {"x": {}}}),
        };
        assert_eq!(
            told(&promise(), &new),
            [
                "its kind is `workload` instead of `accessory`",
                "it does not export `kusion:module/generator@0.1` any more",
                "it does not make `v1:Service` any more",
                "the developer input `dev` does not accept `b` any more",
                "the platform input `plat` is not known any more",
                "the platform input `x` is required now",
            ]
        );
    }

    #[test]
    fn a_version_is_compared_with_those_next_to_it() {
        let versions = |texts: &[&str]| -> Vec<Version> {
            texts.iter().map(|text| text.parse().unwrap()).collect()
        };
        let published = versions(&[
            "0.1.0",
            "0.1.4",
            "0.2.0",
            "1.0.0-rc.1",
            "1.0.0",
            "1.2.0",
            "1.4.0",
            "2.0.0",
        ]);
        for (version, below, above) in [
            ("0.1.2", Some("0.1.0"), Some("0.1.4")),
            ("0.1.5", Some("0.1.4"), None),
            ("0.3.0", None, None),
            ("1.2.1", Some("1.2.0"), Some("1.4.0")),
            ("1.3.0-rc.1", None, None),
            ("2.0.1", Some("2.0.0"), None),
            ("3.0.0", None, None),
            ("0.0.1", None, None),
        ] {
            let found = neighbours(&published, &version.parse().unwrap());
            let text = |version: Option<&Version>| version.map(ToString::to_string);
            let expected = (below.map(str::to_owned), above.map(str::to_owned));
            assert_eq!((text(found.0), text(found.1)), expected, "{version}");
        }
    }

    #[test]
    fn the_next_version_that_may_break() {
        for (version, next) in [("0.0.3", "0.0.4"), ("0.1.4", "0.2.0"), ("1.2.3", "2.0.0")] {
            let (version, next) = (version.parse().unwrap(), next.parse().unwrap());
            assert_eq!(next_breaking(&version), next);
            assert!(!promises(&version, &next));
        }
    }
}
