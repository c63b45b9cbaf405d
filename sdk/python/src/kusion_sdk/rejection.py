"""How a module says no: a rejection is an answer, not a crash."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Union

from .pointer import Pointer


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong with what a user wrote: lower case, no full stop, names in backticks."""

    pointer: str
    message: str


class Rejection(Exception):
    """Raised by ``generate`` if the request cannot be served."""

    def __init__(
        self, kind: Literal["invalid", "unsupported", "failed"], value: Union[str, list[Problem]]
    ) -> None:
        super().__init__(kind, value)
        self.kind = kind
        self.value = value

    @staticmethod
    def invalid(pointer: Union[Pointer, str], message: str) -> Rejection:
        """Rejects one place of the request; ``Problems`` collects several."""
        return Rejection("invalid", [Problem(str(pointer), message)])

    @staticmethod
    def unsupported(message: str) -> Rejection:
        """Says that this version of the module cannot serve a request that is fine as such."""
        return Rejection("unsupported", message)

    @staticmethod
    def failed(message: str) -> Rejection:
        """Says that something else went wrong."""
        return Rejection("failed", message)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Rejection) and (self.kind, self.value) == (other.kind, other.value)

    __hash__ = Exception.__hash__


class Problems:
    """Collects everything that is wrong, so that a user sees all of it at once."""

    def __init__(self) -> None:
        self._list: list[Problem] = []

    def add(self, pointer: Union[Pointer, str], message: str) -> None:
        """Notes one problem."""
        self._list.append(Problem(str(pointer), message))

    def finish(self) -> None:
        """Raises a rejection with every problem noted, if there is one."""
        if self._list:
            raise Rejection("invalid", self._list)
