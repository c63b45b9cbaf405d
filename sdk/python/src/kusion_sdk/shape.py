"""The types that a configuration can have: what each is in a JSON Schema, and how it is read."""

from __future__ import annotations

import dataclasses
import enum
import functools
import types
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from .misfit import Misfit, one_of, unfit
from .pointer import Pointer

INFO = "kusion"
"""The key under which a dataclass keeps what ``field`` said."""

_BOUNDS = {bool: (), int: ("minimum", "maximum"), float: ("minimum", "maximum"), str: ("pattern",)}


class Shape(ABC):
    """A type."""

    @abstractmethod
    def schema(self) -> dict[str, Any]:
        """Its JSON Schema."""

    @abstractmethod
    def read(self, value: Any, pointer: Pointer) -> Any:
        """Reads JSON. Raises a ``Misfit``."""


@functools.cache
def shape(type_: Any) -> Shape:
    """The shape of a configuration. Raises a ``TypeError`` that names the field whose type has none."""
    return _shape(type_, _Place("the configuration"))


@dataclass(frozen=True)
class _Place:
    """Where a type stands: in which field, within which dataclasses, and with which bounds."""

    name: str
    within: tuple[Any, ...] = ()
    bounds: Mapping[str, Any] = dataclasses.field(default_factory=dict)

    def error(self, problem: str) -> TypeError:
        return TypeError(f"{self.name} {problem}")


def _shape(type_: Any, place: _Place) -> Shape:
    type_ = _without_none(type_)
    origin, arguments = get_origin(type_), get_args(type_)
    if type_ is list or origin is list:
        # What bounds a list bounds its items.
        return _List(_shape(arguments[0] if arguments else Any, place))
    if type_ is dict or origin is dict:
        if arguments and arguments[0] is not str:
            raise place.error("is a dict whose keys are no texts")
        return _Dict(_shape(arguments[1] if arguments else Any, place))
    for bound in place.bounds:
        if bound not in _BOUNDS.get(type_, ()):
            raise place.error(f"has a {bound}, which the type `{_name(type_)}` does not take")
    if type_ in _SCALARS:
        return _Scalar(type_, place.bounds)
    if type_ is Any:
        return _Anything()
    if isinstance(type_, type) and dataclasses.is_dataclass(type_):
        if type_ in place.within:
            raise place.error(f"makes `{type_.__name__}` contain itself, and so it has no schema")
        return _Object(type_, (*place.within, type_))
    if isinstance(type_, type) and issubclass(type_, enum.Enum):
        return _Words({word.value: word for word in type_}, place)
    if origin is Literal:
        return _Words({word: word for word in arguments}, place)
    known = "bool, int, float, str, list, dict, Literal, an Enum, a dataclass, Any, or Optional of one"
    raise place.error(f"has the type `{_name(type_)}`, which no configuration has; it can be {known}")


class _Member:
    """A field of a dataclass."""

    def __init__(self, owner: Any, member: dataclasses.Field[Any], type_: Any, within: tuple[Any, ...]) -> None:
        info = member.metadata.get(INFO, {})
        bounds = {key: info[key] for key in ("minimum", "maximum", "pattern") if info.get(key) is not None}
        self.name = member.name
        self.key = info.get("name") or _camel(member.name)
        self.description = info.get("description") or ""
        self.field = member
        self.shape = _shape(type_, _Place(f"`{owner.__name__}.{member.name}`", within, bounds))

    @property
    def is_required(self) -> bool:
        absent = dataclasses.MISSING
        return self.field.default is absent and self.field.default_factory is absent

    def default(self) -> Any:
        made = self.field.default_factory
        return self.field.default if made is dataclasses.MISSING else made()


class _Object(Shape):
    """A dataclass."""

    def __init__(self, type_: type[Any], within: tuple[Any, ...]) -> None:
        hints = get_type_hints(type_)
        self.type = type_
        self.members = [_Member(type_, it, hints[it.name], within) for it in dataclasses.fields(type_)]

    def schema(self) -> dict[str, Any]:
        properties = {}
        for member in self.members:
            property_ = member.shape.schema()
            if member.description:
                property_["description"] = member.description
            if not member.is_required:
                default = member.default()
                if default is not None:
                    property_["default"] = _plain(default)
            properties[member.key] = property_
        result: dict[str, Any] = {"type": "object", "properties": properties}
        if _doc(self.type):
            result["description"] = _doc(self.type)
        required = [member.key for member in self.members if member.is_required]
        return {**result, "required": required} if required else result

    def read(self, value: Any, pointer: Pointer) -> Any:
        if not isinstance(value, dict):
            raise unfit(pointer, "an object", value)
        members = {}
        for member in self.members:
            given = value.get(member.key)
            if given is not None:
                members[member.name] = member.shape.read(given, pointer.key(member.key))
            elif member.is_required:
                raise Misfit(pointer, f"missing field `{member.key}`")
        return self.type(**members)


