"""Calls a module in a test exactly as the host would, from plain values."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any, Optional

from .module import Module, serve
from .output import Output


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
) -> Output:
    """Calls a module. The scope is project ``shop``, stack and workspace ``dev``, app ``web``, namespace ``shop``.

    Raises a ``Rejection`` if the module does, or if something does not fit its types.
    """
    names = {"project": "shop", "stack": "dev", "workspace": "dev", "app": "web", "namespace": "shop"}
    raw = SimpleNamespace(
        scope=SimpleNamespace(**{**names, **(scope or {})}),
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
        extensions="{}",
    )
    return serve(module, raw)
