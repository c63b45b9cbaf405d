//! What a change does beside the values that differ.

use std::fmt;

use serde::Serialize;

/// How far a change reaches. A runtime knows it, and whoever approves a plan wants to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Grade {
    /// What runs pods changes in place, and none of them is started anew by it.
    NoRestart,
    /// Pods are replaced by new ones, as the workload's strategy says.
    RollingRestart,
    /// It cannot change in place, so it is deleted and made anew.
    Replace,
    /// Data may be lost with it.
    DataAtRisk,
    /// Somebody may do more than before.
    PermissionGained,
}

impl fmt::Display for Grade {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::NoRestart => "no restart",
            Self::RollingRestart => "rolling restart",
            Self::Replace => "replace",
            Self::DataAtRisk => "data at risk",
            Self::PermissionGained => "permission gained",
        })
    }
}
