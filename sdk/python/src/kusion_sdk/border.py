"""From the types that authors see to those that componentize-py makes of the interface. Only in a component."""

from __future__ import annotations

import json
from typing import Any

from componentize_py_types import Err
from wit_world.exports import generator as wit

from .output import External, Output, Patch, Secret
from .rejection import Rejection


def description(**members: Any) -> wit.Description:
    """The description as the interface has it."""
    return wit.Description(**members)


def lowered(output: Output) -> wit.Output:
    """The answer as the interface has it."""
    return wit.Output(
        resources=[
            wit.Resource(
                id=it.id,
                type=it.type,
                attributes=json.dumps(it.attributes),
                depends_on=it.depends_on,
                extensions=json.dumps(it.extensions),
            )
            for it in output.resources
        ],
        patches=[_patch(it) for it in output.patches],
        secrets=[_secret(it) for it in output.secrets],
        needs=[wit.Need(it.kind, json.dumps(it.document)) for it in output.needs],
        extensions=json.dumps(output.extensions),
    )


def lowered_rejection(rejection: Rejection) -> Err:
    """The rejection as the interface has it; to be raised."""
    if isinstance(rejection.value, list):
        return Err(wit.Rejection_Invalid([wit.Problem(it.pointer, it.message) for it in rejection.value]))
    if rejection.kind == "unsupported":
        return Err(wit.Rejection_Unsupported(rejection.value))
    return Err(wit.Rejection_Failed(rejection.value))


def _patch(patch: Patch) -> Any:
    pairs = {
        "labels": wit.Patch_Labels,
        "annotations": wit.Patch_Annotations,
        "pod-labels": wit.Patch_PodLabels,
        "pod-annotations": wit.Patch_PodAnnotations,
    }
    if patch.kind in pairs:
        return pairs[patch.kind](list(patch.value.items()))
    if patch.kind == "env":
        return wit.Patch_Env(json.dumps(patch.value))
    if patch.kind == "other":
        kind, document = patch.value
        return wit.Patch_Other(wit.OtherPatch(kind, json.dumps(document)))
    id, document = patch.value
    resource_patch = wit.ResourcePatch(id, json.dumps(document))
    return wit.Patch_JsonPatch(resource_patch) if patch.kind == "json-patch" else wit.Patch_MergePatch(resource_patch)


def _secret(secret: Secret) -> Any:
    source = secret.source
    if isinstance(source, External):
        return wit.Secret(secret.name, wit.SecretSource_External(source.reference))
    generated = wit.GeneratedSecret(source.length, source.alphabet)
    return wit.Secret(secret.name, wit.SecretSource_Generated(generated))
