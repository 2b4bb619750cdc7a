"""The command starts a server, loads it, deploys meanwhile, and judges what it saw."""

import json
from functools import partial

import pytest

from loadtests.__main__ import main
from loadtests.findings import figures
from loadtests.options import TOKEN_VARIABLE
from loadtests.tally import Tally
from tests.loadtests.origin import running_origin

FEW = 10  # Users.
# How fast this machine is, is not what is tested here.
PATIENT = ("--max-p99", "120", "--min-hit-ratio", "0", "--max-error-share", "0.2")


@pytest.fixture
def run(monkeypatch, tmp_path):
    """Return what runs the command and returns its exit status; the report is in `tmp_path`."""
    return partial(_run, monkeypatch, tmp_path)


def _run(monkeypatch, folder, *arguments):
    monkeypatch.setattr("sys.argv", ["loadtests", "--out", str(folder), *arguments])
    return main()


def _told(folder):
    return json.loads((folder / "report.json").read_text())["scenarios"][0]


def _values(folder):
    return {budget["what"]: budget["value"] for budget in _told(folder)["budgets"]}


def test_a_deploy_under_load_answers_no_5xx_and_nothing_old(run, tmp_path):
    status = run(
        *("short", "--stretch", "0.04", "--rate", "30", "--posts", "30", "--seed", "3"),
        *(
            "--reads-per-edit",
            "8",
            "--reads-per-write",
            "4",
            "--conditional",
            "0.5",
            "--users",
            "20",
            *PATIENT,
        ),
    )
    values, total = _values(tmp_path), _told(tmp_path)["runs"][0]["phases"][-1]

    assert status == 0, values
    assert values["stale reads"] == values["5xx answers"] == 0
    assert "deploy: 1 worker(s) replaced" in _told(tmp_path)["notes"][0]
    assert min(int(total[name]) for name in ("requests", "writes", "304", "checked")) > 0
    assert (tmp_path / "report.html").read_text().count("data:image/png") == 3
    assert all(path.read_bytes().startswith(b"\x89PNG") for path in tmp_path.glob("*.png"))
    assert (tmp_path / "short-locust.html").stat().st_size > 0


@pytest.fixture(scope="module")
def faulty(tmp_path_factory):
    """Return the exit status and the report of a run against a service that has every fault."""
    folder = tmp_path_factory.mktemp("faulty")
    with running_origin(stands_still=0.5) as host, pytest.MonkeyPatch.context() as patched:
        patched.setenv(TOKEN_VARIABLE, "any will do")
        status = _run(
            *(patched, folder, "steady", "--host", host, "--stretch", "0.004", "--rate", "150"),
            *("--reads-per-edit", "5", "--reads-per-write", "5", "--users", str(FEW), *PATIENT),
        )
    return status, folder


def test_a_service_that_forgets_what_it_acknowledged_is_found_out(faulty):
    status, folder = faulty

    assert status == 1
    assert _values(folder)["stale reads"] > 0
    assert "had been acknowledged" in (folder / "report.html").read_text()


def test_a_service_that_stands_still_is_late_for_all_who_were_due(faulty):
    _, folder = faulty
    seen = figures(Tally.from_plain(json.loads((folder / "steady.json").read_text())), 1.0)
    late = sum(seconds > 0.1 for seconds in _durations(seen))

    # Whoever counts from when a request was sent finds one late request for each connection.
    assert late > 2 * FEW


def _durations(seen):
    for place, number in seen.whole.classes.items():
        yield from [1.02**place] * number


def test_a_server_with_silk_on_is_not_timed(run, capsys):
    with running_origin(has_silk=True) as host:
        assert run("short", "--host", host) == 1

    assert "has Silk on" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("scenario", "reason"),
    [
        ("replay", "replay needs --traffic"),
        ("deploy", "only a server that this command has started"),
        ("edits", "edits need --token"),
    ],
)
def test_what_cannot_be_run_here_is_skipped_with_its_reason(run, tmp_path, scenario, reason):
    with running_origin() as host:
        assert run(scenario, "--host", host) == 0

    assert _told(tmp_path)["skipped"].startswith(reason)
    assert reason in (tmp_path / "report.html").read_text()


def test_a_host_that_does_not_answer_is_told_in_one_line(run, capsys):
    assert run("short", "--host", "http://127.0.0.1:1") == 1

    assert capsys.readouterr().err.count("\n") == 1
