"""What the host asks of a module."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Generic, Optional, TypeVar

from . import names

C = TypeVar("C")
P = TypeVar("P")


WORKLOAD_RESOURCE = "workloadResource"
"""What a description asks for, and the extension of a request that tells it."""


@dataclass(frozen=True)
class Scope:
    """Names that say where a call belongs."""

    project: str
    stack: str
    workspace: str
    app: str
    namespace: str


@dataclass(frozen=True)
class Input:
    """A file or folder that an earlier answer of the module asked for."""

    kind: str
    need: Any
    answer: Any


@dataclass(frozen=True)
class WorkloadResource:
    """The Kubernetes object that runs the app's containers."""

    id: str
    api_version: str
    kind: str
    name: str


@dataclass(frozen=True)
class Request(Generic[C, P]):
    """One call: what the developer and the platform team wrote, and where it belongs."""

    scope: Scope
    accessory: str
    labels: dict[str, str]
    annotations: dict[str, str]
    config: C
    platform: P
    workload: Any
    context: dict[str, Any]
    inputs: list[Input] = field(default_factory=list)
    extensions: dict[str, Any] = field(default_factory=dict)

    def unique_app_name(self) -> str:
        """The name of the app's main resource."""
        return names.unique_app_name(self.scope)

    def unique_name(self, suffix: str) -> str:
        """The name of a further resource of the app."""
        return names.unique_name(self.scope, suffix)

    def accessory_name(self, module: str, suffix: str) -> str:
        """The name of a resource of this accessory; two accessories of one module get different names."""
        if self.accessory in ("", module):
            return self.unique_name(suffix)
        return self.unique_name(f"{self.accessory}-{suffix}")

    def selector(self) -> dict[str, str]:
        """The labels by which the app's pods are found."""
        return names.app_labels(self.scope)

    def object_labels(self) -> dict[str, str]:
        """The labels for an object of the app: the app's own with those of ``selector`` on top."""
        return {**self.labels, **self.selector()}

    def secret_reference(self, name: str) -> str:
        """The text that stands for the secret ``name`` of this call until the host resolves it."""
        return f"$kusion_secret.{self.scope.app}.{self.accessory or 'workload'}.{name}"

    def workload_resource(self) -> Optional[WorkloadResource]:
        """The resource that runs the app's containers, for a module that needs it; ``None`` without a workload."""
        told = self.extensions.get(WORKLOAD_RESOURCE)
        return told and WorkloadResource(told["id"], told["apiVersion"], told["kind"], told["name"])

    def container_names(self) -> list[str]:
        """The names of the workload's containers, sorted; empty without a workload."""
        return sorted((self.workload or {}).get("containers", {}))
