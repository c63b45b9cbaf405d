//! How far a release has come.

use std::fmt;

use serde::{Deserialize, Serialize};

/// What a release does to a stack.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Operation {
    /// Makes the target as the Spec says.
    Apply,
    /// Removes all that the stack has.
    Destroy,
    /// Makes the target as the Spec of an earlier release says.
    Rollback,
}

impl Operation {
    /// Returns the phase in which a release of this operation begins.
    pub fn first_phase(self) -> Phase {
        match self {
            Self::Apply | Self::Rollback => Phase::Applying,
            Self::Destroy => Phase::Destroying,
        }
    }
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Apply => "apply",
            Self::Destroy => "destroy",
            Self::Rollback => "rollback",
        })
    }
}

/// How far a release has come.
///
/// A revision exists only once a change was approved, so a release begins as `applying` or
/// `destroying`; `generating` and `previewing` are read because other tools of this format write them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Phase {
    /// Resources are being computed.
    Generating,
    /// Changes are being shown.
    Previewing,
    /// Changes are being made.
    Applying,
    /// Resources are being deleted.
    Destroying,
    /// All changes were made.
    Succeeded,
    /// Some changes were not made.
    Failed,
}

impl Phase {
    /// Says whether nobody works on such a release any more.
    pub fn is_finished(self) -> bool {
        matches!(self, Self::Succeeded | Self::Failed)
    }

    /// Says whether a release in this phase can go over to another.
    pub fn can_become(self, next: Self) -> bool {
        match self {
            Self::Generating => matches!(next, Self::Previewing | Self::Failed),
            Self::Previewing => matches!(next, Self::Applying | Self::Destroying | Self::Failed),
            Self::Applying | Self::Destroying => next.is_finished(),
            Self::Succeeded | Self::Failed => false,
        }
    }
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Generating => "generating",
            Self::Previewing => "previewing",
            Self::Applying => "applying",
            Self::Destroying => "destroying",
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_finished_release_stays_as_it_is() {
        let all = [
            Phase::Generating,
            Phase::Previewing,
            Phase::Applying,
            Phase::Destroying,
            Phase::Succeeded,
            Phase::Failed,
        ];
        for next in all {
            assert!(!Phase::Succeeded.can_become(next) && !Phase::Failed.can_become(next));
            assert_eq!(Phase::Applying.can_become(next), next.is_finished());
            assert_eq!(serde_json::to_value(next).unwrap(), next.to_string());
        }
    }
}
