"""What a configuration is read as, its schema, and where it does not fit."""

import unittest
from dataclasses import dataclass
from dataclasses import field as plain
from enum import Enum
from typing import Any, Optional

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
        for value, pointer, message in cases:
            with self.subTest(value), self.assertRaises(Misfit) as caught:
                read(Config, value, Pointer.config())
            self.assertEqual((str(caught.exception.pointer), caught.exception.message), (pointer, message))
