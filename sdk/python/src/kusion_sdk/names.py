"""Names for resources: unique within a namespace, stable between runs, and short enough.

Every name that does not already fit its rule is changed the same way: characters that are not allowed become ``-``,
the text is cut, and a short hash of the whole original text is appended, so that two different texts keep two
different names. The SDKs of all languages make the same names.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .request import Scope

MAX_LENGTH = 63
"""The most characters a Kubernetes label, and so most names, may have."""

PART_OF_LABEL = "app.kubernetes.io/part-of"
"""The label whose value is the project."""

NAME_LABEL = "app.kubernetes.io/name"
"""The label whose value is the app."""

STACK_LABEL = "kusion.io/stack"
"""The label whose value is the stack."""

_HASH_LENGTH = 9
_DNS_LABEL = re.compile(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?")
_LABEL_VALUE = re.compile(r"([A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?)?")


def unique_app_name(scope: Scope) -> str:
    """Builds the name of an app's main resource: ``<project>-<stack>-<app>``, as ``dns_label``."""
    return dns_label(_app_text(scope))


def unique_name(scope: Scope, suffix: str) -> str:
    """Builds the name of a further resource of an app: ``<project>-<stack>-<app>-<suffix>``."""
    return with_suffix(_app_text(scope), suffix)


def with_suffix(base: str, suffix: str) -> str:
    """Joins ``base`` and ``suffix`` by a dash into a valid DNS label, keeping the suffix readable."""
    full = f"{base}-{suffix}"
    if _is_dns_label(full):
        return full
    tail = _dns_characters(suffix)
    room = MAX_LENGTH - (_HASH_LENGTH + 1 + len(tail))
    if room <= 0 or not tail:
        return dns_label(full)
    return f"{_cut_and_hash(base, full, room)}-{tail}"


def dns_label(text: str) -> str:
    """Turns any text into a DNS label (RFC 1123). A text that is one already stays as it is."""
    return text if _is_dns_label(text) else _cut_and_hash(text, text, MAX_LENGTH - _HASH_LENGTH)


def service_name(text: str) -> str:
    """Turns any text into the name of a Service, which must begin with a letter (RFC 1035)."""
    name = dns_label(text)
    return dns_label(f"s-{name}") if name[0] in "0123456789" else name


def label_value(text: str) -> str:
    """Turns any text into the value of a label. An empty text is a valid value."""
    if len(text) <= MAX_LENGTH and _LABEL_VALUE.fullmatch(text):
        return text
    replaced = re.sub(r"[^A-Za-z0-9._-]", "-", text[: MAX_LENGTH - _HASH_LENGTH])
    return _join_hash(re.sub(r"^[^A-Za-z0-9]+|[^A-Za-z0-9]+$", "", replaced), text)


def env_suffix(text: str) -> str:
    """Turns any text into the part of an environment variable's name."""
    return re.sub(r"[^A-Za-z0-9]", "_", text).upper()


def app_labels(scope: Scope) -> dict[str, str]:
    """The labels by which an app's pods are found."""
    return {
        PART_OF_LABEL: label_value(scope.project),
        STACK_LABEL: label_value(scope.stack),
        NAME_LABEL: label_value(scope.app),
    }


def _app_text(scope: Scope) -> str:
    return f"{scope.project}-{scope.stack}-{scope.app}"


def _is_dns_label(text: str) -> bool:
    return len(text) <= MAX_LENGTH and _DNS_LABEL.fullmatch(text) is not None


def _dns_characters(text: str) -> str:
    # Only ASCII has its case changed, whatever else Unicode calls a capital letter.
    lower = re.sub(r"[A-Z]", lambda found: found[0].lower(), text)
    return re.sub(r"[^a-z0-9]", "-", lower).strip("-")


def _cut_and_hash(text: str, full: str, room: int) -> str:
    return _join_hash(_dns_characters(text)[:room].rstrip("-"), full)


def _join_hash(head: str, full: str) -> str:
    return f"{head or 'x'}-{_short_hash(full)}"


def _short_hash(text: str) -> str:
    """64-bit FNV-1a folded to eight hexadecimal digits. It tells names apart; it protects nothing."""
    value = 0xCBF29CE484222325
    for byte in text.encode():
        value = (value ^ byte) * 0x100000001B3 & 0xFFFFFFFFFFFFFFFF
    return f"{(value >> 32) ^ (value & 0xFFFFFFFF):08x}"
