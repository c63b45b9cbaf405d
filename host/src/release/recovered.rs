//! What a recovery found, in words.

use std::fmt;

use jiff::Timestamp;
use serde::Serialize;

use crate::release::Operation;

/// What an interrupted run left and the next one put on record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Recovered {
    /// The interrupted release, now failed.
    pub revision: u64,
    /// What it did.
    pub operation: Operation,
    /// Who had begun it.
    pub actor: String,
    /// When it had begun.
    pub since: Timestamp,
    /// How many resources it had begun to change.
    pub resources: usize,
    /// How many of them are known to be as the release wanted them.
    pub confirmed: usize,
    /// How many of them may or may not have been changed; the next plan looks at each.
    pub uncertain: usize,
}

impl fmt::Display for Recovered {
    /// Says it in one sentence, without a full stop.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { revision, operation, actor, since, resources, confirmed, uncertain } = self;
        let (noun, article) = match operation {
            Operation::Apply => ("apply", "an"),
            Operation::Destroy => ("destroy", "a"),
            Operation::Rollback => ("rollback", "a"),
        };
        match resources {
            0 => write!(f, "Recovered")?,
            1 => write!(f, "Recovered 1 resource of")?,
            _ => write!(f, "Recovered {resources} resources of")?,
        }
        write!(
            f,
            " release {revision}, {article} {noun} that {actor} began at {since:.0} and did not finish: "
        )?;
        match (confirmed, uncertain) {
            (0, 0) => f.write_str("nothing had been changed"),
            (_, 0) => f.write_str("all confirmed"),
            (0, _) => f.write_str("all uncertain"),
            _ => write!(f, "{confirmed} confirmed, {uncertain} uncertain"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_recovery_explains_itself() {
        let recovered = |confirmed, uncertain| Recovered {
            revision: 4,
            operation: Operation::Apply,
            actor: "alice@build-7".to_owned(),
            since: "2025-11-22T12:03:00.123Z".parse().unwrap(),
            resources: confirmed + uncertain,
            confirmed,
            uncertain,
        };
        let release = "release 4, an apply that alice@build-7 began at 2025-11-22T12:03:00Z and did not finish";
        for (confirmed, uncertain, begin, end) in [
            (2, 1, "Recovered 3 resources of", "2 confirmed, 1 uncertain"),
            (1, 0, "Recovered 1 resource of", "all confirmed"),
            (0, 2, "Recovered 2 resources of", "all uncertain"),
            (0, 0, "Recovered", "nothing had been changed"),
        ] {
            assert_eq!(
                recovered(confirmed, uncertain).to_string(),
                format!("{begin} {release}: {end}")
            );
        }
    }
}
