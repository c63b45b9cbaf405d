//! What containers ask for and may use at most: from `cpu: 250m-500m` to the `resources` of Kubernetes.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::quantity;
use crate::kubernetes::unless_empty;
use crate::pointer::Pointer;
use crate::rejection::Problems;
use crate::syntax;

/// The resources that need no domain in front.
const PLAIN: [&str; 3] = ["cpu", "memory", "ephemeral-storage"];
/// The longest domain of another resource.
const MAX_DOMAIN: usize = 244;

/// The resources of a container, in layers: what an earlier one says of a name, a later one does not change.
///
/// An amount is a limit (`500m`), a request and a limit (`250m-500m`), or a request (`250m-`).
///
/// ```
/// use std::collections::BTreeMap;
/// use kusion_sdk::workload::Resources;
/// use kusion_sdk::{Pointer, Problems};
/// use serde_json::json;
///
/// let platform = BTreeMap::from([("memory".to_owned(), "1Gi".to_owned())]);
/// let mut problems = Problems::default();
/// let resources = Resources::new()
///     .layer(&platform, &Pointer::platform().key("resources"), &mut problems)
///     .defaults([("cpu", "100m-"), ("memory", "128Mi-512Mi")]);
/// assert_eq!(
///     resources.to_json(),
///     json!({"requests": {"cpu": "100m"}, "limits": {"memory": "1Gi"}}),
/// );
/// assert_eq!(problems.finish(), Ok(()));
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Resources(BTreeMap<String, String>);

impl Resources {
    /// Begins without any.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds what somebody wrote at `at` for the names that nobody has spoken of, and notes what Kubernetes would refuse.
    #[must_use]
    pub fn layer(
        self,
        written: &BTreeMap<String, String>,
        at: &Pointer,
        problems: &mut Problems,
    ) -> Self {
        for (name, amount) in written {
            if !is_resource(name) {
                problems.add(
                    at.key(name).name(),
                    "is no resource of a container: `cpu`, `memory`, `ephemeral-storage`, `hugepages-<size>` or one with a domain, as in `nvidia.com/gpu`",
                );
            } else if let Some(problem) = problem(name, amount) {
                problems.add(at.key(name), problem);
            }
        }
        self.fill(written.iter().map(|(name, amount)| (name.as_str(), amount.as_str())))
    }

    /// Adds the module's own amounts for the names that nobody has spoken of.
    #[must_use]
    pub fn defaults<'a>(self, amounts: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        self.fill(amounts)
    }

    /// The `resources` of a Kubernetes container; `null` if nothing is asked for.
    pub fn to_json(&self) -> Value {
        let mut requests = Map::new();
        let mut limits = Map::new();
        for (name, amount) in &self.0 {
            let Some(range) = quantity::range(amount) else { continue };
            for (list, quantity) in [(&mut requests, range.request), (&mut limits, range.limit)] {
                if let Some(quantity) = quantity {
                    list.insert(name.clone(), quantity.into());
                }
            }
        }
        if requests.is_empty() && limits.is_empty() {
            return Value::Null;
        }
        json!({"requests": unless_empty(&requests), "limits": unless_empty(&limits)})
    }

    fn fill<'a>(mut self, amounts: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        for (name, amount) in amounts {
            self.0.entry(name.to_owned()).or_insert_with(|| amount.to_owned());
        }
        self
    }
}

/// Says what Kubernetes would refuse in the amount of a resource.
fn problem(name: &str, amount: &str) -> Option<&'static str> {
    let Some(range) = quantity::range(amount) else {
        return Some(
            "must be a quantity (`500m`, `1Gi`), two of them with a dash between (`250m-500m`), or one with a dash behind (`250m-`)",
        );
    };
    let number = |quantity: Option<&str>| quantity.and_then(quantity::billionths);
    let (request, limit) = (number(range.request), number(range.limit));
    if request.zip(limit).is_some_and(|(request, limit)| request > limit) {
        return Some("asks for more than its limit");
    }
    let is_native = !name.contains('/') || name.contains("kubernetes.io/");
    if is_native && !name.starts_with("hugepages-") {
        return None;
    }
    if range.request.is_some() && request != limit {
        return Some("cannot be shared: the request and the limit must be the same");
    }
    let page = name.strip_prefix("hugepages-").and_then(quantity::billionths);
    if page.is_some_and(|page| limit.is_none_or(|limit| limit % page != 0)) {
        return Some("must be a multiple of the size of a page");
    }
    let is_whole = [range.request, range.limit].into_iter().flatten().all(quantity::is_whole);
    (!is_whole).then_some("must be a whole number")
}

