//! What is known about an object that does not work, for people and for programs.

use std::fmt;

use serde::Serialize;

use crate::runtime::kubernetes::readiness::{ReportedCondition, Trouble};

/// What is known about an object that does not work, beside the reason.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Explanation {
    /// The condition that says most about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub condition: Option<ReportedCondition>,
    /// The pods behind it that do not work, those of its newest version first; a few of them.
    pub pods: Vec<TroubledPod>,
    /// How many more pods do not work.
    pub more_pods: usize,
    /// The last warnings about it and its pods, newest last; a few of them.
    pub events: Vec<Warning>,
}

/// A pod that does not work.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TroubledPod {
    /// Its name.
    pub name: String,
    /// What keeps it from working.
    #[serde(flatten)]
    pub trouble: Trouble,
}

/// A warning that the cluster wrote about an object.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Warning {
    /// The kind of the object it is about.
    pub kind: String,
    /// The name of the object it is about; if several were warned of alike, of one of them.
    pub name: String,
    /// A word for programs.
    pub reason: String,
    /// For people.
    pub message: String,
    /// How often it happened.
    pub count: u64,
    /// When it last happened, as the server writes it.
    pub last: String,
}

impl Explanation {
    /// Returns a text for each thing that is known and that `said` does not say already. Parts of them were
    /// written by others.
    pub fn lines(&self, said: &str) -> Vec<String> {
        let condition = self.condition.as_ref().map(ToString::to_string);
        let is_new = |condition: &ReportedCondition| {
            condition.message.as_ref().is_none_or(|message| !said.contains(message))
        };
        let condition = condition.filter(|_| self.condition.as_ref().is_some_and(is_new));
        let mut lines: Vec<String> =
            condition.into_iter().map(|condition| format!("condition {condition}")).collect();
        lines.extend(self.pods.iter().map(ToString::to_string));
        match self.more_pods {
            0 => {}
            1 => lines.push("1 more pod does not work".to_owned()),
            more => lines.push(format!("{more} more pods do not work")),
        }
        lines.extend(self.events.iter().map(ToString::to_string));
        lines
    }
}

impl fmt::Display for ReportedCondition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { kind, status, reason, message } = self;
        write!(f, "{kind} is {status}")?;
        [reason, message].into_iter().flatten().try_for_each(|text| write!(f, ": {text}"))
    }
}

impl fmt::Display for TroubledPod {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "pod `{}`: {}", self.name, self.trouble)
    }
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { kind, name, reason, message, count, .. } = self;
        write!(f, "warning {reason}: {message} ({kind} `{name}`")?;
        if *count > 1 {
            write!(f, ", {count} times")?;
        }
        f.write_str(")")
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn explanation() -> Explanation {
        let trouble = Trouble {
            container: Some("main".to_owned()),
            reason: "CrashLoopBackOff".to_owned(),
            exit_code: Some(137),
            restarts: 4,
            ..Trouble::default()
        };
        Explanation {
            condition: Some(ReportedCondition {
                kind: "Available".to_owned(),
                status: "False".to_owned(),
                reason: Some("MinimumReplicasUnavailable".to_owned()),
                message: Some("Deployment does not have minimum availability".to_owned()),
            }),
            pods: vec![TroubledPod { name: "x-1".to_owned(), trouble }],
            more_pods: 2,
            events: vec![Warning {
                kind: "Pod".to_owned(),
                name: "x-1".to_owned(),
                reason: "BackOff".to_owned(),
                message: "Back-off restarting failed container".to_owned(),
                count: 12,
                last: "2026-01-01T00:00:00Z".to_owned(),
            }],
        }
    }

    #[test]
    fn each_thing_that_is_known_has_its_line() {
        let lines = explanation().lines("0 of 1 replicas available");
        assert_eq!(
            lines,
            [
                "condition Available is False: MinimumReplicasUnavailable: Deployment does not have minimum availability",
                "pod `x-1`: container `main`: CrashLoopBackOff, exit code 137, restarted 4 times",
                "2 more pods do not work",
                "warning BackOff: Back-off restarting failed container (Pod `x-1`, 12 times)",
            ]
        );
        let said = "not ready: Deployment does not have minimum availability";
        assert_eq!(explanation().lines(said).len(), lines.len() - 1);
        assert!(Explanation::default().lines("").is_empty());
    }

    #[test]
    fn programs_get_the_parts_by_name() {
        let document = serde_json::to_value(explanation()).unwrap();
        assert_eq!(document["condition"]["type"], "Available");
        assert_eq!(
            document["pods"],
            json!([{"name": "x-1", "container": "main", "reason": "CrashLoopBackOff", "exitCode": 137, "restarts": 4}])
        );
        assert_eq!(
            (&document["morePods"], &document["events"][0]["count"]),
            (&json!(2), &json!(12))
        );
    }
}
