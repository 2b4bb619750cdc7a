"""An entry that all workers share is used only while nothing that it depends on was invalidated.

Real Redis, real workers; what comes between two commands is made to come between them.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import suppress
from itertools import count

import pytest
import redis

from caching.coherence import OutOfReach, Start
from caching.entry import Entry
from caching.labels import Labelling
from caching.shared import keys
from caching.shared.l2 import L2
from caching.surrogate_keys import EVERYTHING
from tests.caching.entries import POLICY, entry_of
from tests.redis import RedisServer, is_installed, running_redis, wait_until
from tests.shared.workers import LONG_LEASE, Worker, settled, shared_log, state_in, until

pytestmark = pytest.mark.skipif(not is_installed(), reason="redis-server is not installed")

KEY = b"/things/1/"


def thing(body: bytes = b'{"state":"old"}', *, age: float = 0.0, key: bytes = KEY) -> Entry:
    return entry_of(key, now=time.time() - age, body=body, keys=["thing:1", "things"])


@pytest.fixture
def server() -> Iterator[RedisServer]:
    with running_redis() as running:
        yield running


@pytest.fixture
def direct(server: RedisServer) -> Iterator[redis.Redis]:
    with settled(server) as client:
        yield client


@pytest.fixture
def builder(direct: redis.Redis) -> Iterator[Worker]:
    """Yield a worker that builds; the one that reads is another."""
    with Worker(lease=LONG_LEASE) as one:
        yield one


@pytest.fixture
def reader(builder: Worker) -> Iterator[Worker]:
    with Worker(lease=LONG_LEASE) as one:
        yield one


class TestReading:
    def test_what_one_worker_built_another_answers_with_the_same_bytes(
        self, builder: Worker, reader: Worker
    ) -> None:
        built = thing()
        assert builder.fleet.store(built, builder.begin())
        found = reader.l2(KEY)

        assert found is not None
        assert {coding: variant.body for coding, variant in found.variants.items()} == {
            coding: variant.body for coding, variant in built.variants.items()
        }
        assert found.surrogate_keys == built.surrogate_keys
        assert reader.holds(found), "it is promoted"

    def test_what_nobody_built_is_not_there(self, reader: Worker) -> None:
        assert reader.l2(KEY) is None

    @pytest.mark.parametrize("key", ["thing:1", "things", "thing:*", "things:*", EVERYTHING])
    def test_an_entry_is_not_usable_once_one_of_its_keys_was_invalidated(
        self, builder: Worker, reader: Worker, key: str
    ) -> None:
        builder.fleet.store(thing(), builder.begin())
        builder.fleet.invalidate([key])

        assert reader.l2(KEY) is None

    @pytest.mark.parametrize("key", ["thing:1", "things", "thing:*", "things:*", EVERYTHING])
    def test_nor_when_a_younger_entry_has_made_the_generation_anew(
        self, direct: redis.Redis, builder: Worker, reader: Worker, key: str
    ) -> None:
        """Equal keys are not enough: the generations must be those that it was built with."""
        builder.fleet.store(thing(), builder.begin())
        old = direct.get(keys.entry(KEY))
        builder.fleet.wait(builder.fleet.invalidate([key]))
        builder.fleet.store(thing(b"new"), builder.begin())
        direct.set(keys.entry(KEY), old)

        assert reader.l2(KEY) is None

    @pytest.mark.parametrize("key", ["thing:1", "things", EVERYTHING])
    def test_nor_when_one_generation_was_evicted(
        self, direct: redis.Redis, builder: Worker, reader: Worker, key: str
    ) -> None:
        builder.fleet.store(thing(), builder.begin())
        direct.delete(keys.GENERATION + key)

        assert reader.l2(KEY) is None

    def test_nor_in_another_history(self, direct: redis.Redis, builder: Worker, reader: Worker) -> None:
        builder.fleet.store(thing(), builder.begin())
        direct.delete(keys.STATE)
        shared_log().last()
        wait_until(
            lambda: (
                reader.coherence.shared is not None
                and reader.coherence.shared.history == state_in(direct).history
            ),
            "it does not hear of the new history",
        )
        reader.until_trusting()

        assert reader.l2(KEY) is None

    @pytest.mark.parametrize(
        "data",
        [
            pytest.param(b"", id="empty"),
            pytest.param(b"\x80\x04N.", id="a pickle"),
            pytest.param(b"x" * 500, id="noise"),
        ],
    )
    def test_what_cannot_be_decoded_is_a_miss(self, direct: redis.Redis, reader: Worker, data: bytes) -> None:
        direct.set(keys.entry(KEY), data)

        assert reader.l2(KEY) is None

    def test_the_entry_of_another_url_is_a_miss(
        self, direct: redis.Redis, builder: Worker, reader: Worker
    ) -> None:
        builder.fleet.store(thing(key=b"/things/2/"), builder.begin())
        direct.rename(keys.entry(b"/things/2/"), keys.entry(KEY))

        assert reader.l2(KEY) is None

    @pytest.mark.parametrize(
        ("age", "is_found"),
        [(61, True), (601, True), (3601, False)],
        ids=["stale", "usable on error", "expired"],
    )
    def test_age_is_for_the_caller_to_judge_until_it_is_expired(
        self, direct: redis.Redis, builder: Worker, reader: Worker, age: float, *, is_found: bool
    ) -> None:
        builder.fleet.store(thing(), builder.begin())
        # As if Redis had kept it for longer than it was told.
        direct.persist(keys.entry(KEY))
        reader.fleet._l2._clock = lambda: time.time() + age  # type: ignore[misc]

        assert (reader.l2(KEY) is not None) is is_found

    def test_a_worker_that_does_not_trust_does_not_look(self, builder: Worker) -> None:
        """What it would promote nobody could take from it again in time."""
        builder.fleet.store(thing(), builder.begin())
        with Worker() as reader:
            reader.relaying.stop_passing()
            reader.until_distrusting()

            assert reader.l2(KEY) is None
            reader.relaying.go_on()
            reader.until_trusting()
            assert reader.l2(KEY) is not None

    def test_without_redis_it_is_a_miss_at_once(self, server: RedisServer, reader: Worker) -> None:
        server.kill()
        assert reader.l2(KEY) is None
        reader.reading.before("PIPELINE", lambda: pytest.fail("Redis was asked once more"))
        assert reader.l2(KEY) is None


class TestLabelling:
    """Workers that label their answers differently do not answer with each other's."""

    def test_a_worker_finds_what_is_labelled_as_it_labels_itself(self, direct: redis.Redis) -> None:
        xkey = Labelling(["xkey"], budget=2048)
        with (
            Worker(lease=LONG_LEASE, variant=xkey.variant) as builder,
            Worker(lease=LONG_LEASE, variant=xkey.variant) as reader,
        ):
            assert builder.fleet.store(thing(), builder.begin())
            assert reader.l2(KEY) is not None

    @pytest.mark.parametrize(
        "other",
        [
            pytest.param(Labelling(), id="none"),
            pytest.param(Labelling(["cache-tag"], budget=2048), id="another dialect"),
            pytest.param(Labelling(["xkey"], budget=1024), id="another budget"),
        ],
    )
    def test_and_nothing_else(self, other: Labelling, direct: redis.Redis) -> None:
        xkey = Labelling(["xkey"], budget=2048)
        with (
            Worker(lease=LONG_LEASE, variant=xkey.variant) as builder,
            Worker(lease=LONG_LEASE, variant=other.variant) as reader,
        ):
            assert builder.fleet.store(thing(), builder.begin())
            assert reader.l2(KEY) is None
            reader.fleet.store(thing(b'{"state":"new"}'), reader.begin())
            found = builder.l2(KEY)

        assert found is not None
        assert found.variants["identity"].body == b'{"state":"old"}'


