"""`manage.py purge` goes the way of every other change, shows what waits, and can tell the edges itself."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from io import StringIO
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import connections
from django.test import override_settings

from caching import purge_queue
from caching.models import Outbox, Purge
from caching.purging import due
from caching.purging.role import Role
from tests.processes import ROOT, environment
from tests.purging.purging import put, until
from tests.purging.receivers import PATIENCE, TOKEN, Receiver

pytestmark = pytest.mark.usefixtures("database_file")


@pytest.fixture
def edges(receiver: Receiver) -> Iterator[Receiver]:
    """Configure one edge, which has heard of everything."""
    configured = {"EDGES": [f"cdn={receiver.url}&rebound=60"], "PURGE_TOKEN": TOKEN}
    with override_settings(READPATH={**settings.READPATH, **configured}):
        purge_queue.register({"cdn": None})
        Purge.objects.all().delete()
        yield receiver


def run(*arguments: str) -> str:
    said = StringIO()
    call_command("purge", *arguments, stdout=said)
    return said.getvalue()


def refused(*arguments: str) -> tuple[int, str]:
    with pytest.raises(CommandError) as caught:
        call_command("purge", *arguments, stdout=StringIO())
    assert "\n" not in str(caught.value)
    return caught.value.returncode, str(caught.value)


def recorded() -> set[str]:
    return set(Outbox.objects.values_list("key", flat=True))


# Keys.


@pytest.mark.parametrize(
    ("arguments", "labels"),
    [
        (["post:42", "posts:tag=9"], {"post:42", "posts:tag=9"}),
        (["post:42", "--hard"], {"post:42!"}),
        (["post:*"], {"post:*"}),
        (["--all"], {"all"}),
        (["--all", "--hard"], {"all!"}),
    ],
)
def test_keys_go_the_way_of_every_other_change(
    edges: Receiver, arguments: list[str], labels: set[str]
) -> None:
    said = run(*arguments)
    assert recorded() == labels
    assert said.splitlines()[0].endswith(f": {len(labels)} key{'s' if len(labels) > 1 else ''}")
    assert said.splitlines()[1].endswith("at these edges: cdn")


def test_where_no_edge_is_told_of_changes_it_says_so() -> None:
    assert "none has ever been told" in run("post:42")
    assert recorded() == {"post:42"}


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["--all", "post:42"],
        ["--status", "post:42"],
        ["--once", "--follow"],
        ["--status", "--hard"],
        ["--all", "--json"],
        ["Post:42"],
        ["post:42!"],
        ["post:42 post:43"],
        [f"post:{'4' * 40}"],
        [""],
        ["--forget", "unknown"],
        ["--once"],
        ["--follow"],
    ],
    ids=str,
)
def test_what_cannot_be_meant_is_refused_in_one_line(arguments: list[str]) -> None:
    status, line = refused(*arguments)
    assert status == 2
    assert line
    assert recorded() == set()


def test_what_is_no_key_is_told_what_is() -> None:
    assert "1 to 32 characters from a-z, 0-9 and :=._*-" in refused("Post:42")[1]


# Standing.


def test_status_shows_what_waits_and_what_fails(edges: Receiver) -> None:
    put("post:1", "post:2")
    due.settle("cdn", due.take("cdn", most=1, through=None, held_for=0), rebound=9.0, calls=1)
    due.fail("cdn", "it is out of reach", retry_in=5.0)
    headings, row = run("--status").splitlines()
    assert headings.split()[:4] == ["edge", "waiting", "oldest", "again"]
    assert row.split()[:2] == ["cdn", "1"]
    assert row.endswith("it is out of reach")
    shown = json.loads(run("--status", "--json"))["cdn"]
    assert (shown["waiting"], shown["again"], shown["failures"], shown["calls"]) == (1, 1, 1, 1)
    assert shown["failing_for"] >= 0


def test_status_of_no_edge_says_so() -> None:
    assert run("--status") == "no edge has ever been told of changes\n"
    assert json.loads(run("--status", "--json")) == {}


def test_an_edge_is_forgotten_once_it_is_not_configured(edges: Receiver) -> None:
    put("post:1")
    assert refused("--forget", "cdn")[0] == 2
    with override_settings(READPATH={**settings.READPATH, "EDGES": []}):
        run("--forget", "cdn")
    assert not Purge.objects.exists()


# Purging by itself.


def test_once_tells_what_is_due(edges: Receiver) -> None:
    put("post:1")
    assert run("--once") == "nothing waits that is due; calls made: 1\n"
    assert edges.told() >= {"post:1"}
    assert Purge.objects.get().stage == 1


def test_once_says_what_it_could_not_tell_and_why(edges: Receiver) -> None:
    put("post:1", "post:2")
    edges.status = 500
    assert refused("--once") == (1, "still waiting: 2 keys for cdn (it answered 500)")


def test_once_leaves_to_another_what_another_purges(edges: Receiver) -> None:
    put("post:1")
    other = Role.of(connections["default"])
    assert other.acquire()
    status, line = refused("--once")
    other.release()
    assert status == 1
    assert line.startswith("another process purges, still waiting: 1 key for cdn")


def test_follow_purges_until_it_is_told_to_end(database_file: Path, edges: Receiver) -> None:
    put("post:1")
    command = started(database_file, edges, "--follow")
    try:
        edges.until_told("post:1")
        put("post:2")
        edges.until_told("post:2")
        until(lambda: not Purge.objects.filter(stage=0).exists(), "something waits on")
        command.send_signal(signal.SIGTERM)
        said, complained = command.communicate(timeout=PATIENCE)
    finally:
        command.kill()
        command.wait(PATIENCE)
    assert (command.returncode, complained) == (0, "")
    assert said.startswith("calls made: ")
    assert TOKEN not in said


def started(database: Path, receiver: Receiver, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "manage.py", "purge", *arguments],
        cwd=ROOT,
        env=environment(
            DATABASE_URL=f"sqlite:///{database}",
            READPATH_EDGES=f"cdn={receiver.url}&rebound=60",
            READPATH_PURGE_TOKEN=TOKEN,
        ),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