/// Whether Kubernetes knows a resource of containers by that name.
fn is_resource(name: &str) -> bool {
    match name.split_once('/') {
        None => {
            PLAIN.contains(&name) || name.strip_prefix("hugepages-").is_some_and(quantity::is_some)
        }
        Some((domain, _)) => {
            // In a quota it stands with `requests.` in front, and must be short enough for that.
            !domain.starts_with("requests.")
                && domain.len() <= MAX_DOMAIN
                && syntax::is_label_key(name)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rejection::Rejection;

    fn written(name: &str, amount: &str) -> BTreeMap<String, String> {
        BTreeMap::from([(name.to_owned(), amount.to_owned())])
    }

    fn told(name: &str, amount: &str) -> Option<(String, String)> {
        let mut problems = Problems::default();
        let at = Pointer::from("/config");
        let _ = Resources::new().layer(&written(name, amount), &at, &mut problems);
        match problems.finish() {
            Err(Rejection::Invalid(mut told)) => {
                told.pop().map(|it| (it.pointer.to_string(), it.message))
            }
            _ => None,
        }
    }

    #[test]
    fn whoever_speaks_first_of_a_name_is_heard() {
        let mut problems = Problems::default();
        let at = Pointer::from("/config");
        let resources = Resources::new()
            .layer(&written("cpu", "1"), &at, &mut problems)
            .layer(&written("cpu", "100m-2"), &at, &mut problems)
            .defaults([("cpu", "3"), ("memory", "128Mi-1Gi")]);
        assert_eq!(
            resources.to_json(),
            json!({"requests": {"memory": "128Mi"}, "limits": {"cpu": "1", "memory": "1Gi"}})
        );
        assert_eq!(problems.finish(), Ok(()));
        assert_eq!(Resources::new().to_json(), Value::Null);
    }

    #[test]
    fn what_kubernetes_takes_is_taken() {
        for (name, amount) in [
            ("cpu", "500m"),
            ("cpu", "100m-"),
            ("memory", "1000Mi-1Gi"),
            ("ephemeral-storage", "1Gi"),
            ("hugepages-2Mi", "4Mi"),
            ("nvidia.com/gpu", "1"),
            ("nvidia.com/gpu", "2-2"),
            ("example.kubernetes.io/x", "500m-1"),
        ] {
            assert_eq!(told(name, amount), None, "{name}: {amount}");
        }
    }

    #[test]
    fn what_kubernetes_would_refuse_is_told_at_its_place() {
        for (name, amount, place, begin) in [
            ("cpu", "lots", "/config/cpu", "must be a quantity"),
            ("cpu", "1-500m", "/config/cpu", "asks for more"),
            ("memory", "1Gi-1G", "/config/memory", "asks for more"),
            ("gpu", "1", "/config/gpu#", "is no resource"),
            ("hugepages-big", "1", "/config/hugepages-big#", "is no resource"),
            ("requests.a.b/c", "1", "/config/requests.a.b~1c#", "is no resource"),
            ("nvidia.com/gpu", "500m", "/config/nvidia.com~1gpu", "must be a whole number"),
            ("nvidia.com/gpu", "1-2", "/config/nvidia.com~1gpu", "cannot be shared"),
            ("nvidia.com/gpu", "1-", "/config/nvidia.com~1gpu", "cannot be shared"),
            ("hugepages-2Mi", "3Mi", "/config/hugepages-2Mi", "must be a multiple"),
            ("hugepages-0", "3Mi", "/config/hugepages-0#", "is no resource"),
            ("hugepages-2Mi", "2Mi-4Mi", "/config/hugepages-2Mi", "cannot be shared"),
        ] {
            let (found, message) = told(name, amount).unwrap_or_default();
            assert_eq!(found, place, "{name}: {amount}");
            assert!(message.starts_with(begin), "{name}: {amount}: {message}");
        }
    }
}
