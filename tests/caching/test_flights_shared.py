"""A representation is built once for all workers, and nobody gets one that is too old (P7, P1).

Several workers in one process, over a real Redis, build from one site.
"""

import asyncio
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from threading import Event, Semaphore

import pytest

from caching.answer import Answer, refusal
from caching.entry import make_entry
from caching.flights import Flights, Landing, Origin, Overloaded
from caching.shared import claims, keys
from tests.caching.entries import make_reply
from tests.caching.origin import key_of, target_of
from tests.redis import is_installed, running_redis
from tests.shared.workers import LONG_LEASE, PATIENCE, Worker, bury_phantoms, settled, until

pytestmark = pytest.mark.skipif(not is_installed(), reason="redis-server is not installed")

OLD, NEW = b'{"state":"old"}', b'{"state":"new"}'
THING = target_of(1)


@dataclass
class Site:
    """The database of all workers, in which one thing is; its builds can be held up, and fail."""

    body: bytes = OLD
    age: float = 0.0  # Of an entry, when it is made.
    builds: Counter = field(default_factory=Counter)
    failure: Answer | Exception | None = None
    began: Semaphore = field(default_factory=lambda: Semaphore(0))
    may_end: Event = field(default_factory=Event)

    def __post_init__(self):
        self.may_end.set()

    @contextmanager
    def held_up(self) -> Iterator[None]:
        self.may_end.clear()
        self.began = Semaphore(0)
        try:
            yield
        finally:
            self.may_end.set()

    def until_building(self) -> None:
        assert self.began.acquire(timeout=PATIENCE), "no build has begun"

    def write(self, body: bytes, worker: "Member") -> None:
        """Commit a change, and acknowledge it: every worker has heard of it."""
        self.body = body
        worker.fleet.wait(worker.fleet.invalidate([key_of(THING.path)]))


class Member(Worker):
    """A worker that builds from a site."""

    def __init__(self, site: Site, name: str, *, threads: int = 2, queue: int = 10) -> None:
        super().__init__(lease=LONG_LEASE)
        self._site = site
        self.label = name
        self.flights = Flights(self._build, self.coherence, threads=threads, queue=queue, others=self.fleet)

    def __exit__(self, *_: object) -> None:
        self._site.may_end.set()
        self.flights.close()
        super().__exit__()

    def _build(self, target, start):
        site = self._site
        site.builds[self.label] += 1
        body, failure = site.body, site.failure
        site.began.release()
        assert site.may_end.wait(PATIENCE), "the test does not let the build go on"
        if isinstance(failure, Exception):
            raise failure
        if failure is not None:
            return Landing(failure)
        reply = make_reply(body, keys={key_of(target.path)})
        entry = make_entry(target.key, reply, target.route.policy, now=time.time() - site.age)
        return Landing(entry, self.fleet.store(entry, start))

    async def ask(self, **options):
        landing, collapsed = await self.flights.obtain(THING, **options)
        result = landing.result
        body = result.status if isinstance(result, Answer) else result.variants["identity"].body
        return body, landing.origin, collapsed

    def get(self, **options):
        """Ask once, and return what came."""
        return self.loop.run(self.ask(**options))

    def getting(self, **options):
        """Begin to ask, and return once the request waits."""

        async def begin():
            task = asyncio.create_task(self.ask(**options))
            await asyncio.sleep(0)
            return task

        return self.loop.run(begin())

    def answer(self, task):
        async def wait():
            return await task

        return self.loop.run(wait())

    def until_waiting(self) -> None:
        """Return once this worker waits for another one's build."""

        async def looked():
            count = Counter()
            for _ in range(2):
                # Of its entry, and of the claim: whoever asks twice waits.
                self.reading.after("GET", lambda: count.update(["GET"]))
            await until(lambda: count["GET"] == 2)

        self.loop.run(looked())

    def renew(self):
        """Begin to renew, as the front does behind a reader's back; return the body that it came to."""

        async def fly():
            flight = self.flights.launch(THING, is_renewal=True)
            return (await flight.landed).result.variants["identity"].body

        return self.loop.run(fly())


@pytest.fixture
def site() -> Site:
    return Site()


@pytest.fixture(autouse=True)
def _nobody_dies(monkeypatch):
    """Take no builder for dead, however long the machine keeps it waiting."""
    monkeypatch.setattr(claims, "_CLAIMED_FOR", 60_000)


