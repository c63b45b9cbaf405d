"""What a configuration is read as, its schema, and where it does not fit."""

import dataclasses
import unittest
from dataclasses import dataclass
from dataclasses import field as plain
from enum import Enum
from typing import Any, Literal, Optional

from kusion_sdk import Pointer, field
from kusion_sdk.config import Misfit, read, schema


class Protocol(Enum):
    TCP = "tcp"
    UDP = "udp"
    QUIC = "quic"


@dataclass
class Probe:
    seconds: int = 10


@dataclass
class Config:
    """What a developer writes."""

    port: int = field("The port.", minimum=0, maximum=65535)
    ratio: float = 0.5
    protocol: Protocol = Protocol.TCP
    some_labels: dict[str, str] = plain(default_factory=dict)
    paths: Optional[list[str]] = None
    probe: Probe = plain(default_factory=Probe)


@dataclass
class Shelf:
    zone: Literal["a", "b"]
    share: Literal[1, 2] = 1
    ports: list[int] = field("The ports.", default_factory=list, minimum=1, maximum=9)
    names: dict[str, str] = field(default_factory=dict, pattern="^a")
    by_name: dict[str, Protocol] = plain(default_factory=lambda: {"x": Protocol.UDP})
    probes: list[Probe] = plain(default_factory=lambda: [Probe(1)])
    anything: Any = None
    things: list[Any] = plain(default_factory=list)
    load: Optional[float] = None


@dataclass
class Node:
    children: "list[Node]" = plain(default_factory=list)


class Mixed(Enum):
    A = "a"
    B = 2


