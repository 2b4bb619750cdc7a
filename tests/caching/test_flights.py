"""A representation is built once, however many ask at a time, and each gets what is new enough (P7, P1)."""

import asyncio
from collections import Counter
from contextlib import asynccontextmanager

import pytest

from caching import flights as flights_module
from caching.coherence import Coherence
from caching.flights import Flights, Overloaded
from caching.l1 import L1
from tests.caching.entries import NOW, make_reply
from tests.caching.origin import PATIENCE, Origin, target_of

OLD, NEW = b'{"state":"old"}', b'{"state":"new"}'
THING = target_of(1)


def may_build():
    """Refuse nobody."""


@asynccontextmanager
async def airport(*, threads=2, queue=10):
    """Yield flights and the origin that they build from, in which one thing is."""
    coherence = Coherence(L1(10_000_000))
    coherence.trust()
    origin = Origin(coherence)
    origin.write("/things/1/", OLD)
    flights = Flights(origin, coherence, threads=threads, queue=queue, clock=origin.clock)
    try:
        async with asyncio.timeout(PATIENCE):
            yield flights, origin
    finally:
        origin.go_on()
        flights.close()


async def ask(flights, number=1):
    landing, collapsed = await flights.obtain(target_of(number), may_build=may_build)
    return landing.result.variants["identity"].body, collapsed


async def asking(flights, number=1):
    """Begin to ask, and return once the request waits."""
    task = asyncio.create_task(ask(flights, number))
    await asyncio.sleep(0)
    return task


def test_five_hundred_concurrent_requests_build_once():
    async def scenario():
        async with airport() as (flights, origin):
            with origin.held_up():
                requests = [await asking(flights) for _ in range(500)]
                await origin.until_building()
            return await asyncio.gather(*requests), origin.builds

    answers, builds = asyncio.run(scenario())

    assert builds == {"/things/1/": 1}
    assert Counter(answers) == {(OLD, False): 1, (OLD, True): 499}


def test_different_representations_are_built_side_by_side():
    async def scenario():
        async with airport(threads=2) as (flights, origin):
            with origin.held_up():
                requests = [await asking(flights, 1), await asking(flights, 2)]
                await origin.until_building(2)
            await asyncio.gather(*requests)
            return origin.builds

    assert asyncio.run(scenario()) == {"/things/1/": 1, "/things/2/": 1}


def test_when_it_has_landed_the_next_request_builds_anew():
    async def scenario():
        async with airport() as (flights, origin):
            await ask(flights)
            assert not flights.is_flying(THING)
            await ask(flights)
            return origin.builds

    assert asyncio.run(scenario()) == {"/things/1/": 2}


# Failures.


def test_a_failure_is_everyones_and_the_next_request_builds_again():
    async def scenario():
        async with airport() as (flights, origin):
            origin.failure = ValueError("the view broke")
            with origin.held_up():
                requests = [await asking(flights) for _ in range(20)]
                await origin.until_building()
            failures = await asyncio.gather(*requests, return_exceptions=True)
            origin.failure = None
            return failures, await ask(flights), origin.builds

    failures, answer, builds = asyncio.run(scenario())

    assert {type(failure) for failure in failures} == {RuntimeError}
    assert answer == (OLD, False)
    assert builds == {"/things/1/": 2}


def test_a_client_that_goes_away_takes_only_its_own_wait_along():
    async def scenario():
        async with airport() as (flights, origin):
            with origin.held_up():
                leader = await asking(flights)
                followers = [await asking(flights) for _ in range(5)]
                await origin.until_building()
                leader.cancel()
                followers[0].cancel()
                await asyncio.gather(leader, followers[0], return_exceptions=True)
            return await asyncio.gather(*followers[1:]), leader.cancelled(), origin.builds

    answers, was_cancelled, builds = asyncio.run(scenario())

    assert was_cancelled
    assert answers == [(OLD, True)] * 4
    assert builds == {"/things/1/": 1}


def test_a_build_lands_in_l1_even_if_every_client_has_gone():
    async def scenario():
        async with airport() as (flights, origin):
            with origin.held_up():
                leader = await asking(flights)
                await origin.until_building()
                leader.cancel()
                await asyncio.gather(leader, return_exceptions=True)
                assert flights.is_flying(THING)
            await asyncio.gather(*flights._tasks)
            return origin.coherence.l1.get(THING.key)

    assert asyncio.run(scenario()) is not None


