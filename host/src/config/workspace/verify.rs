//! Whose signatures modules need, as a platform team writes it.

use std::path::{Path, PathBuf};

use super::module::local_path;
use crate::config::written::{IdentityBlock, VerifyBlock};
use crate::diagnostic::Problem;
use crate::source::{Location, Node};

/// Whose signatures certain modules need.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifyEntry {
    scope: String,
    keys: Vec<TrustedText>,
    identities: Vec<IdentityEntry>,
    trust_root: Option<TrustedText>,
    location: Location,
}

/// A public key or a trust root, or where it lies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TrustedText {
    /// The text itself.
    Inline {
        /// The text.
        text: String,
        /// Where it stands.
        location: Location,
    },
    /// A file.
    File {
        /// The absolute path.
        path: PathBuf,
        /// Where it is named.
        location: Location,
    },
}

/// Somebody whom an identity provider knows, with exactly one of the two forms of a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdentityEntry {
    /// The address of the provider.
    pub issuer: String,
    /// The name that it gives.
    pub subject: Option<String>,
    /// The beginning of such names.
    pub subject_prefix: Option<String>,
}

impl TrustedText {
    /// Returns where it stands or is named.
    pub fn location(&self) -> &Location {
        match self {
            Self::Inline { location, .. } | Self::File { location, .. } => location,
        }
    }

    fn file(&self) -> Option<(&Location, &Path)> {
        match self {
            Self::File { path, location } => Some((location, path)),
            Self::Inline { .. } => None,
        }
    }
}

impl VerifyEntry {
    /// Checks the list `verify`; `root` is the workspace's node.
    pub(super) fn read_all(
        root: &Node,
        written: Vec<VerifyBlock>,
        base: Option<&Path>,
        problems: &mut Vec<Problem>,
    ) -> Vec<Self> {
        let mut entries: Vec<Self> = Vec::new();
        for (index, block) in written.into_iter().enumerate() {
            let Some(entry) = Self::read(root, index, (block, base), problems) else { continue };
            if entries.iter().any(|other| other.scope == entry.scope) {
                let message = format!("a second entry for `{}`", entry.scope);
                let problem = Problem::at(entry.location, message);
                problems.push(problem.hint("write all keys and identities into one entry"));
                continue;
            }
            entries.push(entry);
        }
        entries
    }

    fn read(
        root: &Node,
        index: usize,
        (block, base): (VerifyBlock, Option<&Path>),
        problems: &mut Vec<Problem>,
    ) -> Option<Self> {
        let VerifyBlock { scope, keys, identities, trust_root } = block;
        let place = |pointer: &str| root.locate(&format!("/verify/{index}{pointer}")).clone();
        let before = problems.len();
        if keys.is_empty() && identities.is_empty() {
            let message = format!("nobody is named who signs `{scope}`");
            let problem = Problem::at(place("/match"), message);
            problems.push(problem.hint("give `keys`, or `identities` and a `trustRoot`"));
        }
        let key = |(number, text): (usize, String)| {
            let location = place(&format!("/keys/{number}"));
            trusted("key", "-----BEGIN", text, (base, location), problems)
        };
        let keys: Vec<_> = keys.into_iter().enumerate().filter_map(key).collect();
        for (number, identity) in identities.iter().enumerate() {
            if let Some(message) = wrong(identity) {
                let problem = Problem::at(place(&format!("/identities/{number}")), message);
                problems.push(
                    problem.hint("write `subject`, or the beginning of one as `subjectPrefix`"),
                );
            }
        }
        match (&trust_root, identities.is_empty()) {
            (None, false) => {
                let message = "`identities` need a `trustRoot`";
                let problem = Problem::at(place("/identities"), message);
                problems.push(problem.hint(
                    "name a file with Sigstore's trusted root, such as `cosign trusted-root create` writes",
                ));
            }
            (Some(_), true) => problems.push(Problem::at(
                root.locate_key(&format!("/verify/{index}/trustRoot")).clone(),
                "`trustRoot` goes with `identities`; keys need none",
            )),
            _ => {}
        }
        let trust_root = trust_root.and_then(|text| {
            trusted("trust root", "{", text, (base, place("/trustRoot")), problems)
        });
        let entry = |IdentityBlock { issuer, subject, subject_prefix }| IdentityEntry {
            issuer,
            subject,
            subject_prefix,
        };
        let identities = identities.into_iter().map(entry).collect();
        let location = place("/match");
        (problems.len() == before).then_some(Self { scope, keys, identities, trust_root, location })
    }

    /// Returns the modules that it is for, as written.
    pub fn scope(&self) -> &str {
        &self.scope
    }

    /// Returns where that is written.
    pub fn location(&self) -> &Location {
        &self.location
    }

    /// Returns the public keys that may sign.
    pub fn keys(&self) -> &[TrustedText] {
        &self.keys
    }

    /// Returns those who may sign with a certificate.
    pub fn identities(&self) -> &[IdentityEntry] {
        &self.identities
    }

    /// Returns whose certificates and logs are believed.
    pub fn trust_root(&self) -> Option<&TrustedText> {
        self.trust_root.as_ref()
    }

