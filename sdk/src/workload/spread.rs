//! Rules for spreading pods over a cluster: as a developer writes them and as Kubernetes wants them.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::metadata;
use crate::pointer::Pointer;
use crate::rejection::Problems;
use crate::syntax;

/// The labels of nodes that tell apart what fails together.
const DOMAINS: [&str; 2] = ["kubernetes.io/hostname", "topology.kubernetes.io/zone"];

/// A rule for spreading pods.
#[derive(Debug, Clone, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(extend("examples" = [{
    "maxSkew": 1,
    "topologyKey": "topology.kubernetes.io/zone",
    "whenUnsatisfiable": "DoNotSchedule",
}]))]
pub struct TopologySpreadConstraint {
    /// By how many pods two domains may differ.
    #[schemars(range(min = 1, max = 2147483647))]
    pub max_skew: u32,
    /// The label of nodes that tells domains apart, for example `topology.kubernetes.io/zone`.
    pub topology_key: String,
    /// What happens to a pod that cannot be placed by the rule.
    pub when_unsatisfiable: WhenUnsatisfiable,
    /// The pods that count; those of the app if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub label_selector: Option<LabelSelector>,
    /// Labels of pods whose values are added to the selector.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub match_label_keys: Option<Vec<String>>,
    /// The fewest domains; only with `DoNotSchedule`.
    #[schemars(range(min = 1, max = 2147483647))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min_domains: Option<u32>,
    /// Whether the pod's node affinity limits the domains.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub node_affinity_policy: Option<NodePolicy>,
    /// Whether taints of nodes limit the domains.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub node_taints_policy: Option<NodePolicy>,
}

/// What happens to a pod that cannot be placed by the rule.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize, Serialize, JsonSchema,
)]
pub enum WhenUnsatisfiable {
    /// It waits.
    DoNotSchedule,
    /// It is placed where it does the least harm.
    ScheduleAnyway,
}

/// Whether something limits the domains.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
pub enum NodePolicy {
    /// It does.
    Honor,
    /// It does not.
    Ignore,
}

/// Chooses pods by their labels.
#[derive(Debug, Clone, Default, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct LabelSelector {
    /// Labels and the values they must have.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub match_labels: Option<BTreeMap<String, String>>,
    /// Further conditions.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub match_expressions: Option<Vec<LabelSelectorRequirement>>,
}

/// A condition on a label.
#[derive(Debug, Clone, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct LabelSelectorRequirement {
    /// The label.
    pub key: String,
    /// How the label's value and `values` relate.
    pub operator: Operator,
    /// The values for `In` and `NotIn`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub values: Option<Vec<String>>,
}

/// How the value of a label and a list of values relate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
pub enum Operator {
    /// It is one of them.
    In,
    /// It is none of them, or there is no such label.
    NotIn,
    /// There is such a label.
    Exists,
    /// There is no such label.
    DoesNotExist,
}

/// Lists the rules at `at` as Kubernetes wants them, sorted by the names they were given, and notes what it would refuse.
///
/// A rule that does not say which pods count counts those with the labels `selector`; Kubernetes would count none.
pub fn spread(
    rules: &BTreeMap<String, TopologySpreadConstraint>,
    selector: &BTreeMap<String, String>,
    at: &Pointer,
    problems: &mut Problems,
) -> Vec<Value> {
    let mut seen = BTreeSet::new();
    let mut made = Vec::with_capacity(rules.len());
    for (name, rule) in rules {
        let at = at.key(name);
        let mut rule = rule.clone();
        let pods = rule.label_selector.get_or_insert_with(|| LabelSelector {
            match_labels: Some(selector.clone()),
            match_expressions: None,
        });
        let known = check_selector(pods, &at.key("labelSelector"), problems);
        for (index, key) in rule.match_label_keys.iter().flatten().enumerate() {
            let at = at.key("matchLabelKeys").index(index);
            if !syntax::is_label_key(key) {
                problems.add(at, "is not the key of a label");
            } else if known.contains(key) {
                problems.add(at, "is in the selector already");
            }
        }
        check_numbers(&rule, &at, problems);
        if !syntax::is_label_key(&rule.topology_key) {
            problems.add(at.key("topologyKey"), "is not the key of a label");
        } else if !seen.insert((rule.topology_key.clone(), rule.when_unsatisfiable)) {
            problems
                .add(at, "there is a rule of this `topologyKey` and `whenUnsatisfiable` already");
        }
        made.push(json!(rule));
    }
    made
}

/// The rules for an app of which nobody has said how it spreads: over nodes and zones as well as it goes, and a pod that
/// finds no such place runs all the same.
pub fn spread_everywhere(selector: &BTreeMap<String, String>) -> Vec<Value> {
    let rule = |domain| {
        json!({
            "maxSkew": 1,
            "topologyKey": domain,
            "whenUnsatisfiable": "ScheduleAnyway",
            "labelSelector": {"matchLabels": selector},
        })
    };
    DOMAINS.into_iter().map(rule).collect()
}

fn check_numbers(rule: &TopologySpreadConstraint, at: &Pointer, problems: &mut Problems) {
    const MOST: u32 = i32::MAX.unsigned_abs();
    if !(1..=MOST).contains(&rule.max_skew) {
        problems.add(at.key("maxSkew"), "must be at least 1");
    }
    let Some(domains) = rule.min_domains else { return };
    if rule.when_unsatisfiable != WhenUnsatisfiable::DoNotSchedule {
        problems
            .add(at.key("minDomains"), "is only possible with `whenUnsatisfiable: DoNotSchedule`");
    } else if !(1..=MOST).contains(&domains) {
        problems.add(at.key("minDomains"), "must be at least 1");
    }
}

