"""What a module answers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Union

from .resource import Resource


@dataclass
class Need:
    """Something the host must read before the module can answer."""

    kind: str
    document: Any

    @staticmethod
    def file(path: str) -> Need:
        """Asks for a file below the stack's folder."""
        return Need("file", {"path": path})

    @staticmethod
    def folder(path: str) -> Need:
        """Asks for all files of a folder below the stack's folder."""
        return Need("folder", {"path": path})


@dataclass
class Patch:
    """A change to the app's workload or to any other resource. ``kind`` is the case in the interface."""

    kind: str
    value: Any

    @staticmethod
    def env(variables: Iterable[Mapping[str, Any]]) -> Patch:
        """Adds environment variables to every container of the workload."""
        return Patch("env", [dict(variable) for variable in variables])

    @staticmethod
    def labels(labels: Mapping[str, str]) -> Patch:
        """Adds labels to the workload's own object."""
        return Patch("labels", dict(labels))

    @staticmethod
    def annotations(annotations: Mapping[str, str]) -> Patch:
        """Adds annotations to the workload's own object."""
        return Patch("annotations", dict(annotations))

    @staticmethod
    def pod_labels(labels: Mapping[str, str]) -> Patch:
        """Adds labels to the workload's pods."""
        return Patch("pod-labels", dict(labels))

    @staticmethod
    def pod_annotations(annotations: Mapping[str, str]) -> Patch:
        """Adds annotations to the workload's pods."""
        return Patch("pod-annotations", dict(annotations))

    @staticmethod
    def volumes(volumes: Iterable[Mapping[str, Any]], mounts: Iterable[Mapping[str, Any]]) -> Patch:
        """Adds volumes to the workload's pods, and mounts them into the ``container`` that a mount names, or into all."""
        document = {"volumes": [dict(it) for it in volumes], "mounts": [dict(it) for it in mounts]}
        return Patch("other", ("volumes", document))

    @staticmethod
    def json(id: str, operations: list[Any]) -> Patch:
        """Changes another resource by a JSON Patch (RFC 6902): a list of operations."""
        return Patch("json-patch", (id, operations))

    @staticmethod
    def merge(id: str, document: Any) -> Patch:
        """Changes another resource by a JSON Merge Patch (RFC 7396)."""
        return Patch("merge-patch", (id, document))


@dataclass
class Generated:
    """A secret that the host draws once and keeps."""

    length: int
    alphabet: str


@dataclass
class External:
    """A secret that the host reads from the workspace's secret store."""

    reference: str


@dataclass
class Secret:
    """A secret a module asks for and never sees; ``Request.secret_reference`` stands for its value."""

    name: str
    source: Union[Generated, External]

    @staticmethod
    def generated(name: str, length: int, alphabet: str = "") -> Secret:
        """Asks for a random text, drawn once and kept; without ``alphabet`` of letters and digits."""
        return Secret(name, Generated(length, alphabet))

    @staticmethod
    def external(name: str, reference: str) -> Secret:
        """Asks for a value of the workspace's secret store, by a reference somebody wrote."""
        return Secret(name, External(reference))


@dataclass
class Output:
    """The answer to a request, built step by step."""

    resources: list[Resource] = field(default_factory=list)
    patches: list[Patch] = field(default_factory=list)
    secrets: list[Secret] = field(default_factory=list)
    needs: list[Need] = field(default_factory=list)
    extensions: dict[str, Any] = field(default_factory=dict)

    def resource(self, *resources: Resource) -> Output:
        """Adds resources."""
        self.resources.extend(resources)
        return self

    def patch(self, *patches: Patch) -> Output:
        """Adds patches."""
        self.patches.extend(patches)
        return self

    def secret(self, *secrets: Secret) -> Output:
        """Asks for secrets."""
        self.secrets.extend(secrets)
        return self

    def need(self, *needs: Need) -> Output:
        """Asks the host to read something and to call again."""
        self.needs.extend(needs)
        return self