class _Words(Shape):
    """An Enum or a Literal: each word and what it is read as."""

    def __init__(self, words: dict[Any, Any], place: _Place) -> None:
        kinds = {type(word) for word in words}
        if kinds not in ({str}, {int}):
            raise place.error("has words that are neither all texts nor all whole numbers")
        self.words = words
        self.kind = kinds.pop()

    def schema(self) -> dict[str, Any]:
        return {"type": _SCALARS[self.kind], "enum": list(self.words)}

    def read(self, value: Any, pointer: Pointer) -> Any:
        if self.kind is int:
            word = _whole(value)
            if word not in self.words:
                raise unfit(pointer, one_of(list(self.words)), value)
            return self.words[word]
        if not isinstance(value, str):
            raise unfit(pointer, "a text", value)
        if value not in self.words:
            raise Misfit(pointer, f"unknown variant `{value}`, expected {one_of(list(self.words))}")
        return self.words[value]


@dataclass
class _List(Shape):
    items: Shape

    def schema(self) -> dict[str, Any]:
        return {"type": "array", "items": self.items.schema()}

    def read(self, value: Any, pointer: Pointer) -> Any:
        if not isinstance(value, list):
            raise unfit(pointer, "a list", value)
        return [self.items.read(item, pointer.index(at)) for at, item in enumerate(value)]


@dataclass
class _Dict(Shape):
    members: Shape

    def schema(self) -> dict[str, Any]:
        return {"type": "object", "additionalProperties": self.members.schema()}

    def read(self, value: Any, pointer: Pointer) -> Any:
        if not isinstance(value, dict):
            raise unfit(pointer, "an object", value)
        return {key: self.members.read(item, pointer.key(key)) for key, item in value.items()}


_SCALARS = {bool: "boolean", int: "integer", float: "number", str: "string"}


@dataclass
class _Scalar(Shape):
    type: Any
    bounds: Mapping[str, Any]

    def schema(self) -> dict[str, Any]:
        return {"type": _SCALARS[self.type], **self.bounds}

    def read(self, value: Any, pointer: Pointer) -> Any:
        if self.type is bool or self.type is str:
            if not isinstance(value, self.type):
                raise unfit(pointer, "a boolean" if self.type is bool else "a text", value)
            return value
        number = _whole(value)
        if number is None and self.type is float and isinstance(value, float):
            number = value
        if number is None or not self._is_within(number):
            wanted = "a whole number" if self.type is int else "a number"
            raise unfit(pointer, wanted + self._span(), value)
        return self.type(number)

    def _is_within(self, number: Any) -> bool:
        least, most = self.bounds.get("minimum"), self.bounds.get("maximum")
        return (least is None or number >= least) and (most is None or number <= most)

    def _span(self) -> str:
        least, most = self.bounds.get("minimum"), self.bounds.get("maximum")
        if least is not None and most is not None:
            return f" from {least} to {most}"
        if least is not None:
            return ", not negative" if least == 0 else f", at least {least}"
        return "" if most is None else f", at most {most}"


class _Anything(Shape):
    def schema(self) -> dict[str, Any]:
        return {}

    def read(self, value: Any, pointer: Pointer) -> Any:
        return value


def _whole(value: Any) -> Any:
    """The whole number that JSON can also write with a fraction or an exponent; ``None`` for anything else."""
    if isinstance(value, bool):
        return None
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value if isinstance(value, int) else None


def _plain(value: Any) -> Any:
    if isinstance(value, enum.Enum):
        return value.value
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        members = {member.key: getattr(value, member.name) for member in _Object(type(value), ()).members}
        return {key: _plain(member) for key, member in members.items() if member is not None}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if isinstance(value, dict):
        return {key: _plain(member) for key, member in value.items()}
    return value


def _without_none(type_: Any) -> Any:
    if get_origin(type_) in (Union, types.UnionType):
        kept = [it for it in get_args(type_) if it is not type(None)]
        if len(kept) == 1:
            return kept[0]
    return type_


def _name(type_: Any) -> str:
    return type_.__name__ if isinstance(type_, type) and not get_args(type_) else str(type_)


def _doc(type_: Any) -> str:
    # A dataclass without a docstring gets its signature for one.
    doc = type_.__doc__ or ""
    return "" if doc.startswith(f"{type_.__name__}(") else doc.strip()


def _camel(name: str) -> str:
    first, *rest = name.rstrip("_").split("_")
    return first + "".join(part.capitalize() for part in rest)
