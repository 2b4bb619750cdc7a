"""One of many gets to build, the others learn how it ended, and a dead builder is soon replaced."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import asynccontextmanager, suppress
from typing import Any

import pytest
import redis

from caching.shared import claims, connections, keys
from caching.shared.claims import Claim
from caching.shared.link import Link
from tests.redis import RedisServer, is_installed, running_redis
from tests.shared.workers import PATIENCE, Interposing, configured, interposing, until

pytestmark = pytest.mark.skipif(not is_installed(), reason="redis-server is not installed")

KEY = b"/things/1/"
UNTIL_IT_IS_MADE = 950  # Milliseconds that a claim may live, for another builder to begin within a second.


@pytest.fixture
def server() -> Iterator[RedisServer]:
    with running_redis() as running, configured(running.url, timeout=PATIENCE):
        yield running


@pytest.fixture
def direct(server: RedisServer) -> Iterator[redis.Redis]:
    with server.client() as client:
        yield client


class Builders:
    """Several flights of one event loop that want to build the same URL."""

    def __init__(self, client: Interposing) -> None:
        self.client = client
        self.link = Link()
        self.link.mended()

    def claim(self, key: bytes = KEY) -> Claim:
        return Claim(key, self.client, self.link)


def played(scenario: Callable[[Builders], Coroutine[Any, Any, None]]) -> None:
    """Play a scenario in an event loop of its own."""

    async def play() -> None:
        async with asyncio.timeout(PATIENCE):
            try:
                await scenario(Builders(interposing()))
            finally:
                await connections.close_async_clients()

    asyncio.run(play())


@asynccontextmanager
async def waiting(claim: Claim) -> AsyncIterator[asyncio.Task[int | None]]:
    """Yield the wait for the one who holds the right; it has looked once, in vain."""
    task = asyncio.create_task(claim.other_ended())
    try:
        await asyncio.sleep(0)
        yield task
    finally:
        task.cancel()


@pytest.fixture
def _nobody_dies(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take no builder for dead, however long the machine keeps it waiting."""
    monkeypatch.setattr(claims, "_CLAIMED_FOR", 60_000)


@pytest.mark.usefixtures("server", "_nobody_dies")
class TestClaiming:
    def test_one_of_many_gets_it(self) -> None:
        async def scenario(builders: Builders) -> None:
            claims = [builders.claim() for _ in range(50)]
            made = await asyncio.gather(*(claim.make() for claim in claims))
            assert sum(made) == 1

        played(scenario)

    def test_each_url_has_a_builder_of_its_own(self) -> None:
        async def scenario(builders: Builders) -> None:
            assert await builders.claim(b"/things/1/").make()
            assert await builders.claim(b"/things/2/").make()

        played(scenario)

    def test_when_it_is_given_back_the_next_one_gets_it(self) -> None:
        async def scenario(builders: Builders) -> None:
            first, second = builders.claim(), builders.claim()
            assert await first.make()
            async with first.held():
                assert not await second.make()
            assert await second.make()

        played(scenario)

    def test_it_is_given_back_though_the_build_breaks(self) -> None:
        async def scenario(builders: Builders) -> None:
            first = builders.claim()
            assert await first.make()
            with pytest.raises(ZeroDivisionError):
                async with first.held():
                    raise ZeroDivisionError
            assert await builders.claim().make()

        played(scenario)

    def test_nobody_gives_back_what_is_anothers(self, direct: redis.Redis) -> None:
        """The builder was slow, its claim ran out, and somebody else has claimed since."""

        async def scenario(builders: Builders) -> None:
            slow = builders.claim()
            assert await slow.make()
            async with slow.held():
                direct.set(keys.builder(KEY), "somebody else")
            assert direct.get(keys.builder(KEY)) == b"somebody else"

        played(scenario)

    def test_nobody_renews_what_is_anothers(self, direct: redis.Redis) -> None:
        async def scenario(builders: Builders) -> None:
            slow = builders.claim()
            assert await slow.make()
            renewed = asyncio.Event()
            builders.client.after("EVAL", renewed.set)
            async with slow.held():
                direct.set(keys.builder(KEY), "somebody else", px=100_000)
                await renewed.wait()
                assert direct.pttl(keys.builder(KEY)) > 50_000

        played(scenario)

    def test_once_it_is_given_back_nobody_renews_it_any_more(self) -> None:
        """Though a command hides that the task which renews was cancelled."""

        async def scenario(builders: Builders) -> None:
            claim, renewing = builders.claim(), asyncio.Event()
            assert await claim.make()

            async def hide() -> None:
                renewing.set()
                with suppress(asyncio.CancelledError):
                    await asyncio.sleep(PATIENCE)

            before = asyncio.all_tasks()
            builders.client.before("EVAL", hide)
            async with claim.held():
                await renewing.wait()
            await until(lambda: asyncio.all_tasks() <= before)

        played(scenario)


