//! The warnings that a cluster wrote about objects.

use std::collections::BTreeMap;

use futures_util::future::join_all;
use serde_json::Value;

use super::explanation::Warning;
use crate::runtime::kubernetes::cluster::wire::{Call, Transport, segment};

/// How many events are read about one object.
const READ: usize = 100;
/// How many warnings are told.
const TOLD: usize = 5;
/// The longest message that is told, in characters.
const MAX_MESSAGE: usize = 500;

/// Reads the last warnings about objects of a namespace, by their uids; newest last. What cannot be read is
/// left out.
pub(super) async fn warnings(link: &Transport, namespace: &str, uids: &[&str]) -> Vec<Warning> {
    let namespace = segment(namespace);
    let calls: Vec<Call> = uids
        .iter()
        .map(|uid| {
            let selector = segment(&format!("involvedObject.uid={uid},type=Warning"));
            let path = format!("/api/v1/namespaces/{namespace}/events");
            Call::get(format!("{path}?limit={READ}&fieldSelector={selector}"))
        })
        .collect();
    let lists = join_all(calls.iter().map(|call| link.call(call))).await;
    let lists = lists.iter().flatten().filter_map(|list| list.get("items")?.as_array());
    newest(lists.flatten().filter_map(read))
}

/// Puts together what happened alike, and keeps what happened last.
fn newest(warnings: impl Iterator<Item = Warning>) -> Vec<Warning> {
    let mut alike: BTreeMap<(String, String), Warning> = BTreeMap::new();
    for warning in warnings {
        let key = (warning.reason.clone(), warning.message.clone());
        match alike.get_mut(&key) {
            Some(known) => {
                let count = known.count.saturating_add(warning.count);
                if (&known.last, &known.name) < (&warning.last, &warning.name) {
                    *known = warning;
                }
                known.count = count;
            }
            None => {
                alike.insert(key, warning);
            }
        }
    }
    let mut warnings: Vec<Warning> = alike.into_values().collect();
    warnings.sort_by(|a, b| (&a.last, &a.reason).cmp(&(&b.last, &b.reason)));
    warnings.split_off(warnings.len().saturating_sub(TOLD))
}

/// Reads an event, whichever of its two generations of fields it uses.
fn read(event: &Value) -> Option<Warning> {
    let text = |pointer: &str| {
        event.pointer(pointer).and_then(Value::as_str).filter(|text| !text.trim().is_empty())
    };
    let count = ["/series/count", "/count"].into_iter().find_map(|at| event.pointer(at)?.as_u64());
    let times =
        ["/series/lastObservedTime", "/lastTimestamp", "/eventTime", "/metadata/creationTimestamp"];
    let message: String = text("/message").unwrap_or_default().chars().take(MAX_MESSAGE).collect();
    Some(Warning {
        kind: text("/involvedObject/kind")?.to_owned(),
        name: text("/involvedObject/name")?.to_owned(),
        reason: text("/reason").unwrap_or("Unknown").to_owned(),
        message: message.trim().trim_end_matches('.').to_owned(),
        count: count.unwrap_or(1).max(1),
        last: times.into_iter().find_map(text).unwrap_or_default().to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn event(name: &str, reason: &str, last: &str, count: u64) -> Value {
        json!({
            "involvedObject": {"kind": "Pod", "name": name}, "reason": reason, "type": "Warning",
            "message": "It happened.", "lastTimestamp": last, "count": count,
        })
    }

    #[test]
    fn what_happened_alike_is_told_once_and_the_newest_last() {
        let events = [
            event("b", "BackOff", "2026-01-01T00:00:03Z", 2),
            event("a", "BackOff", "2026-01-01T00:00:02Z", 3),
            event("a", "Failed", "2026-01-01T00:00:01Z", 1),
        ];
        let told = newest(events.iter().filter_map(read));
        let told: Vec<_> =
            told.iter().map(|w| (w.name.as_str(), w.reason.as_str(), w.count)).collect();
        assert_eq!(told, [("a", "Failed", 1), ("b", "BackOff", 5)]);
    }

    #[test]
    fn of_very_many_the_last_are_told() {
        let events: Vec<Value> = (10..60)
            .map(|second| {
                event("a", &format!("R{second}"), &format!("2026-01-01T00:00:{second}Z"), 1)
            })
            .collect();
        let told = newest(events.iter().filter_map(read));
        let reasons: Vec<_> = told.iter().map(|warning| warning.reason.as_str()).collect();
        assert_eq!(reasons, ["R55", "R56", "R57", "R58", "R59"]);
    }

    #[test]
    fn both_generations_of_fields_are_read() {
        let new = json!({
            "involvedObject": {"kind": "Job", "name": "j"}, "reason": "BackoffLimitExceeded",
            "eventTime": "2026-01-01T00:00:00.000000Z",
            "series": {"count": 7, "lastObservedTime": "2026-01-01T00:01:00.000000Z"},
        });
        let read_new = read(&new).unwrap();
        assert_eq!((read_new.count, read_new.last.as_str()), (7, "2026-01-01T00:01:00.000000Z"));
        assert_eq!(read_new.message, "");
        let old = read(&event("p", "R", "2026-01-01T00:00:00Z", 2)).unwrap();
        assert_eq!((old.message.as_str(), old.count), ("It happened", 2));
        assert_eq!(read(&json!({"reason": "R"})), None);
    }
}
