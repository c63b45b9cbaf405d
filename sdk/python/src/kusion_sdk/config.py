"""Dataclasses as configuration: their JSON Schema, and reading JSON into them with a pointer to what does not fit.

Field names become ``camelCase`` in YAML unless ``field(name=…)`` says otherwise.
"""

from __future__ import annotations

import dataclasses
from typing import Any, Optional

from .misfit import Misfit
from .pointer import Pointer
from .shape import INFO, shape

__all__ = ["Misfit", "field", "read", "schema"]


def field(
    description: str = "",
    *,
    default: Any = dataclasses.MISSING,
    default_factory: Any = dataclasses.MISSING,
    name: Optional[str] = None,
    minimum: Optional[float] = None,
    maximum: Optional[float] = None,
    pattern: Optional[str] = None,
) -> Any:
    """A field of a configuration; one without a default is required. Bounds of a list or a dict are those of its items.

    Its type is ``bool``, ``int``, ``float``, ``str``, ``list``, ``dict``, ``Literal``, an ``Enum``, a dataclass,
    ``Any``, or ``Optional`` of one.
    """
    info = {"description": description, "name": name, "minimum": minimum, "maximum": maximum, "pattern": pattern}
    return dataclasses.field(default=default, default_factory=default_factory, metadata={INFO: info})


def schema(type_: Any) -> dict[str, Any]:
    """The JSON Schema of a configuration. Raises a ``TypeError`` that names the field whose type has none."""
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **shape(type_).schema()}


def read(type_: Any, value: Any, pointer: Pointer) -> Any:
    """Reads JSON into a type. Raises a ``Misfit``."""
    return shape(type_).read(value, pointer)
