"""One thing to create, whatever runs it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

_IS_WORKLOAD = "kusion.io/is-workload"


@dataclass
class Resource:
    """A Kubernetes object or a resource of a provider; ``kubernetes.object`` makes one."""

    id: str
    type: str
    attributes: dict[str, Any]
    depends_on: list[str] = field(default_factory=list)
    extensions: dict[str, Any] = field(default_factory=dict)

    def workload(self) -> Resource:
        """Marks the resource that runs the app's containers; a module of kind ``workload`` marks exactly one."""
        return self.extension(_IS_WORKLOAD, True)

    def after(self, id: str) -> Resource:
        """Adds the id of a resource that must exist before this one."""
        self.depends_on.append(id)
        return self

    def extension(self, key: str, value: Any) -> Resource:
        """Adds a fact for the host."""
        self.extensions[key] = value
        return self

    def path_reference(self, attribute: str) -> str:
        """The text that stands for an attribute of this resource, see ``path_reference``."""
        return path_reference(self.id, attribute)


def path_reference(id: str, attribute: str) -> str:
    """The text that stands for an attribute of another resource until it is known."""
    return f"$kusion_path.{id}.{attribute}"
