"""The service, with one URL more: what its memory holds. For measurements, never served in public."""

from __future__ import annotations

import _sqlite3
import ctypes
import json
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from benchmarks.processes import HELD
from settings.asgi import application as service

_l1 = service.l1


class _Mallinfo(ctypes.Structure):
    """What glibc's `mallinfo2` tells."""

    _names = (
        "arena",
        "ordblks",
        "smblks",
        "hblks",
        "hblkhd",
        "usmblks",
        "fsmblks",
        "uordblks",
        "fordblks",
        "keepcost",
    )
    _fields_ = [(name, ctypes.c_size_t) for name in _names]


async def application(
    scope: MutableMapping[str, Any],
    receive: Callable[[], Awaitable[MutableMapping[str, Any]]],
    send: Callable[[MutableMapping[str, Any]], Awaitable[None]],
) -> None:
    """Answer what the service answers, and what it holds."""
    if scope["type"] != "http" or scope["path"] != HELD:
        await service(scope, receive, send)
        return
    body = json.dumps(_held()).encode()
    fields = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": 200, "headers": fields})
    await send({"type": "http.response.body", "body": body})


def _held() -> dict[str, Any]:
    return {
        "bytes": _l1.bytes,
        "budget": _l1.budget,
        "entries": len(_l1),
        "evicted": _l1.evicted,
        "outcomes": dict(service.outcomes),
        "sqlite_bytes": _sqlite_bytes(),
        **_allocator(),
    }


def _sqlite_bytes() -> int:
    """Return what SQLite has allocated in this process: above all, each connection's own cache of pages."""
    memory_used = ctypes.CDLL(_sqlite3.__file__).sqlite3_memory_used
    memory_used.restype = ctypes.c_int64
    return int(memory_used())


def _allocator() -> dict[str, int]:
    """Return what the C library has handed out, and what it keeps for later; nothing where it is another."""
    try:
        mallinfo = ctypes.CDLL(None).mallinfo2
    except AttributeError:
        return {}
    mallinfo.restype = _Mallinfo
    found = mallinfo()
    return {"allocated_bytes": found.uordblks + found.hblkhd, "kept_free_bytes": found.fordblks}
