//! From what a workspace says about signatures to a policy that decides.

use std::io::Read as _;
use std::path::Path;

use fs_err as fs;

use crate::config::{IdentityEntry, TrustedText, VerifyEntry, Workspace};
use crate::diagnostic::Problem;
use crate::module::verify::{
    Identity, PublicKey, Rule, Scope, SignaturePolicy, Subject, TrustRoot,
};
use crate::ops::OpsError;

/// The most bytes of a key or a trust root; Sigstore's own has some thousand.
const MAX_SIZE: u64 = 1 << 20;

/// Reads the keys and trust roots that a workspace names, and makes the policy of it.
///
/// # Errors
///
/// A file cannot be read or is something else, or a pattern names nothing; all places at once. A policy that cannot be
/// read lets nothing pass.
pub fn signature_policy(workspace: &Workspace) -> Result<SignaturePolicy, OpsError> {
    let mut problems = Vec::new();
    let mut rules: Vec<Rule> = Vec::new();
    for entry in workspace.verify() {
        let Some(rule) = rule(entry, &mut problems) else { continue };
        if rules.iter().any(|other| other.scope.is_same(&rule.scope)) {
            let message = format!("`{}` says the same as an entry above", entry.scope());
            let problem = Problem::at(entry.location().clone(), message);
            problems.push(problem.hint("put the keys and identities of both into one entry"));
        }
        rules.push(rule);
    }
    if problems.is_empty() {
        Ok(SignaturePolicy::new(rules))
    } else {
        Err(OpsError::Invalid { problems })
    }
}

fn rule(entry: &VerifyEntry, problems: &mut Vec<Problem>) -> Option<Rule> {
    let scope = entry.scope().parse::<Scope>().map_err(|error| {
        let problem = Problem::at(entry.location().clone(), error.to_string());
        problems.push(problem.hint(
            "write `oci://registry.example.com/team/*` for all below it, or the name of one module",
        ));
    });
    let mut keys = Vec::new();
    for key in entry.keys() {
        let read = read(key, problems);
        keys.push(read.and_then(|text| noted(key, PublicKey::from_pem(&text), problems)));
    }
    let trust_root = match entry.trust_root() {
        None => Some(None),
        Some(root) => {
            let read = read(root, problems);
            read.and_then(|text| noted(root, TrustRoot::from_json(&text), problems)).map(Some)
        }
    };
    let identities = entry.identities().iter().filter_map(identity).collect();
    Some(Rule {
        scope: scope.ok()?,
        keys: keys.into_iter().collect::<Option<_>>()?,
        identities,
        trust_root: trust_root?,
    })
}

fn identity(entry: &IdentityEntry) -> Option<Identity> {
    let subject = match (&entry.subject, &entry.subject_prefix) {
        (Some(subject), _) => Subject::Exact(subject.clone()),
        (None, Some(prefix)) => Subject::Prefix(prefix.clone()),
        (None, None) => return None,
    };
    Some(Identity { issuer: entry.issuer.clone(), subject })
}

fn read(text: &TrustedText, problems: &mut Vec<Problem>) -> Option<String> {
    match text {
        TrustedText::Inline { text, .. } => Some(text.clone()),
        TrustedText::File { path, location } => match read_file(path) {
            Ok(text) => Some(text),
            Err(error) => {
                let message = format!("cannot read `{}`: {error}", path.display());
                problems.push(Problem::at(location.clone(), message));
                None
            }
        },
    }
}

fn read_file(path: &Path) -> Result<String, String> {
    let plain = |error: std::io::Error| match error.kind() {
        std::io::ErrorKind::NotFound => "there is no such file".to_owned(),
        std::io::ErrorKind::InvalidData => "it is no text".to_owned(),
        kind => kind.to_string(),
    };
    let mut text = String::new();
    let file = fs::File::open(path).map_err(plain)?;
    file.take(MAX_SIZE + 1).read_to_string(&mut text).map_err(plain)?;
    if text.len() as u64 > MAX_SIZE {
        return Err("it is too long".to_owned());
    }
    Ok(text)
}

