"""Another process that writes to the server's database: a shell, a script, another service."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from typing import Any, Self

from tests.server import ROOT, Server

SETTLES_WITHIN = 30.0  # Seconds.

_LOOP = """
import json, sys, traceback
import django
django.setup()
from django.db import connection, transaction
from django.utils import timezone
from api.models import *
from tests import factories
for line in sys.stdin:
    try:
        exec(json.loads(line), globals())
        print(json.dumps({"value": globals().pop("result", None)}), flush=True)
    except BaseException:
        print(json.dumps({"error": traceback.format_exc()}), flush=True)
"""


class Writer:
    """Runs statements, one after the other, in one Python process with Django set up."""

    def __init__(self, server: Server) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-c", _LOOP],
            cwd=ROOT,
            env=server.environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def run(self, code: str) -> Any:
        """Run the code; return what it assigned to `result`."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(code) + "\n")
        self._process.stdin.flush()
        answer = json.loads(self._process.stdout.readline())
        assert "error" not in answer, answer["error"]
        return answer["value"]

    def settle(self) -> None:
        """Return once all that was written so far has been relayed: the outbox is empty then."""
        deadline = time.monotonic() + SETTLES_WITHIN
        while self.run("from caching.models import Outbox; result = Outbox.objects.exists()"):
            assert time.monotonic() < deadline, "nobody relays"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(timeout=30)
        assert self._process.stdout is not None
        self._process.stdout.close()