class TestPromoting:
    """An entry is asked for and comes, and anything may happen meanwhile."""

    def test_what_is_invalidated_before_it_is_asked_for_is_not_used(
        self, builder: Worker, reader: Worker
    ) -> None:
        builder.fleet.store(thing(), builder.begin())
        reader.reading.before("PIPELINE", lambda: builder.fleet.invalidate(["thing:1"]))

        assert reader.l2(KEY) is None
        assert reader.coherence.l1.get(KEY) is None

    def test_what_is_invalidated_before_it_comes_is_not_promoted(
        self, direct: redis.Redis, builder: Worker, reader: Worker
    ) -> None:
        """The tail has dropped the key already when the entry arrives: nothing would drop it again."""
        builder.fleet.store(thing(), builder.begin())

        async def invalidate() -> None:
            builder.fleet.invalidate(["thing:1"])
            await until(lambda: {"thing:1"} in reader.heard)

        reader.reading.after("PIPELINE", invalidate)
        found = reader.l2(KEY)

        assert found is not None, "it was usable when it was asked for"
        assert not reader.holds(found)

    def test_while_something_else_is_invalidated_it_is_promoted(
        self, builder: Worker, reader: Worker
    ) -> None:
        builder.fleet.store(thing(), builder.begin())
        reader.reading.before("PIPELINE", lambda: builder.fleet.invalidate(["thing:2"]))
        found = reader.l2(KEY)

        assert found is not None
        assert reader.holds(found)

    def test_a_redis_that_has_forgotten_the_script_is_told_it_again(
        self, direct: redis.Redis, builder: Worker, reader: Worker
    ) -> None:
        builder.fleet.store(thing(), builder.begin())
        for _ in range(2):
            assert reader.l2(KEY) is not None
            direct.script_flush()

        assert reader.fleet.lost_for() == 0.0


