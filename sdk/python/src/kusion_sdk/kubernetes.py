"""Kubernetes objects: ids, the wrapper round a manifest, environment variables."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, Optional, TypeVar

from .resource import Resource

_T = TypeVar("_T", bound=Collection[Any])


def object(manifest: dict[str, Any]) -> Resource:
    """Makes a resource of a Kubernetes manifest.

    The id is read from the manifest. Members whose value is ``None`` are left out, so what may be absent can stand in
    the manifest as it is.
    """
    kept = _without_nulls(manifest)
    api_version, kind = _text(kept.get("apiVersion")), _text(kept.get("kind"))
    metadata = kept.get("metadata", {})
    namespace = metadata.get("namespace")
    resource = Resource(id(api_version, kind, namespace, _text(metadata.get("name"))), "Kubernetes", kept)
    slash = "" if "/" in api_version else "/"
    return resource.extension("GVK", f"{slash}{api_version}, Kind={kind}")


def id(api_version: str, kind: str, namespace: Optional[str], name: str) -> str:
    """Builds the id of a Kubernetes object: ``apiVersion:Kind[:namespace]:name``."""
    parts = [api_version, kind, namespace, name]
    return ":".join(part for part in parts if part is not None)


def env(name: str, value: str) -> dict[str, Any]:
    """Makes an environment variable with a value. ``$(OTHER)`` in it refers to another variable."""
    return {"name": name, "value": value}


def env_from_secret(name: str, secret: str, key: str) -> dict[str, Any]:
    """Makes an environment variable whose value is one key of a Secret."""
    return {"name": name, "valueFrom": {"secretKeyRef": {"name": secret, "key": key}}}


def unless_empty(collection: _T) -> Optional[_T]:
    """Leaves an empty dict or list out of a manifest: gives ``None`` for it, which ``object`` drops."""
    return collection if collection else None


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _without_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_nulls(member) for key, member in value.items() if member is not None}
    if isinstance(value, (list, tuple)):
        return [_without_nulls(item) for item in value]
    return value
