"""Trouble with Redis is met once, and everybody else goes without it at once."""

from __future__ import annotations

import logging

import pytest
import redis

from caching.coherence import OutOfReach
from caching.shared.link import Link
from tests.shared.workers import Moments

GONE = redis.ConnectionError("nobody listens")


def meet(link: Link, trouble: Exception | None = None) -> bool:
    """Use the link; return whether Redis was tried."""
    tried = False
    with link.reaching():
        tried = True
        if trouble is not None:
            raise trouble
    return tried


@pytest.fixture
def clock() -> Moments:
    return Moments()


class TestWithATail:
    def test_nothing_is_in_reach_before_the_tail_has_joined(self, clock: Moments) -> None:
        link = Link(clock=clock)
        with pytest.raises(OutOfReach):
            meet(link)
        link.mended()

        assert meet(link)

    @pytest.mark.parametrize(
        "trouble",
        [
            GONE,
            redis.TimeoutError(),
            redis.ReadOnlyError(),
            redis.BusyLoadingError(),
            OSError(),
            TimeoutError(),
        ],
        ids=lambda trouble: type(trouble).__name__,
    )
    def test_after_trouble_nobody_tries_until_the_tail_gets_through(
        self, clock: Moments, trouble: Exception
    ) -> None:
        link = Link(clock=clock)
        link.mended()
        with pytest.raises(OutOfReach):
            meet(link, trouble)
        clock.now += 3600
        with pytest.raises(OutOfReach):
            meet(link, AssertionError("it was tried"))
        link.mended()

        assert meet(link)

    def test_our_own_mistakes_are_no_trouble(self, clock: Moments) -> None:
        link = Link(clock=clock)
        link.mended()
        with pytest.raises(ZeroDivisionError):
            meet(link, ZeroDivisionError())

        assert link.is_up

    def test_it_tells_for_how_long_redis_is_lost(self, clock: Moments) -> None:
        link = Link(clock=clock)
        clock.now += 1
        link.mended()
        assert link.lost_for() == 0.0
        link.lost(GONE)
        clock.now += 2
        link.lost(GONE)
        clock.now += 3

        assert link.lost_for() == 5.0

    def test_it_is_logged_once(self, clock: Moments, caplog: pytest.LogCaptureFixture) -> None:
        link = Link(clock=clock)
        link.mended()
        caplog.clear()
        with caplog.at_level(logging.INFO, "caching.shared.link"):
            for _ in range(5):
                link.lost(GONE)
            for _ in range(5):
                link.mended()

        assert [record.levelname for record in caplog.records] == ["WARNING", "INFO"]


def test_a_process_without_a_tail_tries_by_itself_now_and_then(clock: Moments) -> None:
    link = Link(retry=1.0, clock=clock)
    assert meet(link)
    with pytest.raises(OutOfReach):
        meet(link, GONE)
    clock.now += 0.9
    with pytest.raises(OutOfReach):
        meet(link, AssertionError("it was tried"))
    clock.now += 0.1

    assert meet(link)
    assert link.lost_for() == 0.0


def test_a_redis_that_is_full_answers_all_the_same(clock: Moments) -> None:
    """Whoever wanted to store goes without; whoever reads or invalidates need not."""
    link = Link(clock=clock)
    link.mended()
    with pytest.raises(OutOfReach):
        meet(link, redis.OutOfMemoryError())

    assert link.is_up
