"""What goes wrong meanwhile? Each fault is a function that does it, and undoes it, while all goes on.

None of them lets anything stale be kept: an edge that was restarted has forgotten all, one that could
not be told goes on serving what it has, which is why a purge waits for it.
"""

from __future__ import annotations

import signal
import time
from collections.abc import Callable
from contextlib import suppress

import psycopg

from tests.edges.chaos.stage import Edge, Stage
from tests.redis import wait_until

AWAY = 1.2  # Seconds for which something is away; the purger gives a call up after two.
_LEASE = 2.0  # Seconds, as the settings say.

Fault = Callable[[Stage, float], None]


def _one_of(stage: Stage, dice: float) -> Edge:
    edges = list(stage.edges.values())
    return edges[int(dice * len(edges))]


def purge_command_killed(stage: Stage, dice: float) -> None:
    """Kill `manage.py purge --follow` and start another, which waits for its turn."""
    del dice
    stage.kill_follower()
    stage.start_follower()


def purging_worker_killed(stage: Stage, dice: float) -> None:
    """Kill the worker that purges, with calls under way or not; then the command takes over.

    Which worker it is does not show, so all are killed until the session that had the role is gone.
    """
    del dice
    stage.kill_follower()
    wait_until(lambda: _holder(stage) is not None, "no worker begins to purge")
    before = _holder(stage)
    stage.start_follower()

    def is_killed() -> bool:
        for worker in stage.fleet.workers:
            with suppress(ProcessLookupError):
                stage.fleet.kill(worker)
        return _holder(stage) != before

    wait_until(is_killed, "the one who purges lives on")


def edge_restarted(stage: Stage, dice: float) -> None:
    """Kill an edge and start it at once: it has forgotten everything."""
    edge = _one_of(stage, dice)
    edge.varnish.kill()
    edge.varnish.start()


def edge_stopped_for_a_while(stage: Stage, dice: float) -> None:
    """Stop an edge, and start it later: purges fail meanwhile."""
    edge = _one_of(stage, dice)
    edge.varnish.stop()
    time.sleep(AWAY)
    edge.varnish.start()


def edge_stood_still(stage: Stage, dice: float) -> None:
    """Let an edge stand still, and go on with all that it had kept."""
    edge = _one_of(stage, dice)
    edge.pause()
    time.sleep(AWAY * 2)
    edge.resume()


def edge_cut_off(stage: Stage, dice: float) -> None:
    """Let no purge reach an edge, which goes on serving."""
    edge = _one_of(stage, dice)
    edge.wire.cut()
    time.sleep(AWAY * 2)
    edge.wire.mend()


def purges_swallowed(stage: Stage, dice: float) -> None:
    """Let the network swallow the purges of an edge for longer than a call is waited for."""
    edge = _one_of(stage, dice)
    edge.wire.hang()
    time.sleep(AWAY * 2)
    edge.wire.mend()


def redis_restarted(stage: Stage, dice: float) -> None:
    """Kill Redis and start it, empty."""
    del dice
    stage.fleet.redis.kill()
    stage.fleet.redis.start()


def redis_away(stage: Stage, dice: float) -> None:
    """Let Redis be away for longer than a lease."""
    del dice
    stage.fleet.redis.kill()
    time.sleep(_LEASE * 1.5)
    stage.fleet.redis.start()


def origin_killed(stage: Stage, dice: float) -> None:
    """Kill the service as a whole, with all workers, and start it."""
    del dice
    stage.fleet.stop(signal.SIGKILL)
    stage.fleet.start()


def origin_restarted(stage: Stage, dice: float) -> None:
    """Stop the service in order, and start it."""
    del dice
    stage.fleet.stop()
    stage.fleet.start()


def sessions_ended(stage: Stage, dice: float) -> None:
    """End every session of PostgreSQL, the purger's among them."""
    del dice
    stage.fleet.cluster.terminate_connections()


FAULTS: dict[str, Fault] = {
    fault.__name__.replace("_", " "): fault
    for fault in (
        purge_command_killed,
        purging_worker_killed,
        edge_restarted,
        edge_stopped_for_a_while,
        edge_stood_still,
        edge_cut_off,
        purges_swallowed,
        redis_restarted,
        redis_away,
        origin_killed,
        origin_restarted,
        sessions_ended,
    )
}

# One of each kind, for who has little time.
BRIEF = (
    "purge command killed",
    "purging worker killed",
    "edge restarted",
    "edge cut off",
    "redis restarted",
    "origin killed",
)


def _holder(stage: Stage) -> int | None:
    try:
        return stage.holder()
    except psycopg.Error:
        return None
