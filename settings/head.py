"""How is the head of an answer written, if it was written before?

gunicorn looks at each field of each answer with two regular expressions and joins it with its
neighbours: a third of all that is done, the kernel's work aside, to answer from memory.
The header blocks of stored representations never change (`FixedFields`), so what gunicorn found
in one, and the bytes that it came to, are remembered here. Nothing is looked at less closely:
what is remembered has passed the same check, by the same function, and is the very same object.

Bounded, and forgotten as a whole when it is full: what is asked for often is soon back.
Used by one event loop, without a lock. Says nothing about what is answered.
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple, TypeAlias

from gunicorn.asgi import protocol

from caching.headers import FixedFields

MOST_BLOCKS: Final = 1024  # Of about 2 kB.

# Whether there is a Content-Length, its value, and whether there is a Transfer-Encoding.
Framing: TypeAlias = tuple[bool, bytes | None, bool]

_SCAN: Final = protocol._scan_response_headers
# Fields that gunicorn adds unless the application has sent them.
_ADDED: Final = frozenset({b"date", b"server", b"connection"})


class Written(NamedTuple):
    """A block, what gunicorn's check has found in it, and its lines."""

    block: FixedFields  # Held, so that no other can get its identity.
    framing: Framing
    lines: bytes | None  # None for fields among which gunicorn must look for its own.


_written: Final[dict[int, Written]] = {}


def scan(fields: Any) -> Framing:
    """Check the fields of an answer, unless they have passed before; return how its body is framed."""
    if fields.__class__ is not FixedFields:
        found: Framing = _SCAN(fields)
        return found
    known = _written.get(id(fields))
    return known.framing if known is not None else _remember(fields).framing


def lines_of(fields: Any) -> bytes | None:
    """Return the lines of a block that has passed `scan`, with the Server line; None if unknown."""
    known = _written.get(id(fields))
    return known.lines if known is not None else None


def _remember(fields: FixedFields) -> Written:
    framing = _SCAN(fields)
    lines = None
    if not any(name.lower() in _ADDED for name, _ in fields):
        lines = b"".join(b"%b: %b\r\n" % field for field in fields) + protocol._CACHED_SERVER_HEADER
    if len(_written) >= MOST_BLOCKS:
        _written.clear()
    written = _written[id(fields)] = Written(fields, framing, lines)
    return written
