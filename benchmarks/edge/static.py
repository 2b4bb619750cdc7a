"""What stands behind the other Varnish? One answer for every path, read from a file when it starts.

As `benchmarks/constant.py`, for bodies that are no text: those in a coding.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any, Final

_ANSWER: Final = json.loads(Path(os.environ["BENCHMARK_CONSTANT"]).read_text())
_FIELDS: Final = [(name.encode(), value.encode()) for name, value in _ANSWER["fields"]]
_BODY: Final = _ANSWER["body"].encode("latin-1")


async def application(scope: Any, receive: Any, send: Any) -> None:
    """Answer."""
    if scope["type"] == "http":
        await send({"type": "http.response.start", "status": 200, "headers": _FIELDS})
        await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else _BODY})
    else:
        await receive()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await send({"type": "lifespan.shutdown.complete"})