class Reading(unittest.TestCase):
    def test_names_are_in_camel_case_and_defaults_are_filled_in(self) -> None:
        config = read(Config, {"port": 80, "someLabels": {"a": "b"}, "probe": {}}, Pointer.config())
        self.assertEqual(config, Config(port=80, some_labels={"a": "b"}))

    def test_the_schema_says_what_is_required_and_what_is_the_default(self) -> None:
        described = schema(Config)
        self.assertEqual(described["description"], "What a developer writes.")
        self.assertEqual(described["required"], ["port"])
        properties = described["properties"]
        port = {"type": "integer", "minimum": 0, "maximum": 65535, "description": "The port."}
        self.assertEqual(properties["port"], port)
        self.assertEqual(properties["protocol"], {"type": "string", "enum": ["tcp", "udp", "quic"], "default": "tcp"})
        self.assertEqual(properties["paths"], {"type": "array", "items": {"type": "string"}})
        self.assertEqual(properties["probe"]["default"], {"seconds": 10})

    def test_words_bounds_of_items_and_defaults_of_every_kind_are_described(self) -> None:
        described = schema(Shelf)
        self.assertEqual(described["required"], ["zone"])
        self.assertEqual(
            described["properties"],
            {
                "zone": {"type": "string", "enum": ["a", "b"]},
                "share": {"type": "integer", "enum": [1, 2], "default": 1},
                "ports": {
                    "type": "array",
                    "items": {"type": "integer", "minimum": 1, "maximum": 9},
                    "description": "The ports.",
                    "default": [],
                },
                "names": {
                    "type": "object",
                    "additionalProperties": {"type": "string", "pattern": "^a"},
                    "default": {},
                },
                "byName": {
                    "type": "object",
                    "additionalProperties": {"type": "string", "enum": ["tcp", "udp", "quic"]},
                    "default": {"x": "udp"},
                },
                "probes": {
                    "type": "array",
                    "items": {"type": "object", "properties": {"seconds": {"type": "integer", "default": 10}}},
                    "default": [{"seconds": 1}],
                },
                "anything": {},
                "things": {"type": "array", "items": {}, "default": []},
                "load": {"type": "number"},
            },
        )

    def test_every_type_that_is_described_is_read(self) -> None:
        value = {
            "zone": "b",
            "share": 2.0,
            "ports": [1, 9],
            "byName": {"y": "quic"},
            "probes": [{}],
            "things": [None, {"a": None}, 1],
            "load": 1,
        }
        expected = Shelf("b", 2, [1, 9], {}, {"y": Protocol.QUIC}, [Probe()], None, [None, {"a": None}, 1], 1.0)
        self.assertEqual(read(Shelf, value, Pointer.config()), expected)

    def test_a_whole_number_is_one_however_it_is_written(self) -> None:
        for written, expected in [(9007199254740993, 9007199254740993), (1e30, int(1e30)), (80.0, 80)]:
            port = read(Probe, {"seconds": written}, Pointer.config()).seconds
            self.assertEqual((port, type(port)), (expected, int))

    def test_a_type_without_a_schema_is_named_with_its_field(self) -> None:
        known = "it can be bool, int, float, str, list, dict, Literal, an Enum, a dataclass, Any, or Optional of one"
        cases: list[tuple[Any, str]] = [
            (tuple[str, ...], f"`C.it` has the type `tuple[str, ...]`, which no configuration has; {known}"),
            (set, f"`C.it` has the type `set`, which no configuration has; {known}"),
            (int | str, f"`C.it` has the type `int | str`, which no configuration has; {known}"),
            (list[bytes], f"`C.it` has the type `bytes`, which no configuration has; {known}"),
            (dict[int, str], "`C.it` is a dict whose keys are no texts"),
            (Literal["a", 1], "`C.it` has words that are neither all texts nor all whole numbers"),
            (Mixed, "`C.it` has words that are neither all texts nor all whole numbers"),
            (Node, "`Node.children` makes `Node` contain itself, and so it has no schema"),
        ]
        for type_, message in cases:
            owner = dataclasses.make_dataclass("C", [("it", type_)])
            for ask in (schema, lambda owner: read(owner, {}, Pointer.config())):
                with self.subTest(message), self.assertRaises(TypeError) as caught:
                    ask(owner)
                self.assertEqual(str(caught.exception), message)
        owner = dataclasses.make_dataclass("C", [("it", bool, field(minimum=1))])
        with self.assertRaises(TypeError) as caught:
            schema(owner)
        self.assertEqual(str(caught.exception), "`C.it` has a minimum, which the type `bool` does not take")

    def test_what_does_not_fit_is_pointed_at(self) -> None:
        cases: list[tuple[Any, str, str]] = [
            ({"port": "80"}, "/config/port", "expected a whole number from 0 to 65535, found the text `80`"),
            ({"port": 65536}, "/config/port", "expected a whole number from 0 to 65535, found the number 65536"),
            ({"port": 1.5}, "/config/port", "expected a whole number from 0 to 65535, found a number with a fraction"),
            ({}, "/config", "missing field `port`"),
            ({"port": 1, "paths": {}}, "/config/paths", "expected a list, found an object"),
            ({"port": 1, "paths": ["a", 1]}, "/config/paths/1", "expected a text, found the number 1"),
            ({"port": 1, "someLabels": {"a/b": True}}, "/config/someLabels/a~1b", "expected a text, found `true`"),
            (
                {"port": 1, "protocol": "ftp"},
                "/config/protocol",
                "unknown variant `ftp`, expected one of `tcp`, `udp`, `quic`",
            ),
            ([], "/config", "expected an object, found a list"),
        ]
        self.check(Config, cases)
        span = "expected a whole number from 1 to 9"
        self.check(
            Shelf,
            [
                ({"zone": "c"}, "/config/zone", "unknown variant `c`, expected `a` or `b`"),
                ({"zone": 1}, "/config/zone", "expected a text, found the number 1"),
                ({"zone": "a", "share": True}, "/config/share", "expected `1` or `2`, found `true`"),
                ({"zone": "a", "share": 3}, "/config/share", "expected `1` or `2`, found the number 3"),
                ({"zone": "a", "ports": [0]}, "/config/ports/0", f"{span}, found the number 0"),
                ({"zone": "a", "ports": [1e30]}, "/config/ports/0", f"{span}, found the number 1e+30"),
                ({"zone": "a", "ports": [None]}, "/config/ports/0", f"{span}, found nothing"),
                ({"zone": "a", "load": True}, "/config/load", "expected a number, found `true`"),
            ],
        )

    def check(self, type_: Any, cases: list[tuple[Any, str, str]]) -> None:
        for value, pointer, message in cases:
            with self.subTest(value), self.assertRaises(Misfit) as caught:
                read(type_, value, Pointer.config())
            self.assertEqual((str(caught.exception.pointer), caught.exception.message), (pointer, message))