fn noted<T, E: std::fmt::Display>(
    text: &TrustedText,
    read: Result<T, E>,
    problems: &mut Vec<Problem>,
) -> Option<T> {
    let note = |error: E| {
        let message = match text {
            TrustedText::Inline { .. } => error.to_string(),
            TrustedText::File { path, .. } => format!("`{}`: {error}", path.display()),
        };
        problems.push(Problem::at(text.location().clone(), message));
    };
    read.map_err(note).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::name::WorkspaceName;
    use crate::source::SourceFile;

    const KEY: &str = "-----BEGIN PUBLIC KEY-----
MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEaxfR8uEsQkf4vOblY6RA8ncDfYEt
6zOg9KE5RdiYwpZP40Li/hp/m47n60p8D54WK84zV2sxXs7LtkBoN79R9Q==
-----END PUBLIC KEY-----
";

    fn policy(text: &str, base: &Path) -> Result<SignaturePolicy, Vec<String>> {
        let name = WorkspaceName::parse("dev").unwrap();
        let file = SourceFile::new("dev.yaml", text);
        let workspace = Workspace::parse(name, &file, Some(base)).unwrap();
        signature_policy(&workspace).map_err(|error| match error {
            OpsError::Invalid { problems } => {
                problems.into_iter().map(|problem| problem.message).collect()
            }
            error => vec![error.to_string()],
        })
    }

    #[test]
    fn keys_are_read_from_files_and_from_the_text() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("team.pub"), KEY).unwrap();
        let inline = KEY.replace('\n', "\n        ");
        let text = format!(
            "verify:\n  - match: r.example.com/*\n    keys:\n      - team.pub\n      - |\n        {inline}"
        );
        let policy = policy(&text, folder.path()).unwrap();
        let rule = policy.rule(&"r.example.com/a".parse().unwrap()).unwrap();
        assert_eq!(rule.keys.len(), 2);
        assert_eq!(rule.keys[0], rule.keys[1]);
    }

    #[test]
    fn two_spellings_of_one_place_are_told() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("team.pub"), KEY).unwrap();
        let text = "verify:
  - {match: oci://r.example.com/team/*, keys: [team.pub]}
  - {match: R.example.com:443/team/*, keys: [team.pub]}
  - {match: r.example.com/team/mysql, keys: [team.pub]}
  - {match: r.example.com:443/team/mysql, keys: [team.pub]}
";
        assert_eq!(
            policy(text, folder.path()).unwrap_err(),
            ["`R.example.com:443/team/*`", "`r.example.com:443/team/mysql`"]
                .map(|text| format!("{text} says the same as an entry above"))
        );
    }

    #[test]
    fn a_policy_that_cannot_be_read_is_no_policy() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("root.json"), "{}").unwrap();
        let private = KEY.replace("PUBLIC", "PRIVATE");
        fs::write(folder.path().join("team.key"), private).unwrap();
        let text = "verify:
  - {match: '*.example.com', keys: [gone.pub, team.key]}
  - match: b/*
    identities: [{issuer: i, subject: s}]
    trustRoot: root.json
";
        let path = |name: &str| folder.path().join(name).display().to_string();
        let problems = policy(text, folder.path()).unwrap_err();
        assert_eq!(problems.len(), 4, "{problems:#?}");
        assert_eq!(
            problems[0],
            "`*.example.com` names neither a module nor all below a registry or namespace"
        );
        assert_eq!(
            problems[1],
            format!("cannot read `{}`: there is no such file", path("gone.pub"))
        );
        assert_eq!(
            problems[2],
            format!(
                "`{}`: it is no public key: it is a private key, which nobody but the signer needs",
                path("team.key")
            )
        );
        let root = format!("`{}`: it is no trust root of Sigstore: ", path("root.json"));
        assert!(problems[3].starts_with(&root), "{}", problems[3]);
    }
}
