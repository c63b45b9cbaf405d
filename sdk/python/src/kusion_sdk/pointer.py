"""JSON Pointers (RFC 6901): how a module says which part of the user's text is wrong."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Pointer:
    """A place in ``/config``, ``/platform`` or ``/workload``, written out with ``~`` and ``/`` in keys escaped."""

    text: str

    @staticmethod
    def config() -> Pointer:
        """Points at what the developer wrote for this module."""
        return Pointer("/config")

    @staticmethod
    def platform() -> Pointer:
        """Points at what the platform team wrote for this module."""
        return Pointer("/platform")

    @staticmethod
    def workload() -> Pointer:
        """Points at the app's workload."""
        return Pointer("/workload")

    def key(self, key: str) -> Pointer:
        """Goes on to the member ``key`` of an object."""
        escaped = key.replace("~", "~0").replace("/", "~1")
        return Pointer(f"{self.text}/{escaped}")

    def index(self, index: int) -> Pointer:
        """Goes on to the element ``index`` of a list, counted from zero."""
        return Pointer(f"{self.text}/{index}")

    def name(self) -> Pointer:
        """Means the name of the member that it points at, and not its value."""
        return Pointer(f"{self.text}#")

    def __str__(self) -> str:
        return self.text
