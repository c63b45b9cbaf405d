"""What does not fit a configuration's types, in words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .pointer import Pointer


class Misfit(Exception):
    """Says where a value does not fit its type."""

    def __init__(self, pointer: Pointer, message: str) -> None:
        super().__init__(message)
        self.pointer = pointer
        self.message = message


def unfit(pointer: Pointer, wanted: str, value: Any) -> Misfit:
    """Something else was expected."""
    return Misfit(pointer, f"expected {wanted}, found {_found(value)}")


def one_of(words: Sequence[Any]) -> str:
    """Words to choose from."""
    quoted = [f"`{word}`" for word in words]
    return f"one of {', '.join(quoted)}" if len(quoted) > 2 else " or ".join(quoted)


def _found(value: Any) -> str:
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return "`true`" if value else "`false`"
    if isinstance(value, int) or isinstance(value, float) and value.is_integer():
        return f"the number {value}"
    if isinstance(value, float):
        return "a number with a fraction"
    if isinstance(value, str):
        return f"the text `{value}`"
    return "a list" if isinstance(value, list) else "an object"
