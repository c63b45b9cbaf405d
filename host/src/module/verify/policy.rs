//! Whose signatures modules need.

use super::{Identity, PublicKey, TrustRoot};
use crate::module::registry::Repository;

/// The names of Docker's own registry.
const HUBS: [&str; 3] = ["docker.io", "index.docker.io", "registry-1.docker.io"];

/// Which modules a rule is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scope {
    /// Every module of every registry.
    All,
    /// Every module of a registry or namespace: its name with a slash at the end.
    Below(String),
    /// One module.
    One(Repository),
}

/// Says that a text names neither a registry nor a namespace nor a module.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` names neither a module nor all below a registry or namespace")]
pub struct ScopeError {
    /// The text.
    pub text: String,
}

impl std::str::FromStr for Scope {
    type Err = ScopeError;

    fn from_str(text: &str) -> Result<Self, ScopeError> {
        let refuse = || ScopeError { text: text.chars().take(300).collect() };
        let rest = text.strip_prefix("oci://").unwrap_or(text);
        if rest == "*" {
            return Ok(Self::All);
        }
        let Some(folder) = rest.strip_suffix("/*") else {
            return rest.parse().map(Self::One).map_err(|_| refuse());
        };
        // With a name below it, it must be that of a module.
        let module: Repository = format!("{folder}/m").parse().map_err(|_| refuse())?;
        let text = canonical(&module);
        Ok(Self::Below(text.strip_suffix('m').unwrap_or(&text).to_owned()))
    }
}

impl Scope {
    /// Returns whether both are for the same modules, in whatever way they are written.
    pub fn is_same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::One(one), Self::One(other)) => canonical(one) == canonical(other),
            _ => self == other,
        }
    }

    /// Returns how closely it describes a module that it is for; `None` if it is not for it.
    fn closeness(&self, repository: &Repository) -> Option<usize> {
        match self {
            Self::All => Some(0),
            Self::Below(folder) => {
                canonical(repository).starts_with(folder.as_str()).then_some(folder.len())
            }
            Self::One(one) => (canonical(one) == canonical(repository)).then_some(usize::MAX),
        }
    }
}

/// Names a repository in one way, so that no spelling of a registry escapes a rule.
fn canonical(repository: &Repository) -> String {
    let host = repository.registry().to_ascii_lowercase();
    let host = host.strip_suffix(":443").unwrap_or(&host);
    let host = if HUBS.contains(&host) { "docker.io" } else { host };
    format!("{host}/{}", repository.path())
}

/// Who may sign certain modules. One signature of one of them is enough.
#[derive(Debug, Clone)]
pub struct Rule {
    /// Which modules it is for.
    pub scope: Scope,
    /// The keys that may sign.
    pub keys: Vec<PublicKey>,
    /// Whoever else may sign, with a certificate.
    pub identities: Vec<Identity>,
    /// Whose certificates and logs are believed; without one no certificate is.
    pub trust_root: Option<TrustRoot>,
}

/// Whose signatures modules need.
#[derive(Debug, Clone, Default)]
pub struct SignaturePolicy {
    rules: Vec<Rule>,
}

impl SignaturePolicy {
    /// Makes a policy of rules; for a module the closest one decides alone.
    pub fn new(rules: Vec<Rule>) -> Self {
        Self { rules }
    }

    /// Returns the rule for a module; without one it needs no signature.
    pub fn rule(&self, repository: &Repository) -> Option<&Rule> {
        let close = |rule: &&Rule| rule.scope.closeness(repository);
        self.rules.iter().filter(|rule| close(rule).is_some()).max_by_key(close)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(scope: &str) -> Rule {
        let scope = scope.parse().unwrap();
        Rule { scope, keys: Vec::new(), identities: Vec::new(), trust_root: None }
    }

    #[test]
    fn the_closest_rule_decides() {
        let scopes =
            ["oci://r.example.com/*", "oci://r.example.com/team/*", "r.example.com/team/mysql"];
        let policy = SignaturePolicy::new(scopes.map(rule).into());
        for (repository, expected) in [
            ("oci://r.example.com/team/mysql", Some(2)),
            ("oci://r.example.com/team/mysql2", Some(1)),
            ("oci://r.example.com/team/a/b", Some(1)),
            ("oci://r.example.com/teams/a", Some(0)),
            ("oci://r.example.com/team", Some(0)),
            ("oci://R.example.com:443/team/mysql", Some(2)),
            ("oci://r.example.com:444/team/mysql", None),
            ("oci://r.example.com.evil/team/mysql", None),
        ] {
            let found = policy.rule(&repository.parse().unwrap()).map(|rule| rule.scope.clone());
            let expected = expected.map(|index: usize| scopes[index].parse().unwrap());
            assert_eq!(found, expected, "{repository}");
        }
        let hub = SignaturePolicy::new(vec![rule("docker.io/team/*")]);
        assert!(hub.rule(&"registry-1.docker.io/team/x".parse().unwrap()).is_some());
        let all = SignaturePolicy::new(vec![rule("*")]);
        assert!(all.rule(&"anywhere.example.com/x".parse().unwrap()).is_some());
        assert!(SignaturePolicy::default().rule(&"a/b".parse().unwrap()).is_none());
    }

    #[test]
    fn a_pattern_has_one_star_and_that_at_its_end() {
        for bad in [
            "",
            "/*",
            "oci://",
            "r.example.com",
            "r/te*",
            "r/*/mysql",
            "r/team/**",
            "*/x",
            "r/team/mysql:1.0.0",
        ] {
            assert!(bad.parse::<Scope>().is_err(), "{bad}");
        }
    }
}
