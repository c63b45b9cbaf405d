"""Calls a module in a test exactly as the host would, from plain values."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any, Optional

from . import kubernetes, names
from .module import Module, extensions, serve
from .output import Output
from .request import WORKLOAD_RESOURCE, Scope


def call(
    module: type[Module],
    config: Any = None,
    *,
    platform: Any = None,
    accessory: Optional[str] = None,
    scope: Optional[dict[str, str]] = None,
    labels: Optional[dict[str, str]] = None,
    annotations: Optional[dict[str, str]] = None,
    workload: Any = None,
    context: Any = None,
    inputs: tuple[tuple[str, Any, Any], ...] = (),
    workload_kind: tuple[str, str] = ("apps/v1", "Deployment"),
) -> Output:
    """Calls a module. The scope is project ``shop``, stack and workspace ``dev``, app ``web``, namespace ``shop``.

    A module that needs to know which resource runs the workload is told of a ``workload_kind``, if there is a workload.
    Raises a ``Rejection`` if the module does, or if something does not fit its types.
    """
    defaults = {"project": "shop", "stack": "dev", "workspace": "dev", "app": "web", "namespace": "shop"}
    where = Scope(**{**defaults, **(scope or {})})
    told = {}
    if workload is not None and WORKLOAD_RESOURCE in extensions(module).get("requests", []):
        api_version, kind = workload_kind
        name = names.unique_app_name(where)
        id = kubernetes.id(api_version, kind, where.namespace, name)
        told = {WORKLOAD_RESOURCE: {"id": id, "apiVersion": api_version, "kind": kind, "name": name}}
    raw = SimpleNamespace(
        scope=where,
        accessory=accessory if accessory is not None else ("" if module.kind == "workload" else module.name),
        labels=list((labels or {}).items()),
        annotations=list((annotations or {}).items()),
        config=json.dumps(config),
        platform=json.dumps(platform),
        workload=json.dumps(workload),
        context=json.dumps(context or {}),
        inputs=[
            SimpleNamespace(kind=kind, need=json.dumps(need), answer=json.dumps(answer))
            for kind, need, answer in inputs
        ],
        extensions=json.dumps(told),
    )
    return serve(module, raw)