@pytest.fixture
def server():
    with running_redis() as running:
        yield running


@pytest.fixture
def direct(server):
    with settled(server) as client:
        yield client


@pytest.fixture
def members(direct, site):
    with ExitStack() as stack:
        yield [stack.enter_context(Member(site, name)) for name in ("a", "b")]


# One build.


def test_what_another_worker_has_built_lands_without_a_build(members, site):
    first, second = members
    assert first.get() == (OLD, Origin.BUILD, False)

    assert second.get() == (OLD, Origin.L2, False)
    assert site.builds == {"a": 1}
    assert second.coherence.l1.get(THING.key) is not None


def test_a_herd_at_every_worker_builds_once(members, site):
    async def herd(member):
        return await asyncio.gather(*(member.ask() for _ in range(100)))

    with site.held_up():
        herds = [asyncio.run_coroutine_threadsafe(herd(member), member.loop._loop) for member in members]
        site.until_building()
    answers = [answer for waiting in herds for answer in waiting.result(PATIENCE)]

    assert site.builds.total() == 1
    assert {body for body, _, _ in answers} == {OLD}
    assert len(answers) == 200


def test_who_waits_for_another_worker_gets_its_entry(members, site):
    first, second = members
    with site.held_up():
        building = first.getting()
        site.until_building()
        waiting = second.getting()
        second.until_waiting()

    assert first.answer(building) == (OLD, Origin.BUILD, False)
    assert second.answer(waiting) == (OLD, Origin.ELSEWHERE, False)
    assert site.builds == {"a": 1}


def test_who_claims_just_after_another_has_built_takes_what_it_built(members, site):
    """It had looked before, in vain."""
    first, second = members
    second.reading.before("SET", first.get)

    assert second.get() == (OLD, Origin.ELSEWHERE, False)
    assert site.builds == {"a": 1}


def test_a_failure_is_everyones(members, site):
    first, second = members
    site.failure = refusal(503, "the database is away")
    with site.held_up():
        building = first.getting()
        site.until_building()
        waiting = second.getting()
        second.until_waiting()

    assert first.answer(building)[0] == 503
    assert second.answer(waiting) == (503, Origin.ELSEWHERE, False)
    assert site.builds == {"a": 1}


def test_after_a_failure_the_next_request_builds_again(members, site):
    first, second = members
    site.failure = refusal(503, "the database is away")
    first.get()
    site.failure = None

    assert second.get() == (OLD, Origin.BUILD, False)


@pytest.mark.parametrize("failure", [refusal(400, "no"), ValueError("a bug")], ids=["refusal", "bug"])
def test_what_is_no_failure_of_the_service_is_found_out_by_each(members, site, failure):
    first, second = members
    site.failure = failure
    with site.held_up():
        building = first.getting()
        site.until_building()
        waiting = second.getting()
        second.until_waiting()
    for member, task in ((first, building), (second, waiting)):
        if isinstance(failure, Exception):
            with pytest.raises(RuntimeError):
                member.answer(task)
        else:
            assert member.answer(task)[0] == 400

    assert site.builds == {"a": 1, "b": 1}


def test_a_builder_that_dies_is_replaced(direct, members, site):
    _, second = members
    direct.set(keys.builder(THING.key), "somebody who was killed", px=800)

    assert second.get() == (OLD, Origin.BUILD, False)


def test_redis_gone_while_one_builds_each_builds_for_itself(server, members, site):
    first, second = members
    with site.held_up():
        building = first.getting()
        site.until_building()
        waiting = second.getting()
        second.until_waiting()
        server.kill()
        site.until_building()

    assert first.answer(building)[0] == second.answer(waiting)[0] == OLD
    assert site.builds == {"a": 1, "b": 1}


# Nothing too old.


def test_a_build_that_a_write_has_overtaken_elsewhere_is_built_again(members, site):
    """The one who waits finds no entry, and builds one that holds the write."""
    first, second = members
    with site.held_up():
        building = first.getting()
        site.until_building()
        site.write(NEW, second)
        waiting = second.getting()
        second.until_waiting()

    assert first.answer(building) == (OLD, Origin.BUILD, False)
    assert second.answer(waiting) == (NEW, Origin.BUILD, False)
    assert second.get()[0] == first.get()[0] == NEW
    assert site.builds == {"a": 1, "b": 1}


