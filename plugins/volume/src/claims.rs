//! The PersistentVolumeClaims.

use kusion_sdk::{Pointer, Problems, Resource, kubernetes, syntax};
use serde_json::json;

use crate::config::{AccessMode, Claim};
use crate::{Call, claim_name};

/// Makes the claims, and notes what Kubernetes refuses of them and of those of others.
pub(crate) fn claims(request: &Call, problems: &mut Problems) -> Vec<Resource> {
    let platform = Pointer::platform();
    check_class(request.platform.storage_class.as_deref(), &platform, problems);
    syntax::check_labels(&request.platform.labels, &platform.key("labels"), problems);
    let annotations = &request.platform.annotations;
    syntax::check_annotations(annotations, &platform.key("annotations"), problems);

    for (name, claim) in &request.config.existing_claims {
        let at = Pointer::config().key("existingClaims").key(name);
        if !syntax::is_domain(&claim.claim_name) {
            problems.add(at.key("claimName"), "no PersistentVolumeClaim can have this name");
        }
        check_modes(&claim.access_modes, &at, problems);
    }
    let mut claims = Vec::with_capacity(request.config.claims.len());
    for (name, claim) in &request.config.claims {
        let at = Pointer::config().key("claims").key(name);
        check_modes(&claim.access_modes, &at, problems);
        check_class(claim.storage_class.as_deref(), &at, problems);
        if syntax::amount(&claim.size).is_none_or(|size| size == 0) {
            problems.add(at.key("size"), "must be an amount above zero, as in `10Gi`");
        }
        claims.push(object(request, name, claim));
    }
    claims
}

fn object(request: &Call, name: &str, claim: &Claim) -> Resource {
    let platform = &request.platform;
    let mut labels = platform.labels.clone();
    labels.extend(request.object_labels());
    let mut annotations = platform.annotations.clone();
    annotations.extend(request.annotations.clone());
    kubernetes::object(json!({
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {
            "name": claim_name(request, name),
            "namespace": request.scope.namespace,
            "labels": labels,
            "annotations": kubernetes::unless_empty(&annotations),
        },
        "spec": {
            "accessModes": claim.access_modes,
            "storageClassName": claim.storage_class.as_ref().or(platform.storage_class.as_ref()),
            "resources": {"requests": {"storage": claim.size}},
        },
    }))
}

fn check_modes(modes: &[AccessMode], at: &Pointer, problems: &mut Problems) {
    let at = at.key("accessModes");
    if modes.is_empty() {
        problems.add(at, "must not be empty");
    } else if modes.len() > 1 && modes.contains(&AccessMode::ReadWriteOncePod) {
        problems.add(at, "`ReadWriteOncePod` excludes the other modes");
    }
}

/// An empty text is a class: none at all.
fn check_class(class: Option<&str>, at: &Pointer, problems: &mut Problems) {
    if class.is_some_and(|class| !class.is_empty() && !syntax::is_domain(class)) {
        problems.add(at.key("storageClass"), "no StorageClass can have this name");
    }
}
