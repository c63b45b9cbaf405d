//! Who changed a stack last, for people whose records know nothing of it.

use serde_json::Value;

use super::claim::is_no;
use super::lease::Lease;
use crate::runtime::kubernetes::cluster::KubernetesRuntime;
use crate::runtime::kubernetes::cluster::wire::Failure;
use crate::runtime::{LastRun, RuntimeError};

impl KubernetesRuntime {
    /// Reads it from the parent object, which is there as long as something of the stack is, and from the Lease.
    pub(crate) async fn read_last_run(&self) -> Result<Option<LastRun>, RuntimeError> {
        let readable = |found: Result<Option<Value>, Failure>| match found {
            Err(failure) if is_no(&failure) => Ok(None),
            found => found.map_err(|failure| self.trouble(failure)),
        };
        let Some(parent) = readable(self.link.find(&self.parent.path()).await)? else {
            return Ok(None);
        };
        let lease = readable(self.link.find(&self.parent.lease_path()).await)?;
        let by = lease.as_ref().and_then(|lease| {
            let Lease { holder, last, .. } = Lease::read(lease);
            [holder, last].into_iter().find(|name| !name.is_empty())
        });
        let at = lease.as_ref().and_then(written_at).or_else(|| written_at(&parent));
        Ok(Some(LastRun { by, at }))
    }
}

/// Returns when an object was written last.
fn written_at(object: &Value) -> Option<String> {
    let entries = object.pointer("/metadata/managedFields")?.as_array()?;
    let times = entries.iter().filter_map(|entry| entry.get("time")?.as_str());
    times.max().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::runtime::kubernetes::cluster::wire::scripted::scripted;

    #[tokio::test]
    async fn the_lease_says_who_and_when_if_the_stack_is_there() {
        let fields = |time: &str| json!([{"time": "2026-01-01T00:00:00Z"}, {"time": time}]);
        let lease = json!({"metadata": {
            "annotations": {"kusion.io/last-holder": "ada@laptop (apply)"},
            "managedFields": fields("2026-01-01T12:00:00Z"),
        }});
        let parent = json!({"metadata": {"managedFields": fields("2026-01-01T11:00:00Z")}});
        let run = |by: Option<&str>, at: &str| {
            Some(LastRun { by: by.map(str::to_owned), at: Some(at.to_owned()) })
        };
        let gone = || (404, json!({"reason": "NotFound"}));
        let hidden = || (403, json!({"message": "no"}));
        for (parent, lease, expected) in [
            (
                (200, parent.clone()),
                (200, lease),
                run(Some("ada@laptop (apply)"), "2026-01-01T12:00:00Z"),
            ),
            ((200, parent.clone()), gone(), run(None, "2026-01-01T11:00:00Z")),
            ((200, parent), hidden(), run(None, "2026-01-01T11:00:00Z")),
            (gone(), gone(), None),
            (hidden(), gone(), None),
        ] {
            let runtime = KubernetesRuntime::on(scripted(move |asked| {
                if asked.path.contains("/leases/") { lease.clone() } else { parent.clone() }
            }));
            assert_eq!(runtime.read_last_run().await.unwrap(), expected);
        }
    }
}
