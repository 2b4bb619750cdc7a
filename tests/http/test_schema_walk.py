"""What the OpenAPI document says is so: a walk by schemathesis finds no failure.

Every operation, with data that fit the document and data that do not: in all of schemathesis'
phases by an author, and by a client without a token in all but the one that tries each limit of
the document, which is most of the work and finds no other limits. The walk is the same each time.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.http.content import Library
from tests.server import ROOT, Server

EXAMPLES = 8  # Per operation and phase, beyond those that cover the document's own limits.
WITHIN = 600.0  # Seconds.

CONFIGURATION = """
[checks]
# A precondition is looked at before the content (RFC 9110 §13.2.1), and made-up ones fail.
positive_data_acceptance.expected-statuses = ["2xx", "3xx", 401, 403, 404, 409, 412]
negative_data_rejection.expected-statuses = [400, 401, 403, 404, 405, 409, 411, 412, 413, 414, 415, 431]
"""


@pytest.mark.parametrize("client", ["anonymous", "author"])
def test_a_walk_along_the_schema_finds_no_failure(
    client: str, library: Library, server: Server, tmp_path: Path
) -> None:
    configuration = tmp_path / "schemathesis.toml"
    configuration.write_text(CONFIGURATION)
    command = [
        *(sys.executable, "-m", "schemathesis.cli", f"--config-file={configuration}"),
        *("run", f"{server.url}/api/schema/", "--checks=all", "--mode=all", "--continue-on-failure"),
        *("--generation-deterministic", f"--max-examples={EXAMPLES}", "--no-color", "--warnings=off"),
    ]
    if client == "author":
        command.append(f"--header=Authorization: Token {library.token}")
    else:
        command.append("--phases=examples,fuzzing,stateful")
    done = subprocess.run(
        command,
        cwd=tmp_path,
        env={**os.environ, "SCHEMATHESIS_HOOKS": "tests.http.schema_hooks", "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
        timeout=WITHIN,
    )
    assert done.returncode == 0, done.stdout[-20_000:] + done.stderr[-2_000:]
    assert "Traceback" not in server.log.read_text()