@pytest.mark.usefixtures("server", "_nobody_dies")
class TestWaiting:
    def test_others_wait_until_it_has_ended(self) -> None:
        async def scenario(builders: Builders) -> None:
            builder, other = builders.claim(), builders.claim()
            assert await builder.make()
            assert not await other.make()
            async with waiting(other) as wait:
                async with builder.held():
                    looked = asyncio.Event()
                    for _ in range(3):
                        builders.client.after("GET", lambda: None)
                    builders.client.after("GET", looked.set)
                    await looked.wait()
                    assert not wait.done()
                assert await wait is None

        played(scenario)

    def test_others_are_told_of_a_failure(self) -> None:
        async def scenario(builders: Builders) -> None:
            builder, others = builders.claim(), [builders.claim() for _ in range(5)]
            assert await builder.make()
            assert not any([await other.make() for other in others])
            async with builder.held():
                builder.fail(503)
            assert [await other.other_ended() for other in others] == [503] * 5

        played(scenario)

    def test_a_failure_is_not_that_of_the_next_builder(self) -> None:
        async def scenario(builders: Builders) -> None:
            first, second, other = (builders.claim() for _ in range(3))
            assert await first.make()
            async with first.held():
                first.fail(500)
            assert await second.make()
            assert not await other.make()
            async with second.held():
                pass
            assert await other.other_ended() is None

        played(scenario)

    def test_a_failure_is_soon_forgotten(self, direct: redis.Redis) -> None:
        async def scenario(builders: Builders) -> None:
            builder = builders.claim()
            assert await builder.make()
            async with builder.held():
                builder.fail(503)
            (name,) = direct.keys("readpath:r:*")
            assert 0 < direct.pttl(name) <= 2_000

        played(scenario)

    def test_when_another_has_claimed_meanwhile_the_wait_is_over(self, direct: redis.Redis) -> None:
        async def scenario(builders: Builders) -> None:
            builder, other = builders.claim(), builders.claim()
            assert await builder.make()
            assert not await other.make()
            direct.set(keys.builder(KEY), "the next one")
            assert await other.other_ended() is None

        played(scenario)


@pytest.mark.usefixtures("server")
class TestDying:
    def test_a_dead_builder_is_replaced_within_a_second(self, direct: redis.Redis) -> None:
        """It had claimed, and was killed."""

        async def scenario(builders: Builders) -> None:
            dead, other = builders.claim(), builders.claim()
            assert await dead.make()
            assert direct.pttl(keys.builder(KEY)) < UNTIL_IT_IS_MADE
            if not await other.make():
                assert await other.other_ended() is None
                assert await other.make()

        played(scenario)

    def test_a_build_that_takes_long_keeps_it(
        self, direct: redis.Redis, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """With a life that a busy machine does not use up between two renewals."""
        lives = 2.0
        monkeypatch.setattr(claims, "_CLAIMED_FOR", int(lives * 1000))

        async def scenario(builders: Builders) -> None:
            claim = builders.claim()
            assert await claim.make()
            began = time.monotonic()
            async with claim.held():
                await until(
                    lambda: time.monotonic() - began > 1.2 * lives or not direct.exists(keys.builder(KEY))
                )
                assert direct.exists(keys.builder(KEY))

        played(scenario)

    def test_renewals_come_several_times_in_its_life(self) -> None:
        assert claims._RENEWED_EVERY * 3 < claims._CLAIMED_FOR / 1000


class TestWithoutRedis:
    def test_everybody_may_build(self, server: RedisServer) -> None:
        async def scenario(builders: Builders) -> None:
            server.kill()
            assert await builders.claim().make()
            assert not builders.link.is_up
            builders.client.before("SET", lambda: pytest.fail("Redis was asked once more"))
            assert await builders.claim().make()

        played(scenario)

    def test_gone_while_one_builds_the_build_goes_on(self, server: RedisServer) -> None:
        async def scenario(builders: Builders) -> None:
            builder = builders.claim()
            assert await builder.make()
            async with builder.held():
                server.kill()
                builder.fail(503)

        played(scenario)

    def test_gone_while_others_wait_they_build_for_themselves(self, server: RedisServer) -> None:
        async def scenario(builders: Builders) -> None:
            builder, other = builders.claim(), builders.claim()
            assert await builder.make()
            assert not await other.make()
            builders.client.after("GET", server.kill)
            assert await other.other_ended() is None
            assert await other.make()

        played(scenario)

    def test_a_full_redis_lets_everybody_build(self) -> None:
        with running_redis(maxmemory="1mb", maxmemory_policy="noeviction") as full, configured(full.url):

            async def scenario(builders: Builders) -> None:
                assert await builders.claim().make()
                assert builders.link.is_up

            played(scenario)