class TestWriting:
    def test_a_build_that_a_write_has_overtaken_is_kept_nowhere(
        self, direct: redis.Redis, builder: Worker
    ) -> None:
        start = builder.begin()
        builder.fleet.wait(builder.fleet.invalidate(["thing:1"]))

        assert not builder.fleet.store(thing(), start)
        assert not direct.exists(keys.entry(KEY))
        assert builder.coherence.l1.get(KEY) is None

    def test_nor_if_the_builder_itself_has_not_heard_of_it_yet(
        self, direct: redis.Redis, builder: Worker
    ) -> None:
        start = builder.begin()

        async def store() -> bool:
            # In the thread of its own event loop: the tail cannot hear meanwhile.
            builder.fleet.invalidate(["thing:1"])
            return builder.fleet.store(thing(), start)

        assert not builder.loop.run(store())
        assert not direct.exists(keys.entry(KEY))
        assert builder.coherence.l1.get(KEY) is None

    def test_what_is_invalidated_between_vouching_and_writing_is_not_usable(
        self, direct: redis.Redis, builder: Worker, reader: Worker
    ) -> None:
        writing = _InvalidatingFirst(connection_pool=direct.connection_pool)
        l2 = L2(writing, builder.fleet._log, builder.coherence, builder.fleet._link)
        writing.invalidate = lambda: builder.fleet.invalidate(["thing:1"])

        assert l2.put(thing(), builder.begin())
        assert direct.exists(keys.entry(KEY))
        assert reader.l2(KEY) is None

    def test_lifetimes_end_before_it_could_not_even_be_used_on_error_and_not_together(
        self, direct: redis.Redis, builder: Worker
    ) -> None:
        lifetimes = set()
        for number in range(40):
            key = b"/things/%d/" % number
            builder.fleet.store(thing(key=key), builder.begin())
            lifetimes.add(direct.pttl(keys.entry(key)))

        assert max(lifetimes) <= POLICY.error_ttl * 1000
        assert min(lifetimes) > POLICY.error_ttl * 1000 * 0.94
        assert max(lifetimes) - min(lifetimes) > POLICY.error_ttl * 1000 * 0.01

    def test_what_is_past_all_use_is_not_written(self, direct: redis.Redis, builder: Worker) -> None:
        builder.fleet.store(thing(age=3600.5), builder.begin())

        assert not direct.exists(keys.entry(KEY))

    def test_without_redis_a_build_is_kept_in_l1_alone(self, server: RedisServer, builder: Worker) -> None:
        server.kill()

        assert builder.fleet.store(thing(), builder.begin())
        assert builder.coherence.l1.get(KEY) is not None

    def test_a_build_that_began_before_the_log_was_heard_is_not_for_all(self, builder: Worker) -> None:
        with pytest.raises(OutOfReach):
            builder.fleet._l2.put(thing(), Start(builder.coherence.position(), None))

    def test_a_full_redis_keeps_no_more_and_does_all_else(self) -> None:
        with (
            running_redis(maxmemory="3mb", maxmemory_policy="noeviction") as server,
            settled(server) as direct,
            Worker() as worker,
        ):
            worker.fleet.store(thing(), worker.begin())
            _fill(direct)
            full = thing(b'"' + b"x" * 50_000 + b'"', key=b"/things/2/")

            assert worker.fleet.store(full, worker.begin())
            assert worker.holds(full)
            assert not direct.exists(keys.entry(full.key))
            assert worker.fleet.lost_for() == 0.0
            assert worker.l2(KEY) is not None
            worker.fleet.wait(worker.fleet.invalidate(["thing:1"]))
            assert worker.l2(KEY) is None
            worker.until_trusting()


class _InvalidatingFirst(redis.Redis):
    """Invalidates just before it writes."""

    def set(self, *arguments, **options):
        self.invalidate()
        return super().set(*arguments, **options)


def _fill(direct: redis.Redis) -> None:
    with suppress(redis.OutOfMemoryError):
        for number in count():
            direct.set(f"filling:{number}", b"x" * 10_000)
