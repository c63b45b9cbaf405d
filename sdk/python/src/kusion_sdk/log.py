"""Lines for whoever runs kusion, who sees warnings and errors; they never reach a resource.

Outside a component, where only tests run, lines go nowhere.
"""

from __future__ import annotations

try:
    # Here and not later: a component has no files, so that nothing can be imported once it was made.
    from wit_world.imports import log as _host
except ImportError:
    _host = None


def trace(message: object) -> None:
    """Says something only the module's author wants to know."""
    _send("TRACE", message)


def debug(message: object) -> None:
    """Says something that helps to find a mistake."""
    _send("DEBUG", message)


def info(message: object) -> None:
    """Says what the module did."""
    _send("INFO", message)


def warn(message: object) -> None:
    """Says that something works but should be changed."""
    _send("WARN", message)


def error(message: object) -> None:
    """Says that something is wrong; a ``Rejection`` is usually better."""
    _send("ERROR", message)


def _send(level: str, message: object) -> None:
    if _host is not None:
        _host.log(_host.Level[level], str(message))
