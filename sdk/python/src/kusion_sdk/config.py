"""Dataclasses as configuration: their JSON Schema, and reading JSON into them with a pointer to what does not fit.

Field names become ``camelCase`` in YAML unless ``field(name=…)`` says otherwise.
"""

from __future__ import annotations

import dataclasses
import enum
import types
from typing import Any, Optional, Union, get_args, get_origin, get_type_hints

from .pointer import Pointer

_INFO = "kusion"


def field(
    description: str = "",
    *,
    default: Any = dataclasses.MISSING,
    default_factory: Any = dataclasses.MISSING,
    name: Optional[str] = None,
    minimum: Optional[int] = None,
    maximum: Optional[int] = None,
    pattern: Optional[str] = None,
) -> Any:
    """A field of a configuration; one without a default is required."""
    info = {"description": description, "name": name, "minimum": minimum, "maximum": maximum, "pattern": pattern}
    return dataclasses.field(default=default, default_factory=default_factory, metadata={_INFO: info})


class Misfit(Exception):
    """Says where a value does not fit its type."""

    def __init__(self, pointer: Pointer, message: str) -> None:
        super().__init__(message)
        self.pointer = pointer
        self.message = message


def schema(type_: Any) -> dict[str, Any]:
    """The JSON Schema of a configuration."""
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **_schema(type_, {})}


def read(type_: Any, value: Any, pointer: Pointer) -> Any:
    """Reads JSON into a type. Raises a ``Misfit``."""
    return _read(type_, {}, value, pointer)


def _schema(type_: Any, info: dict[str, Any]) -> dict[str, Any]:
    type_ = _without_none(type_)
    bounds = {key: info[key] for key in ("minimum", "maximum", "pattern") if info.get(key) is not None}
    if dataclasses.is_dataclass(type_):
        properties = {}
        required = []
        for member, hint, inner, key in _fields(type_):
            property_ = _schema(hint, inner)
            if inner.get("description"):
                property_["description"] = inner["description"]
            default = _default(member)
            if default is dataclasses.MISSING:
                required.append(key)
            elif default is not None:
                property_["default"] = _plain(default)
            properties[key] = property_
        result: dict[str, Any] = {"type": "object", "properties": properties}
        if _doc(type_):
            result["description"] = _doc(type_)
        return {**result, "required": required} if required else result
    if isinstance(type_, type) and issubclass(type_, enum.Enum):
        return {"type": "string", "enum": [word.value for word in type_]}
    origin, arguments = get_origin(type_), get_args(type_)
    if origin is list:
        return {"type": "array", "items": _schema(arguments[0], {})}
    if origin is dict:
        return {"type": "object", "additionalProperties": _schema(arguments[1], {})}
    names = {bool: "boolean", int: "integer", float: "number", str: "string"}
    return {"type": names[type_], **bounds} if type_ in names else {}


def _read(type_: Any, info: dict[str, Any], value: Any, pointer: Pointer) -> Any:
    type_ = _without_none(type_)
    if dataclasses.is_dataclass(type_):
        if not isinstance(value, dict):
            raise _unfit(pointer, "an object", value)
        members = {}
        for member, hint, inner, key in _fields(type_):
            given = value.get(key)
            if given is not None:
                members[member.name] = _read(hint, inner, given, pointer.key(key))
            elif _default(member) is dataclasses.MISSING:
                raise Misfit(pointer, f"missing field `{key}`")
        return type_(**members)
    if isinstance(type_, type) and issubclass(type_, enum.Enum):
        words = [word.value for word in type_]
        if not isinstance(value, str):
            raise _unfit(pointer, "a text", value)
        if value not in words:
            raise Misfit(pointer, f"unknown variant `{value}`, expected {_one_of(words)}")
        return type_(value)
    origin, arguments = get_origin(type_), get_args(type_)
    if origin is list:
        if not isinstance(value, list):
            raise _unfit(pointer, "a list", value)
        return [_read(arguments[0], {}, item, pointer.index(at)) for at, item in enumerate(value)]
    if origin is dict:
        if not isinstance(value, dict):
            raise _unfit(pointer, "an object", value)
        return {key: _read(arguments[1], {}, item, pointer.key(key)) for key, item in value.items()}
    if type_ is bool:
        fits, wanted = isinstance(value, bool), "a boolean"
    elif type_ is int:
        fits, wanted = isinstance(value, int) and not isinstance(value, bool), f"a whole number{_range(info)}"
    elif type_ is float:
        fits, wanted = isinstance(value, (int, float)) and not isinstance(value, bool), f"a number{_range(info)}"
    elif type_ is str:
        fits, wanted = isinstance(value, str), "a text"
    else:
        return value
    if fits and type_ in (int, float):
        fits = (info.get("minimum") is None or value >= info["minimum"]) and (
            info.get("maximum") is None or value <= info["maximum"]
        )
    if not fits:
        raise _unfit(pointer, wanted, value)
    return float(value) if type_ is float else value


def _fields(type_: Any) -> list[tuple[Any, Any, dict[str, Any], str]]:
    hints = get_type_hints(type_)
    result = []
    for member in dataclasses.fields(type_):
        info = member.metadata.get(_INFO, {})
        result.append((member, hints[member.name], info, info.get("name") or _camel(member.name)))
    return result


def _default(member: Any) -> Any:
    if member.default_factory is not dataclasses.MISSING:
        return member.default_factory()
    return member.default


def _plain(value: Any) -> Any:
    if isinstance(value, enum.Enum):
        return value.value
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        members = {key: getattr(value, member.name) for member, _, _, key in _fields(type(value))}
        return {key: _plain(member) for key, member in members.items() if member is not None}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return value


def _without_none(type_: Any) -> Any:
    if get_origin(type_) in (Union, types.UnionType):
        kept = [it for it in get_args(type_) if it is not type(None)]
        if len(kept) == 1:
            return kept[0]
    return type_


def _doc(type_: Any) -> str:
    # A dataclass without a docstring gets its signature for one.
    doc = type_.__doc__ or ""
    return "" if doc.startswith(f"{type_.__name__}(") else doc.strip()


def _camel(name: str) -> str:
    first, *rest = name.rstrip("_").split("_")
    return first + "".join(part.capitalize() for part in rest)


def _one_of(words: list[str]) -> str:
    quoted = [f"`{word}`" for word in words]
    return f"one of {', '.join(quoted)}" if len(quoted) > 2 else " or ".join(quoted)


def _range(info: dict[str, Any]) -> str:
    minimum, maximum = info.get("minimum"), info.get("maximum")
    if minimum is not None and maximum is not None:
        return f" from {minimum} to {maximum}"
    if minimum is not None:
        return ", not negative" if minimum == 0 else f", at least {minimum}"
    return "" if maximum is None else f", at most {maximum}"


def _unfit(pointer: Pointer, wanted: str, value: Any) -> Misfit:
    return Misfit(pointer, f"expected {wanted}, found {_found(value)}")


def _found(value: Any) -> str:
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return "`true`" if value else "`false`"
    if isinstance(value, int):
        return f"the number {value}"
    if isinstance(value, float):
        return "a number with a fraction"
    if isinstance(value, str):
        return f"the text `{value}`"
    return "a list" if isinstance(value, list) else "an object"