def test_a_follower_from_after_a_write_gets_a_flight_of_its_own(members, site):
    first, second = members
    with site.held_up():
        early = first.getting()
        site.until_building()
        site.write(NEW, second)
        late = first.getting()

    assert first.answer(early) == (OLD, Origin.BUILD, False)
    assert first.answer(late)[0] == NEW


def test_who_may_not_have_heard_of_writes_takes_only_a_flight_that_began_after_it_came(members, site):
    first, _ = members
    with site.held_up():
        early = first.getting()
        site.until_building()
        site.body = NEW  # The write that this worker has not heard of.
        uninformed = first.getting(is_informed=False)
        informed = first.getting()
    answers = [first.answer(task)[0] for task in (early, uninformed, informed)]

    assert answers[0] == answers[2] == OLD
    assert site.builds["a"] == 1, "what the first had built was found in L2, for nobody has reported a write"


def test_without_the_log_a_follower_gets_a_build_of_its_own(server, members, site):
    first, _ = members
    server.kill()
    first.until_distrusting()
    with site.held_up():
        early = first.getting(is_informed=False)
        site.until_building()
        site.body = NEW
        late = [first.getting(is_informed=False) for _ in range(10)]
    answers = [first.answer(task)[0] for task in (early, *late)]

    assert answers == [OLD] + [NEW] * 10
    assert site.builds["a"] == 2


def test_a_stale_entry_of_l2_is_an_answer_but_no_renewal(members, site):
    first, second = members
    site.age = 61
    first.get()
    site.age, site.body = 0, NEW  # Lags: no write was reported.

    assert second.get() == (OLD, Origin.L2, False)
    assert second.renew() == NEW
    assert site.builds == {"a": 1, "b": 1}


def test_a_renewal_takes_what_another_worker_has_renewed(members, site):
    first, second = members
    site.age = 61
    first.get()
    second.get()
    site.age, site.body = 0, NEW
    first.renew()

    assert second.renew() == NEW
    assert site.builds == {"a": 2}


def test_an_entry_that_is_only_good_on_error_is_built_anew(members, site):
    first, second = members
    site.age = 601
    first.get()
    site.age, site.body = 0, NEW

    assert second.get() == (NEW, Origin.BUILD, False)


# Who may build.


class RefusedError(Exception):
    pass


def refuse():
    raise RefusedError


def test_who_may_not_build_is_asked_only_before_a_build(members, site):
    first, second = members
    with pytest.raises(RefusedError):
        second.get(may_build=refuse)
    first.get()

    assert second.get(may_build=refuse) == (OLD, Origin.L2, False)
    assert site.builds == {"a": 1}


def test_who_may_not_build_may_wait_for_another_worker(members, site):
    first, second = members
    with site.held_up():
        building = first.getting()
        site.until_building()
        waiting = second.getting(may_build=refuse)
        second.until_waiting()

    assert second.answer(waiting) == (OLD, Origin.ELSEWHERE, False)
    first.answer(building)


def test_a_claim_of_who_may_not_build_is_given_back(direct, members, site):
    first, second = members
    with pytest.raises(RefusedError):
        second.get(may_build=refuse)

    assert not direct.exists(keys.builder(THING.key))
    assert first.get() == (OLD, Origin.BUILD, False)


def test_a_worker_without_a_free_thread_leaves_the_build_to_another(direct, site):
    with Member(site, "busy", threads=1, queue=0) as busy, Member(site, "idle") as idle:
        other = target_of(2)

        async def occupy():
            task = asyncio.create_task(busy.flights.obtain(other))
            await asyncio.sleep(0)
            return task

        with site.held_up():
            occupied = busy.loop.run(occupy())
            site.until_building()
            with pytest.raises(Overloaded):
                busy.get()
            building = idle.getting()
            site.until_building()
        idle.answer(building)
        busy.answer(occupied)

        assert busy.get() == (OLD, Origin.L2, False)


# Many keys and faults of Redis.


def test_after_redis_has_forgotten_everything_it_goes_on(direct, members, site):
    first, second = members
    first.get()
    direct.flushall()
    bury_phantoms(direct)
    for member in members:
        assert member.get()[0] == OLD
        member.until_trusting()
    site.write(NEW, first)

    assert second.get()[0] == NEW
