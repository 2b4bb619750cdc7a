"""One word says how far this worker may trust what it holds."""

from collections.abc import Iterator

import pytest

from caching import standing as standing_module
from caching.coherence import Coherence, SharedPosition
from caching.l1 import L1
from caching.shared.fleet import Fleet
from caching.standing import Standing, report_from, standing
from tests.redis import is_installed, running_redis
from tests.shared.workers import Worker, settled


@pytest.fixture(autouse=True)
def _reported_by_nobody_else() -> Iterator[None]:
    before = list(standing_module._sources)
    yield
    standing_module._sources[:] = before


def test_before_anybody_says_how_it_stands_it_starts():
    standing_module._sources[:] = [standing_module._starting]

    assert standing() is Standing.STARTING


def test_it_is_what_was_said_last():
    report_from(lambda: Standing.COHERENT)
    report_from(lambda: Standing.CONFIRMING)

    assert standing() is Standing.CONFIRMING


@pytest.mark.skipif(not is_installed(), reason="redis-server is not installed")
def test_a_worker_goes_through_all_of_them():
    with running_redis() as server, settled(server), Worker() as worker:

        def stands() -> Standing:
            return worker.fleet.standing()

        assert stands() is Standing.COHERENT

        worker.relaying.is_database_away = True
        worker.relaying.stop_passing()
        worker.fleet.in_vain()
        assert stands() is Standing.ALONE
        worker.relaying.is_database_away = False
        with worker.fleet.looking():
            pass
        assert stands() is Standing.COHERENT

        server.kill()
        worker.until_distrusting()
        assert stands() is Standing.CONFIRMING
        worker.fleet.in_vain()
        assert stands() is Standing.CUT_OFF
        worker.fleet.reached()
        assert stands() is Standing.CONFIRMING

        worker.fleet.distrust()
        assert stands() is Standing.UNREPORTED


def test_before_the_log_was_heard_a_worker_starts():
    with running_redis() as server, settled(server) as direct:
        coherence = Coherence(L1(1_000_000), leased=True)
        fleet = Fleet(direct, coherence, lease=1.0, heard=lambda _: None, unsettled=lambda: None)

        assert fleet.standing() is Standing.STARTING
        coherence.shared = SharedPosition(b"x", 1)
        assert fleet.standing() is Standing.UNREPORTED
