"""The command puts Varnish in front of its server, has it told of writes, and finds nothing old there."""

import json
import shutil
from pathlib import Path

import pytest

from loadtests.__main__ import main

PROGRAMS = "/usr/bin:/usr/local/bin:/usr/sbin:/usr/local/sbin"
IS_INSTALLED = shutil.which("varnishd", path=PROGRAMS) and any(Path("/usr").glob("lib*/**/libvmod_xkey.so"))


@pytest.mark.skipif(not IS_INSTALLED, reason="Varnish with varnish-modules is not installed here")
def test_a_load_through_varnish_is_told_of_every_write(monkeypatch, tmp_path):
    monkeypatch.setattr(
        "sys.argv",
        [
            *("loadtests", "steady", "--edge", "varnish", "--rebound", "0.2", "--out", str(tmp_path)),
            *("--stretch", "0.009", "--rate", "60", "--posts", "10", "--users", "20"),
            *("--reads-per-edit", "8", "--reads-per-write", "8", "--conditional", "0.3"),
            # How fast this machine is, is not what is tested here.
            *("--max-p99", "120", "--min-hit-ratio", "0", "--max-error-share", "0.2", "--grace", "10"),
        ],
    )
    status = main()
    (chapter,) = json.loads((tmp_path / "report.json").read_text())["scenarios"]
    values = {budget["what"]: budget["value"] for budget in chapter["budgets"]}
    phases, edge = chapter["runs"][0]["phases"][-1], chapter["runs"][0]["edge"][-1]
    passed_on, reads = int(edge["at the origin"]), int(edge["reads"])

    assert status == 0, chapter
    assert values["stale reads"] == values["stale at the edge when all was purged"] == 0
    assert min(int(phases["writes"]), int(phases["checked"]), passed_on) > 0
    # Everything was there before the first write, so what came through is what writes have changed.
    assert passed_on < reads
    assert float(edge["edge hit ratio"].rstrip("%")) > 0
    assert "every purge was done: 0 of" in chapter["notes"][0]
    assert (tmp_path / "steady-origin-share.png").read_bytes().startswith(b"\x89PNG")