    /// Lists the files that it names, with the places where it does.
    pub(super) fn files(&self) -> impl Iterator<Item = (&Location, &Path)> {
        self.keys.iter().chain(&self.trust_root).filter_map(TrustedText::file)
    }
}

/// Tells a text from the path of a file that holds it.
fn trusted(
    what: &str,
    beginning: &str,
    text: String,
    (base, location): (Option<&Path>, Location),
    problems: &mut Vec<Problem>,
) -> Option<TrustedText> {
    if text.trim_start().starts_with(beginning) {
        return Some(TrustedText::Inline { text, location });
    }
    if text.trim().is_empty() {
        problems.push(Problem::at(location, format!("the path of a {what} is empty")));
        return None;
    }
    let path = local_path(what, &text, (base, &location), problems)?;
    Some(TrustedText::File { path, location })
}

/// Says what is wrong with an identity.
fn wrong(identity: &IdentityBlock) -> Option<&'static str> {
    let IdentityBlock { issuer, subject, subject_prefix } = identity;
    let is_empty = |text: &Option<String>| text.as_ref().is_some_and(|text| text.trim().is_empty());
    match (subject, subject_prefix) {
        _ if issuer.trim().is_empty() => Some("the `issuer` is empty"),
        _ if is_empty(subject) || is_empty(subject_prefix) => Some("the subject is empty"),
        (None, None) => Some("an identity needs a `subject`"),
        (Some(_), Some(_)) => Some("`subject` and `subjectPrefix` exclude each other"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::super::Workspace;
    use super::*;
    use crate::name::WorkspaceName;
    use crate::source::SourceFile;

    fn parse(text: &str, base: Option<&Path>) -> Result<Workspace, Vec<String>> {
        let name = WorkspaceName::parse("dev").unwrap();
        Workspace::parse(name, &SourceFile::new("dev.yaml", text), base).map_err(|error| {
            use crate::diagnostic::Diagnose as _;
            let line = |problem: &Problem| {
                let line = problem.location.as_ref().map_or(0, |location| location.line());
                format!("{line}: {}", problem.message)
            };
            error.problems().iter().map(line).collect()
        })
    }

    const GOOD: &str = "\
verify:
  - match: oci://r.example.com/team/*
    keys:
      - keys/team.pub
      - |
        -----BEGIN PUBLIC KEY-----
        AAAA
        -----END PUBLIC KEY-----
  - match: oci://ghcr.io/acme/*
    identities:
      - {issuer: https://i.example.com, subjectPrefix: https://github.com/acme/}
    trustRoot: ./trusted_root.json
";

    #[test]
    fn keys_and_trust_roots_are_texts_or_files() {
        let workspace = parse(GOOD, Some(Path::new("/ws"))).unwrap();
        let [team, acme] = workspace.verify() else { panic!("two entries") };
        assert_eq!(team.scope(), "oci://r.example.com/team/*");
        let file = |text: &TrustedText| match text {
            TrustedText::File { path, .. } => Some(path.clone()),
            TrustedText::Inline { .. } => None,
        };
        let keys: Vec<_> = team.keys().iter().map(file).collect();
        assert_eq!(keys, [Some(PathBuf::from("/ws/keys/team.pub")), None]);
        assert_eq!(acme.trust_root().and_then(file), Some(PathBuf::from("/ws/trusted_root.json")));
        assert_eq!(
            acme.identities()[0].subject_prefix.as_deref(),
            Some("https://github.com/acme/")
        );
        let stored = workspace.absolutise();
        assert!(stored.contains("      - /ws/keys/team.pub\n"), "{stored}");
        assert!(stored.contains("    trustRoot: /ws/trusted_root.json\n"), "{stored}");
        assert!(parse(&stored, None).is_ok());
        assert_eq!(parse(GOOD, None).unwrap_err().len(), 2);
    }

    #[test]
    fn everything_that_is_wrong_is_told_in_its_place() {
        let text = "\
verify:
  - {match: a/*}
  - match: b/*
    identities: [{issuer: i, subject: s}]
  - match: c/*
    keys: [k, '']
    trustRoot: t
  - match: d/*
    trustRoot: t
    identities: [{issuer: i}, {issuer: '', subject: s}, {issuer: i, subject: s, subjectPrefix: p}]
  - {match: e/*, keys: [k]}
  - {match: e/*, keys: [l]}
";
        let problems = parse(text, Some(Path::new("/"))).unwrap_err();
        assert_eq!(
            problems,
            [
                "2: nobody is named who signs `a/*`",
                "4: `identities` need a `trustRoot`",
                "6: the path of a key is empty",
                "7: `trustRoot` goes with `identities`; keys need none",
                "10: an identity needs a `subject`",
                "10: the `issuer` is empty",
                "10: `subject` and `subjectPrefix` exclude each other",
                "12: a second entry for `e/*`",
            ]
        );
        assert!(parse("verify:\n", None).is_err());
        assert!(parse("verify: []\n", None).is_ok());
    }
}