/// Returns the labels of which the selector says something.
fn check_selector<'s>(
    selector: &'s LabelSelector,
    at: &Pointer,
    problems: &mut Problems,
) -> BTreeSet<&'s String> {
    for (key, value) in selector.match_labels.iter().flatten() {
        metadata::label(key, value, &at.key("matchLabels"), problems);
    }
    for (index, condition) in selector.match_expressions.iter().flatten().enumerate() {
        let at = at.key("matchExpressions").index(index);
        let values = condition.values.as_deref().unwrap_or_default();
        if !syntax::is_label_key(&condition.key) {
            problems.add(at.key("key"), "is not the key of a label");
        }
        match condition.operator {
            Operator::In | Operator::NotIn if values.is_empty() => {
                problems.add(at.key("operator"), "needs `values`");
            }
            Operator::Exists | Operator::DoesNotExist if !values.is_empty() => {
                problems.add(at.key("values"), "are for the operators `In` and `NotIn` only");
            }
            _ => {}
        }
        for (index, _) in values.iter().enumerate().filter(|(_, it)| !syntax::is_label_value(it)) {
            problems.add(at.key("values").index(index), "is not the value of a label");
        }
    }
    let conditions = selector.match_expressions.iter().flatten().map(|condition| &condition.key);
    selector.match_labels.iter().flatten().map(|(key, _)| key).chain(conditions).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rejection::Rejection;

    fn made(rules: Value) -> Result<Vec<Value>, Vec<String>> {
        let rules: BTreeMap<String, TopologySpreadConstraint> =
            serde_json::from_value(rules).unwrap();
        let selector = BTreeMap::from([("app".to_owned(), "web".to_owned())]);
        let mut problems = Problems::default();
        let made = spread(&rules, &selector, &Pointer::from("/r"), &mut problems);
        match problems.finish() {
            Err(Rejection::Invalid(told)) => {
                Err(told.iter().map(|problem| problem.pointer.to_string()).collect())
            }
            _ => Ok(made),
        }
    }

    #[test]
    fn a_rule_without_a_selector_counts_the_pods_of_the_app() {
        let rule =
            json!({"maxSkew": 1, "topologyKey": "zone", "whenUnsatisfiable": "DoNotSchedule"});
        let mut expected = rule.clone();
        expected["labelSelector"] = json!({"matchLabels": {"app": "web"}});
        assert_eq!(made(json!({"a": rule})), Ok(vec![expected]));
    }

    #[test]
    fn a_rule_keeps_all_that_it_says() {
        let rule = json!({
            "maxSkew": 2,
            "topologyKey": "topology.kubernetes.io/zone",
            "whenUnsatisfiable": "DoNotSchedule",
            "labelSelector": {
                "matchLabels": {"a": "b"},
                "matchExpressions": [{"key": "c", "operator": "NotIn", "values": ["d"]}],
            },
            "matchLabelKeys": ["pod-template-hash"],
            "minDomains": 2,
            "nodeAffinityPolicy": "Ignore",
            "nodeTaintsPolicy": "Honor",
        });
        assert_eq!(made(json!({"a": rule})), Ok(vec![rule]));
    }

    #[test]
    fn what_kubernetes_would_refuse_is_told_at_its_place() {
        let rule = |more: Value| {
            let mut rule =
                json!({"maxSkew": 1, "topologyKey": "k", "whenUnsatisfiable": "DoNotSchedule"});
            rule.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            rule
        };
        let condition =
            |condition: Value| json!({"labelSelector": {"matchExpressions": [condition]}});
        let at = "labelSelector/matchExpressions/0";
        for (more, expected) in [
            (json!({"maxSkew": 0}), "maxSkew".to_owned()),
            (json!({"maxSkew": 4294967295_u32}), "maxSkew".to_owned()),
            (json!({"topologyKey": "a b"}), "topologyKey".to_owned()),
            (json!({"minDomains": 0}), "minDomains".to_owned()),
            (json!({"matchLabelKeys": ["x", "app"]}), "matchLabelKeys/1".to_owned()),
            (json!({"matchLabelKeys": [""]}), "matchLabelKeys/0".to_owned()),
            (
                json!({"labelSelector": {"matchLabels": {"a": "b c"}}}),
                "labelSelector/matchLabels/a".to_owned(),
            ),
            (condition(json!({"key": "-", "operator": "Exists"})), format!("{at}/key")),
            (condition(json!({"key": "a", "operator": "In"})), format!("{at}/operator")),
            (
                condition(json!({"key": "a", "operator": "Exists", "values": ["b"]})),
                format!("{at}/values"),
            ),
            (
                condition(json!({"key": "a", "operator": "In", "values": ["b", "-"]})),
                format!("{at}/values/1"),
            ),
        ] {
            let told = made(json!({"z": rule(more)}));
            assert_eq!(told, Err(vec![format!("/r/z/{expected}")]));
        }
        let twice = json!({"a": rule(json!({})), "b": rule(json!({"maxSkew": 2}))});
        assert_eq!(made(twice), Err(vec!["/r/b".to_owned()]));
    }
}
