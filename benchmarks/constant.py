"""What could a server answer at best? The same bytes every time, without a question asked.

The limit for an answer from memory: gunicorn's own work and the kernel's, and nothing of
ours. Which answer, the file says that the environment variable names. `BENCHMARK_HEAD_KEPT=1` lets
the worker write the header block once and keep it, as it does for answers of ours that stay as
they are (`settings/head.py`): the limit for whoever knows that worker.
"""

from __future__ import annotations

import json
import os
from collections.abc import Awaitable, Callable, MutableMapping
from pathlib import Path
from typing import Any, Final

from caching.headers import FixedFields

_HEAD: Final = FixedFields if os.environ.get("BENCHMARK_HEAD_KEPT") == "1" else list
_ANSWER: Final = json.loads(Path(os.environ["BENCHMARK_CONSTANT"]).read_text())
_START: Final = {
    "type": "http.response.start",
    "status": 200,
    "headers": _HEAD((name.encode(), value.encode()) for name, value in _ANSWER["fields"]),
}
_BODY: Final = {"type": "http.response.body", "body": _ANSWER["body"].encode()}
_NO_BODY: Final = {"type": "http.response.body", "body": b""}


async def application(
    scope: MutableMapping[str, Any],
    receive: Callable[[], Awaitable[MutableMapping[str, Any]]],
    send: Callable[[MutableMapping[str, Any]], Awaitable[None]],
) -> None:
    """Answer."""
    if scope["type"] == "http":
        await send(_START)
        await send(_NO_BODY if scope["method"] == "HEAD" else _BODY)
    else:
        await receive()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await send({"type": "lifespan.shutdown.complete"})
