//! What a refusal means for a resource.

use super::invalid;
use crate::runtime::kubernetes::cluster::ClusterError;
use crate::runtime::kubernetes::cluster::objects::Object;
use crate::runtime::kubernetes::cluster::wire::{Refusal, shortened};
use crate::spec::ResourceId;

/// What was attempted when the server refused.
#[derive(Clone, Copy)]
pub(crate) struct Attempt<'a> {
    pub(crate) id: &'a ResourceId,
    pub(crate) verb: &'static str,
    /// What was sent, whose secrets the server may quote.
    pub(crate) object: Option<&'a Object>,
}

/// Turns a refusal into an error that names the resource and the cause.
pub(crate) fn verdict(refusal: &Refusal, attempt: Attempt<'_>) -> ClusterError {
    let Attempt { id, verb, object } = attempt;
    let id = id.clone();
    let show = |text: &str| match object {
        Some(object) => shortened(&object.without_secrets(text)),
        None => shortened(text),
    };
    let conflicts = refusal.conflicts();
    if !conflicts.is_empty() {
        return ClusterError::Conflict { id, conflicts };
    }
    let fields = invalid::immutable_fields(refusal);
    if !fields.is_empty() {
        return ClusterError::Immutable { id, fields };
    }
    if let Some((by, message)) = denied_by(&refusal.message) {
        return ClusterError::Denied { id, by, message: show(message) };
    }
    let mut problems = invalid::problems(refusal);
    if !problems.is_empty() {
        for problem in &mut problems {
            problem.message = show(&problem.message);
        }
        return ClusterError::Invalid { id, problems, others: Vec::new(), existed: None };
    }
    if refusal.is_not_found() && refusal.kind == "namespaces" {
        return ClusterError::NoNamespace { id, namespace: refusal.name.clone() };
    }
    if refusal.code == 409 && refusal.is_gone() {
        return ClusterError::Remade { id };
    }
    if let Some(namespace) = refusal.terminating_namespace() {
        return ClusterError::NamespaceLeaving { id, namespace: namespace.to_owned() };
    }
    let message = show(&refusal.message);
    match refusal.code {
        // A check is an apply that changes nothing, and needs the same rights.
        403 if verb == "check" => ClusterError::Forbidden { id, verb: "apply", message },
        403 => ClusterError::Forbidden { id, verb, message },
        code => ClusterError::Refused { id, verb, code, message },
    }
}

/// Returns who denied a request in admission, and what was said.
fn denied_by(message: &str) -> Option<(String, &str)> {
    if let Some((_, rest)) = message.split_once("admission webhook \"") {
        let (name, rest) = rest.split_once('"')?;
        let said = rest.split_once("denied the request").map_or(rest, |(_, said)| said);
        return Some((format!("webhook `{name}`"), said.trim_start_matches([':', ' '])));
    }
    if let Some((_, rest)) = message.split_once("ValidatingAdmissionPolicy '") {
        let (name, rest) = rest.split_once('\'')?;
        let said = rest.split_once("denied request").map_or(rest, |(_, said)| said);
        return Some((format!("policy `{name}`"), said.trim_start_matches([':', ' '])));
    }
    if let Some((_, rest)) = message.split_once("exceeded quota: ") {
        let (name, said) = rest.split_once(", ").unwrap_or((rest, "it is used up"));
        return Some((format!("quota `{name}`"), said));
    }
    let (_, said) = message.split_once("violates PodSecurity ")?;
    Some(("the namespace's pod security level".to_owned(), said))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::diagnostic::{Diagnose as _, Kind};

    fn say(code: u16, status: serde_json::Value) -> (String, Kind) {
        let refusal = Refusal::read(code, status.to_string().as_bytes(), None);
        let id = ResourceId::parse("v1:ConfigMap:n:x").unwrap();
        let error = verdict(&refusal, Attempt { id: &id, verb: "apply", object: None });
        (error.to_string(), error.kind())
    }

    #[test]
    fn each_refusal_names_its_cause() {
        let conflict = json!({"message": "Apply failed", "details": {"causes": [
            {"reason": "FieldManagerConflict", "message": "conflict with \"other\"", "field": ".data.a"},
        ]}});
        let immutable = json!({"message": "invalid", "details": {"causes": [
            {"message": "Invalid value: \"x\": field is immutable", "field": "spec.selector"},
        ]}});
        let cases = [
            (
                409,
                conflict,
                "resource `v1:ConfigMap:n:x` has fields that others manage: `data.a` is managed by `other`",
                Kind::User,
            ),
            (
                422,
                immutable,
                "resource `v1:ConfigMap:n:x` cannot change in place: `spec.selector`",
                Kind::User,
            ),
            (
                422,
                json!({"message": "m", "details": {"causes": [{"message": "Required value", "field": "spec.a"}]}}),
                "resource `v1:ConfigMap:n:x` is not valid: `spec.a`: Required value",
                Kind::User,
            ),
            (
                400,
                json!({"message": "admission webhook \"guard.example.com\" denied the request: no latest tags"}),
                "resource `v1:ConfigMap:n:x` was denied by webhook `guard.example.com`: no latest tags",
                Kind::User,
            ),
            (
                422,
                json!({"message": "configmaps \"x\" is forbidden: ValidatingAdmissionPolicy 'names' with binding 'b' denied request: too short"}),
                "resource `v1:ConfigMap:n:x` was denied by policy `names`: too short",
                Kind::User,
            ),
            (
                403,
                json!({"message": "configmaps \"x\" is forbidden: exceeded quota: small, requested: configmaps=1, used: configmaps=2, limited: configmaps=2"}),
                "resource `v1:ConfigMap:n:x` was denied by quota `small`: requested: configmaps=1, used: configmaps=2, limited: configmaps=2",
                Kind::User,
            ),
            (
                403,
                json!({"message": "configmaps \"x\" is forbidden: User \"nobody\" cannot patch resource \"configmaps\""}),
                "not allowed to apply resource `v1:ConfigMap:n:x`: configmaps \"x\" is forbidden: User \"nobody\" cannot patch resource \"configmaps\"",
                Kind::Environment,
            ),
            (
                404,
                json!({"message": "namespaces \"n\" not found", "reason": "NotFound", "details": {"kind": "namespaces", "name": "n"}}),
                "resource `v1:ConfigMap:n:x` lies in namespace `n`, which does not exist",
                Kind::User,
            ),
            (
                409,
                json!({"message": "Precondition failed: UID in precondition: a, UID in object meta: b"}),
                "resource `v1:ConfigMap:n:x` was deleted and made anew by somebody else",
                Kind::User,
            ),
            (
                403,
                json!({"message": "configmaps \"x\" is forbidden: unable to create new content in namespace n because it is being terminated"}),
                "resource `v1:ConfigMap:n:x` lies in namespace `n`, which is being deleted",
                Kind::Environment,
            ),
            (
                503,
                json!({"message": "shutting down"}),
                "cannot apply resource `v1:ConfigMap:n:x`: the server answers 503: shutting down",
                Kind::Environment,
            ),
        ];
        for (code, status, message, kind) in cases {
            assert_eq!(say(code, status), (message.to_owned(), kind));
        }
    }
}