def test_nobody_waits_for_ever(monkeypatch):
    monkeypatch.setattr(flights_module, "LONGEST_WAIT", 0.02)

    async def scenario():
        async with airport() as (flights, origin):
            with origin.held_up():
                for _ in range(2):
                    with pytest.raises(TimeoutError):
                        await ask(flights)
            await asyncio.gather(*flights._tasks)
            return origin.builds, origin.coherence.l1.get(THING.key)

    builds, entry = asyncio.run(scenario())

    assert builds == {"/things/1/": 1}
    assert entry is not None


# Followers and writes.


def test_a_follower_from_before_the_write_may_have_the_old_answer_but_it_is_not_kept():
    async def scenario():
        async with airport() as (flights, origin):
            with origin.held_up():
                requests = [await asking(flights) for _ in range(3)]
                await origin.until_building()
                origin.write("/things/1/", NEW)
            return await asyncio.gather(*requests), origin

    answers, origin = asyncio.run(scenario())

    assert answers == [(OLD, False), (OLD, True), (OLD, True)]
    assert origin.builds == {"/things/1/": 1}
    assert origin.coherence.l1.get(THING.key) is None


def test_a_follower_from_after_the_write_gets_a_build_of_its_own():
    async def scenario():
        async with airport() as (flights, origin):
            with origin.held_up():
                leader = await asking(flights)
                await origin.until_building()
                origin.write("/things/1/", NEW)
                late = [await asking(flights) for _ in range(50)]
            return await leader, await asyncio.gather(*late), origin

    first, answers, origin = asyncio.run(scenario())

    assert first == (OLD, False)
    assert Counter(answers) == {(NEW, False): 1, (NEW, True): 49}
    assert origin.builds == {"/things/1/": 2}
    assert origin.coherence.l1.get(THING.key).variants["identity"].body == NEW


def test_a_write_to_something_else_bothers_no_follower():
    async def scenario():
        async with airport() as (flights, origin):
            with origin.held_up():
                leader = await asking(flights)
                await origin.until_building()
                origin.write("/things/2/", NEW)
                follower = await asking(flights)
            return await leader, await follower, origin.builds

    assert asyncio.run(scenario()) == ((OLD, False), (OLD, True), {"/things/1/": 1})


def test_a_write_after_its_arrival_bothers_no_follower():
    async def scenario():
        async with airport() as (flights, origin):
            with origin.held_up():
                leader = await asking(flights)
                follower = await asking(flights)
                await origin.until_building()
                origin.write("/things/1/", NEW)
            return await leader, await follower, origin.builds

    assert asyncio.run(scenario()) == ((OLD, False), (OLD, True), {"/things/1/": 1})


def test_a_follower_from_after_a_scheduled_change_gets_a_build_of_its_own():
    async def scenario():
        async with airport() as (flights, origin):
            origin.write("/things/1/", OLD, changes_at=NOW + 10)
            with origin.held_up():
                leader = await asking(flights)
                early = await asking(flights)
                await origin.until_building()
                origin.clock.now = NOW + 10
                origin.rows["/things/1/"] = make_reply(NEW)
                late = await asking(flights)
            return [await request for request in (leader, early, late)], origin.builds

    answers, builds = asyncio.run(scenario())

    assert answers == [(OLD, False), (OLD, True), (NEW, False)]
    assert builds == {"/things/1/": 2}


# Bounds.


def test_past_the_bound_a_launch_is_refused_and_a_follower_is_not():
    async def scenario():
        async with airport(threads=1, queue=1) as (flights, origin):
            with origin.held_up():
                requests = [await asking(flights, 1), await asking(flights, 2)]
                await origin.until_building()
                with pytest.raises(Overloaded):
                    await ask(flights, 3)
                requests.append(await asking(flights, 2))
            await asyncio.gather(*requests)
            return await ask(flights, 3), origin.builds

    _, builds = asyncio.run(scenario())

    assert builds == {"/things/1/": 1, "/things/2/": 1, "/things/3/": 1}


def test_whoever_may_not_launch_may_still_follow():
    class RefusedError(Exception):
        pass

    def refuse():
        raise RefusedError

    async def scenario():
        async with airport() as (flights, origin):
            with pytest.raises(RefusedError):
                await flights.obtain(THING, may_build=refuse)
            assert not flights.is_flying(THING)
            with origin.held_up():
                leader = await asking(flights)
                follower = asyncio.create_task(flights.obtain(THING, may_build=refuse))
                await origin.until_building()
            await leader
            _, collapsed = await follower
            return collapsed, origin.builds

    assert asyncio.run(scenario()) == (True, {"/things/1/": 1})


def test_after_closing_nothing_is_built():
    async def scenario():
        async with airport() as (flights, origin):
            flights.close()
            with pytest.raises(RuntimeError):
                await ask(flights)
            return origin.builds

    assert asyncio.run(scenario()) == {}
