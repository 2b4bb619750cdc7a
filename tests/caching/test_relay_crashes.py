"""Relays that are killed or stopped at any point lose nothing, whoever else relays (P4).

Real processes, PostgreSQL and Redis: what was invalidated is read from the log in Redis itself.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

import pytest
from django.db import connections

from caching.models import Outbox
from tests import postgres, redis
from tests.caching.hearing import PATIENCE
from tests.databases import as_default, migrate
from tests.factories import make_author

ROOT = Path(__file__).resolve().parents[2]

# A relay that does something to itself at one point of its first pass.
_RELAY = """
import os, signal, sys
import django
django.setup()
from contextlib import contextmanager
from caching.relaying import outbox
from caching.relaying.relay import Relay
from caching.shared.onlooker import Onlooker

point, sent = sys.argv[1], signal.Signals[sys.argv[2]]
relaying = outbox.relaying

def reached(name):
    global point
    if name == point:
        point = "never again"
        print("reached", flush=True)
        os.kill(os.getpid(), sent)

@contextmanager
def watched():
    reached("nothing taken")
    with relaying() as taken:
        reached("rows taken")
        yield taken
        reached("invalidated")
    reached("committed")

outbox.relaying = watched
Relay(Onlooker(), None, interval=0.01).run()
"""
POINTS = ["nothing taken", "rows taken", "invalidated", "committed"]


class Services:
    """PostgreSQL with our tables, and Redis."""

    def __init__(self, cluster, shared):
        self.cluster = cluster
        self.redis = shared
        self.environment = {
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "settings.testing",
            "DATABASE_URL": cluster.url,
            "REDIS_URL": shared.url,
            # What a relay complains of has to be a fault, and not that the machine is busy.
            "READPATH_LEASE": "4",
            "READPATH_REDIS_TIMEOUT": "1",
        }

    @contextmanager
    def relay(self, point="never", sent="SIGKILL"):
        """Run a relay of its own; it is killed in the end."""
        process = subprocess.Popen(
            [sys.executable, "-c", _RELAY, point, sent],
            cwd=ROOT,
            env=self.environment,
            stdout=subprocess.PIPE,
            text=True,
        )
        try:
            yield process
        finally:
            process.kill()
            process.wait(PATIENCE)
            process.stdout.close()

    @contextmanager
    def command(self):
        """Run `manage.py relay`; it is killed in the end."""
        process = subprocess.Popen(
            [sys.executable, "manage.py", "relay"],
            cwd=ROOT,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        try:
            yield process
        finally:
            process.kill()
            process.communicate(timeout=PATIENCE)

    def manage(self, *arguments, **options):
        return subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=ROOT,
            env={**self.environment, **options},
            capture_output=True,
            text=True,
            check=False,
            timeout=PATIENCE,
        )

    def invalidated(self):
        """Return every key that the log in Redis names."""
        records = self.redis.client().xrange("{readpath}:log")
        return {key for _, fields in records for key in fields[b"keys"].decode().split("\n")}

    def wait_until(self, is_true, otherwise):
        deadline = time.monotonic() + PATIENCE
        while not is_true():
            assert time.monotonic() < deadline, otherwise


@pytest.fixture(scope="module")
def _running(django_db_blocker):
    if postgres.programs() is None or not redis.is_installed():
        pytest.skip("PostgreSQL or Redis is missing on this machine")
    with postgres.running_postgres() as cluster, redis.running_redis() as shared:
        with django_db_blocker.unblock(), as_default(cluster.settings):
            migrate()
        yield Services(cluster, shared)


@pytest.fixture
def services(_running, django_db_blocker):
    with django_db_blocker.unblock(), as_default(_running.cluster.settings):
        Outbox.objects.all().delete()
        _running.redis.client().flushall()
        yield _running


def is_empty():
    return not Outbox.objects.exists()


def reached(relay):
    assert relay.stdout.readline() == "reached\n", "the relay did not come to that point"


@pytest.mark.parametrize("point", POINTS)
def test_a_relay_that_is_killed_loses_nothing(services, point):
    author = make_author()
    with services.relay(point) as dying:
        reached(dying)
        assert dying.wait(PATIENCE) == -signal.SIGKILL
    # Nobody else has ever seen what it had taken as gone.
    if point == "committed":
        assert is_empty()
    else:
        assert f"author:{author.pk}" in set(Outbox.objects.values_list("key", flat=True))
    with services.relay():
        services.wait_until(is_empty, "nobody relays")
    assert {f"author:{author.pk}", "authors"} <= services.invalidated()


@pytest.mark.parametrize("point", ["rows taken", "invalidated"])
def test_of_two_relays_the_other_goes_on_at_once(services, point):
    """Both are woken by the same commit; one of them dies with it in its hands."""
    with services.relay() as living, services.relay(point) as dying:
        author = None
        while dying.poll() is None:
            author = make_author()
            services.wait_until(is_empty, "the other does not relay")
            assert f"author:{author.pk}" in services.invalidated()
        assert living.poll() is None
    assert author is not None


@pytest.mark.parametrize("point", POINTS)
def test_a_relay_that_is_stopped_holds_nobody_up(services, point):
    """It may hold the lock for ever; what it has taken is still there for all to see."""
    author = make_author()
    with services.relay(point, "SIGSTOP") as stopped:
        reached(stopped)
        with services.relay():
            for each in (author, make_author()):
                services.wait_until(
                    lambda key=f"author:{each.pk}": key in services.invalidated(), "the other waits for it"
                )
        stopped.send_signal(signal.SIGCONT)
        services.wait_until(is_empty, "it does not go on")


# The command.


def test_the_command_relays_once_and_says_how_much(services):
    author = make_author()
    rows = Outbox.objects.count()
    done = services.manage("relay", "--once")

    assert (done.returncode, done.stdout) == (0, f"relayed {rows} rows of the outbox\n")
    assert f"author:{author.pk}" in services.invalidated()
    assert is_empty()


@pytest.mark.parametrize("ending", [signal.SIGTERM, signal.SIGINT])
def test_the_command_relays_until_it_is_told_to_end(services, ending):
    author = make_author()
    rows = Outbox.objects.count()
    with services.command() as command:
        services.wait_until(is_empty, "the command does not relay")
        command.send_signal(ending)
        said, complained = command.communicate(timeout=PATIENCE)

    assert (command.returncode, complained) == (0, "")
    assert said == f"relayed {rows} rows of the outbox\n"
    assert f"author:{author.pk}" in services.invalidated()


def test_the_command_goes_on_when_redis_or_the_database_goes_away(services):
    with services.command() as command:
        make_author()
        services.wait_until(is_empty, "the command does not relay")
        services.redis.kill()
        author = make_author()
        assert "out of reach" in command.stderr.readline()
        assert not is_empty(), "gone, and nobody has heard of it"
        services.redis.start()
        services.wait_until(is_empty, "Redis is back, and nobody relays")
        assert f"author:{author.pk}" in services.invalidated()

        connections["default"].close()
        services.cluster.stop()
        assert "the outbox cannot be read" in command.stderr.readline()
        services.cluster.start()
        author = make_author()
        services.wait_until(is_empty, "the database is back, and nobody relays")
        assert f"author:{author.pk}" in services.invalidated()
        command.terminate()
        command.communicate(timeout=PATIENCE)
        assert command.returncode == 0


def test_what_cannot_be_relayed_once_waits_on(services):
    services.redis.kill()
    try:
        make_author()
        done = services.manage("relay", "--once")
    finally:
        services.redis.start()

    assert done.returncode == 1
    assert "waits on" in done.stderr.splitlines()[-1]
    assert not is_empty()


def test_without_redis_the_command_refuses_in_one_line(services):
    done = services.manage("relay", REDIS_URL="")

    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "CommandError: REDIS_URL is not set: without Redis only who serves can relay\n"


def test_keys_named_by_hand_go_the_way_of_every_other_change(services):
    done = services.manage("invalidate", "post:42", "posts:tag=9")
    assert done.returncode == 0
    services.manage("relay", "--once")
    assert {"post:42", "posts:tag=9"} <= services.invalidated()

    services.manage("invalidate", "--all")
    with services.relay():
        services.wait_until(is_empty, "nobody relays")
    assert "all" in services.invalidated()
