//! The namespace that nobody would delete: its maker has left it to others, and they had it on no record.

use serde_json::Value;

use crate::runtime::kubernetes::cluster::KubernetesRuntime;
use crate::runtime::kubernetes::cluster::objects::{
    Holder, Record, holder, is_made, is_terminating,
};
use crate::runtime::kubernetes::cluster::wire::{Failure, segment};
use crate::runtime::{KubernetesSemantics, RuntimeError};
use crate::spec::{Semantics as _, StateEntry};

impl KubernetesRuntime {
    /// Returns the stack's namespace as if it were on record, if a stack of kusion made it and has left it since, and
    /// nobody has it now.
    pub(crate) async fn deserted_namespace(&self) -> Result<Option<StateEntry>, RuntimeError> {
        let name = &self.parent.namespace;
        let Ok(resource) = KubernetesSemantics.namespace(name) else { return Ok(None) };
        let live = match self.link.find(&format!("/api/v1/namespaces/{}", segment(name))).await {
            Ok(live) => live,
            // Who works in one namespace often sees nothing outside.
            Err(Failure::Refused(refusal)) if refusal.code == 403 => None,
            Err(failure) => return Err(self.trouble(failure)),
        };
        let is_deserted = |live: &Value| {
            let nobodys = holder(live, &self.owner, &self.parent.id) == Holder::Nobody;
            nobodys && is_made(live) && !is_terminating(live)
        };
        Ok(live.filter(is_deserted).map(|live| StateEntry {
            resource,
            origin: None,
            adopted: false,
            uncertain: false,
            private: Record::from_live(&live).to_value(),
        }))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::runtime::kubernetes::cluster::objects::{mark, owner};
    use crate::runtime::kubernetes::cluster::wire::scripted::scripted;

    #[tokio::test]
    async fn only_a_namespace_that_kusion_made_and_nobody_has_is_taken_along() {
        let made = || json!({"metadata": {"uid": "u", "annotations": {"kusion.io/made": "true"}}});
        let mut ours = made();
        mark(ours["metadata"].as_object_mut().unwrap(), &owner("prod"));
        let mut leaving = made();
        leaving["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z".into();
        let mut helms = made();
        helms["metadata"]["annotations"]["meta.helm.sh/release-name"] = "r".into();
        let cases = [
            (200, made(), true),
            (200, ours, false),
            (200, leaving, false),
            (200, helms, false),
            (200, json!({"metadata": {"uid": "u"}}), false),
            (404, json!({"reason": "NotFound"}), false),
            (403, json!({"message": "forbidden"}), false),
        ];
        for (code, live, expected) in cases {
            let answer: Value = live.clone();
            let runtime = KubernetesRuntime::on(scripted(move |asked| {
                assert_eq!(asked.path, "/api/v1/namespaces/shop");
                (code, answer.clone())
            }));
            let entry = runtime.deserted_namespace().await.unwrap();
            assert_eq!(entry.is_some(), expected, "{code} {live}");
            if let Some(entry) = entry {
                assert_eq!(entry.resource.id.as_str(), "v1:Namespace:shop");
                assert_eq!(entry.private, json!({"uid": "u"}));
            }
        }
    }
}
