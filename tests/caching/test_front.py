"""The front answers public reads from L1 or a build, and never with what a write has overtaken.

Promises P1, P3, P6, P7, P9 and P10, for one process.
"""

import asyncio
import os
from collections import Counter
from contextlib import asynccontextmanager
from dataclasses import dataclass

import brotli
import orjson
import pytest

from caching.asgi import Lifespan, ReadPath
from caching.build_rate import BuildRate
from caching.coherence import Coherence
from caching.entry import Reply
from caching.flights import Flights
from caching.headers import VARY
from caching.l1 import L1
from caching.routes import RouteTable
from tests.caching.entries import BODY, NOW, entry_of
from tests.caching.origin import PATIENCE, THING, THINGS, Origin, key_of

OLD, NEW = b'{"state":"old"}', b'{"state":"new"}'
ONE = "/things/1/"
RETRY_AFTER_DATABASE = b"7"
DATABASE_IS_AWAY = Reply(503, b"{}", "application/problem+json", ((b"retry-after", RETRY_AFTER_DATABASE),))


@dataclass
class Response:
    """What was sent to the client."""

    status: int
    fields: dict[bytes, bytes]
    body: bytes

    @property
    def cache_status(self):
        return self.fields.get(b"cache-status", b"").decode()


class Lease:
    """A lease that a test lets run out, the clock that it counts by, and who confirms L1 then."""

    def __init__(self):
        self.now = 500.0
        self.asked = 0
        self.confirms = True
        self.failed = False
        self.meanwhile = lambda: None  # What a look at the outbox brings to light.
        self.may_confirm = asyncio.Event()
        self.may_confirm.set()

    def __call__(self):
        return self.now

    async def confirm(self):
        self.asked += 1
        await self.may_confirm.wait()
        self.meanwhile()
        return self.confirms


class Others:
    """The other workers: what they have stored for all, and how a build of theirs ends that is under way."""

    def __init__(self):
        self.entries = {}
        self.is_building = False
        self.built = {}
        self.failure = None

    async def entry(self, key):
        return self.entries.get(key)

    def claim(self, key):
        return Claim(self)


class Claim:
    """The claim of this worker, which another one may have made first."""

    def __init__(self, others):
        self._others = others

    async def make(self):
        return not self._others.is_building

    async def other_ended(self):
        self._others.is_building = False
        self._others.entries.update(self._others.built)
        return self._others.failure

    @asynccontextmanager
    async def held(self):
        yield

    def fail(self, status):
        """Tell nobody."""


class Front:
    """The front over an origin, and a client of it."""

    def __init__(
        self,
        *,
        threads=4,
        queue=20,
        rate=0.0,
        burst=1,
        trusted_proxies=0,
        trusted=True,
        others=None,
        lease=None,
    ):
        self.lease = lease
        if lease is None:
            self.coherence = Coherence(L1(10_000_000))
        else:
            self.coherence = Coherence(L1(10_000_000), leased=True, clock=lease)
        if trusted:
            self.coherence.trust()
        self.origin = Origin(self.coherence)
        self.origin.write(ONE, OLD)
        self.flights = Flights(
            self.origin,
            self.coherence,
            threads=threads,
            queue=queue,
            others=others,
            clock=self.origin.clock,
        )
        self.passed_on = []
        self.lived = []
        self.application = ReadPath(
            routes=RouteTable([THINGS, THING]),
            coherence=self.coherence,
            flights=self.flights,
            build_rate=BuildRate(rate, burst),
            django=self.django,
            lifespan=Lifespan(self.started, self.stopped),
            confirming=lease,
            trusted_proxies=trusted_proxies,
            clock=self.origin.clock,
        )

    async def started(self):
        self.lived.append("started")

    async def stopped(self):
        self.lived.append("stopped")

    async def django(self, scope, receive, send):
        self.passed_on.append((scope["type"], scope.get("method"), scope.get("path")))
        await send({"type": "http.response.start", "status": 299, "headers": []})
        await send({"type": "http.response.body", "body": b"Django"})

    async def get(self, url, *, method="GET", client="192.0.2.1", **headers):
        path, _, query = url.partition("?")
        scope = {
            "type": "http",
            "method": method,
            "path": path,
            "raw_path": path.encode(),
            "query_string": query.encode(),
            "headers": [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()],
            "client": (client, 4321),
        }
        sent = []

        async def send(message):
            sent.append(message)

        await self.application(scope, None, send)
        start, body = sent
        names = [name for name, _ in start["headers"]]
        assert len(names) == len(set(names)), "a field is there twice"
        return Response(start["status"], dict(start["headers"]), body["body"])

    async def getting(self, url, **request):
        """Begin to ask, and return once the request waits."""
        task = asyncio.create_task(self.get(url, **request))
        await asyncio.sleep(0)
        return task

    async def until_idle(self):
        """Return once nothing is being built."""
        await asyncio.gather(*self.flights._tasks)

    def later(self, seconds):
        self.origin.clock.now += seconds


@asynccontextmanager
async def fronted(**options):
    front = Front(**options)
    try:
        async with asyncio.timeout(PATIENCE):
            yield front
    finally:
        front.origin.go_on()
        front.flights.close()


def played(scenario):
    """Make a test of a scenario: a coroutine that is given a front."""

    def test():
        async def play():
            async with fronted() as front:
                await scenario(front)

        asyncio.run(play())

    test.__name__ = scenario.__name__
    return test


# The steps, in order.


@played
async def test_a_miss_is_built_and_the_next_read_is_a_hit(front):
    miss, hit = await front.get(ONE), await front.get(ONE)

    assert (miss.status, miss.body, miss.cache_status) == (200, OLD, "readpath; fwd=uri-miss; stored")
    assert (hit.status, hit.body, hit.cache_status) == (200, OLD, "readpath; hit")
    assert front.origin.builds == {ONE: 1}
    assert front.application.outcomes == {"miss": 1, "hit": 1}


@played
async def test_a_coding_is_made_for_whoever_asks_first_and_counted(front):
    front.origin.write(ONE, BODY)
    await front.get(ONE)
    held = front.coherence.l1.bytes

    first = await front.get(ONE, accept_encoding="br, gzip")
    grown = front.coherence.l1.bytes
    second = await front.get(ONE, accept_encoding="br, gzip")
    await front.get(ONE, accept_encoding="gzip")

    assert brotli.decompress(first.body) == BODY
    assert (first.status, first.cache_status) == (200, "readpath; hit")
    assert (second.body, second.fields) == (first.body, first.fields)
    assert held + len(first.body) < grown < front.coherence.l1.bytes
    assert front.application.outcomes == Counter({"hit": 3, "miss": 1})


@played
async def test_a_coding_that_helps_nobody_is_tried_once(front):
    front.origin.write(ONE, os.urandom(1000))

    answers = [await front.get(ONE, accept_encoding="br, gzip") for _ in range(3)]

    assert [b"content-encoding" in given.fields for given in answers] == [False] * 3
    assert front.coherence.l1.get(ONE.encode()).codings == ("zstd",)


@played
async def test_what_is_no_public_read_goes_to_django_untouched(front):
    assert (await front.get("/admin/")).status == 299
    assert (await front.get("/things/no-number/")).status == 299
    for method in ("POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "BREW"):
        assert (await front.get(ONE, method=method)).status == 299

    assert len(front.passed_on) == 9
    assert not front.origin.builds


@pytest.mark.parametrize(
    ("url", "location"),
    [
        pytest.param("/things/1", b"/things/1/", id="no final slash"),
        pytest.param("/things?limit=5", b"/things/?limit=5", id="the query is kept"),
        pytest.param("/thing%73/%31/", b"/things/1/", id="percent-encoded"),
    ],
)
def test_another_spelling_of_the_path_is_sent_to_the_canonical_one(url, location):
    async def scenario():
        async with fronted() as front:
            return await front.get(url), front.origin.builds

    response, builds = asyncio.run(scenario())

    assert (response.status, response.fields[b"location"]) == (308, location)
    assert b"max-age=" in response.fields[b"cache-control"]
    assert not builds


@pytest.mark.parametrize(
    "query", ["utm_source=x", "limit=5&limit=5", "limit=five", "limit", "&", "limit=%zz", "cb=1&limit=5"]
)
def test_a_query_that_names_nothing_is_refused_and_never_built_nor_stored(query):
    async def scenario():
        async with fronted() as front:
            return await front.get(f"/things/?{query}"), front.origin.builds, len(front.coherence.l1)

    response, builds, stored = asyncio.run(scenario())

    assert response.status == 400
    assert response.fields[b"cache-control"] == b"no-store"
    assert response.fields[b"content-type"] == b"application/problem+json"
    assert (builds, stored) == ({}, 0)


@played
async def test_random_parameters_never_reach_a_build(front):
    for number in range(500):
        assert (await front.get(f"/things/?x{number}={number}")).status == 400
        assert (await front.get(f"{ONE}?_={number}")).status == 400

    assert not front.origin.builds
    assert len(front.coherence.l1) == 0


@played
async def test_spellings_of_one_query_share_one_entry(front):
    front.origin.write("/things/", OLD)
    urls = (
        "/things/?page=2&limit=5",
        "/things/?limit=5&page=2",
        "/things/?limit=05&page=2",
        "/things/?limit=%35&page=2",
    )
    tags = {(await front.get(url)).fields[b"etag"] for url in urls}
    await front.get("/things/?limit=20")
    await front.get("/things/")

    assert len(tags) == 1
    assert front.origin.builds == {"/things/?limit=5&page=2": 1, "/things/": 1}


@played
async def test_the_process_says_that_it_lives_without_asking_django(front):
    response = await front.get("/healthz/live")

    assert (response.status, response.fields[b"cache-control"]) == (200, b"no-store")
    assert orjson.loads(response.body) == {"status": "live"}
    assert int(response.fields[b"content-length"]) == len(response.body)
    assert not front.passed_on


@played
async def test_starting_and_stopping_are_announced(front):
    incoming = [{"type": "lifespan.startup"}, {"type": "lifespan.shutdown"}]
    sent = []

    async def receive():
        return incoming.pop(0)

    async def send(message):
        sent.append((message["type"], list(front.lived)))

    await front.application({"type": "lifespan"}, receive, send)

    assert sent == [
        ("lifespan.startup.complete", ["started"]),
        ("lifespan.shutdown.complete", ["started", "stopped"]),
    ]


# HEAD and conditional requests.


@pytest.mark.parametrize("url", [ONE, "/things/99/", "/things/1", "/things/?utm=1", "/healthz/live"])
def test_head_has_the_fields_of_get_and_no_body(url):
    async def scenario():
        async with fronted() as front:
            await front.get(url)
            return await front.get(url), await front.get(url, method="HEAD")

    get, head = asyncio.run(scenario())

    assert head.body == b""
    assert (head.status, head.fields) == (get.status, get.fields)


@played
async def test_head_of_what_is_not_there_yet_builds_it_for_get(front):
    head, get = await front.get(ONE, method="HEAD"), await front.get(ONE)

    assert (head.status, head.body) == (200, b"")
    assert get.cache_status == "readpath; hit"


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_who_has_it_already_gets_304_hit_or_miss(method):
    async def scenario():
        async with fronted() as front:
            tag = (await front.get(ONE)).fields[b"etag"].decode()
            hit = await front.get(ONE, method=method, if_none_match=tag)
            front.coherence.invalidate({key_of(ONE)})
            miss = await front.get(ONE, method=method, if_none_match=tag)
            return tag, hit, miss

    tag, hit, miss = asyncio.run(scenario())

    for response in (hit, miss):
        assert (response.status, response.body) == (304, b"")
        assert response.fields[b"etag"] == tag.encode()
        assert b"content-length" not in response.fields
        assert response.fields[b"vary"] == VARY[1]
    assert miss.cache_status == "readpath; fwd=uri-miss; stored"


@played
async def test_equal_bytes_keep_their_tag_across_an_invalidation_and_new_bytes_get_a_new_one(front):
    before = await front.get(ONE)
    front.origin.write(ONE, OLD)
    same = await front.get(ONE)
    front.origin.write(ONE, NEW)
    other = await front.get(ONE)

    assert before.fields[b"etag"] == same.fields[b"etag"] != other.fields[b"etag"]


# Writes.


@played
async def test_after_a_write_the_next_read_shows_it(front):
    await front.get(ONE)
    front.origin.write(ONE, NEW)

    assert (await front.get(ONE)).body == NEW


@played
async def test_a_write_during_a_build_is_not_hidden_by_it(front):
    with front.origin.held_up():
        early = await front.getting(ONE)
        await front.origin.until_building()
        front.origin.write(ONE, NEW)
        late = await front.getting(ONE)

    early, late = await early, await late
    assert (early.body, early.cache_status) == (OLD, "readpath; fwd=uri-miss")
    assert early.fields[b"cdn-cache-control"].startswith(b"max-age=0, stale-while-revalidate=0,")
    assert late.body == NEW
    assert (await front.get(ONE)).body == NEW


@played
async def test_a_thing_that_is_not_there_is_a_short_404_until_it_is_made(front):
    missing, again = await front.get("/things/99/"), await front.get("/things/99/")
    front.origin.write("/things/99/", NEW)
    made = await front.get("/things/99/")

    assert (missing.status, again.status, again.cache_status) == (404, 404, "readpath; hit")
    assert missing.fields[b"cache-control"].startswith(b"max-age=1,")
    assert (made.status, made.body) == (200, NEW)


@played
async def test_a_thing_that_is_deleted_is_gone_at_once(front):
    await front.get(ONE)
    front.origin.delete(ONE)

    assert (await front.get(ONE)).status == 404


@played
async def test_without_trust_every_read_is_built_anew(front):
    await front.get(ONE)
    front.coherence.distrust()
    first, second = await front.get(ONE), await front.get(ONE)

    assert first.cache_status == second.cache_status == "readpath; fwd=uri-miss"
    assert front.origin.builds == {ONE: 3}


# Time.


@played
async def test_a_stale_entry_is_served_at_once_and_renewed_behind_its_readers_back(front):
    await front.get(ONE)
    front.origin.rows[ONE] = Reply(200, NEW)  # Lags: no write was reported.
    front.later(61)
    with front.origin.held_up():
        stale = [await front.get(ONE) for _ in range(20)]
        await front.origin.until_building()
    await front.until_idle()
    renewed = await front.get(ONE)

    assert {(response.body, response.cache_status) for response in stale} == {
        (OLD, "readpath; hit; detail=stale")
    }
    assert stale[0].fields[b"age"] == b"61"
    assert (renewed.body, renewed.cache_status) == (NEW, "readpath; hit")
    assert b"age" not in renewed.fields
    assert front.origin.builds == {ONE: 2}


@played
async def test_past_the_hard_ttl_a_read_waits_for_the_build(front):
    await front.get(ONE)
    front.origin.rows[ONE] = Reply(200, NEW)
    front.later(601)
    response = await front.get(ONE)

    assert (response.body, response.cache_status) == (NEW, "readpath; fwd=stale; stored")


@played
async def test_a_write_while_a_stale_entry_is_renewed_removes_it(front):
    await front.get(ONE)
    front.later(61)
    with front.origin.held_up():
        await front.get(ONE)
        await front.origin.until_building()
        front.origin.write(ONE, NEW)
        late = await front.getting(ONE)

    assert (await late).body == NEW


@played
async def test_a_scheduled_change_is_seen_at_its_moment(front):
    front.origin.write(ONE, OLD, changes_at=NOW + 8)
    before = await front.get(ONE)
    front.later(7.5)
    just_before = await front.get(ONE)
    front.origin.rows[ONE] = Reply(200, NEW)
    front.later(0.5)
    after = await front.get(ONE)

    assert (before.body, just_before.body, after.body) == (OLD, OLD, NEW)
    assert before.fields[b"cache-control"] == b"max-age=7, stale-while-revalidate=0, stale-if-error=0"
    assert just_before.cache_status == "readpath; hit"
    assert (
        just_before.fields[b"cdn-cache-control"] == b"max-age=0, stale-while-revalidate=0, stale-if-error=0"
    )
    assert after.fields[b"cache-control"].startswith(b"max-age=10,")


# Failures.


@pytest.mark.parametrize("failure", [DATABASE_IS_AWAY, ValueError("a bug")], ids=["database", "bug"])
def test_what_is_held_is_served_past_its_time_when_the_build_fails_and_says_so(failure):
    async def scenario():
        async with fronted() as front:
            await front.get(ONE)
            front.origin.failure = failure
            front.later(601)
            kept = await front.get(ONE)
            front.later(3000)
            return kept, await front.get(ONE)

    kept, expired = asyncio.run(scenario())

    assert (kept.status, kept.body) == (200, OLD)
    assert "detail=stale-if-error" in kept.cache_status
    assert kept.fields[b"age"] == b"601"
    assert expired.status == 503
    assert expired.fields[b"cache-control"] == b"no-store"
    assert b"retry-after" in expired.fields


@played
async def test_an_invalidated_entry_is_never_served_even_if_nothing_can_be_built(front):
    await front.get(ONE)
    front.origin.failure = DATABASE_IS_AWAY
    front.coherence.invalidate({key_of(ONE)})
    response = await front.get(ONE)

    assert (response.status, response.fields[b"retry-after"]) == (503, RETRY_AFTER_DATABASE)


@played
async def test_an_entry_that_is_invalidated_while_its_build_fails_is_not_served(front):
    await front.get(ONE)
    front.later(601)
    front.origin.failure = DATABASE_IS_AWAY
    with front.origin.held_up():
        reading = await front.getting(ONE)
        await front.origin.until_building()
        front.coherence.invalidate({key_of(ONE)})

    assert (await reading).status == 503


@played
async def test_a_refusal_of_the_client_is_not_answered_from_an_old_entry(front):
    await front.get(ONE)
    front.later(601)
    front.origin.failure = Reply(400, b"{}", "application/problem+json")

    assert (await front.get(ONE)).status == 400


@played
async def test_errors_are_never_stored(front):
    front.origin.failure = DATABASE_IS_AWAY
    failed = await front.get(ONE)
    front.origin.failure = None

    assert failed.fields[b"cache-control"] == b"no-store"
    assert len(front.coherence.l1) == 0
    assert (await front.get(ONE)).status == 200


def test_past_the_pools_bound_it_is_stale_if_it_can_be_and_else_503():
    async def scenario():
        async with fronted(threads=1, queue=1) as front:
            for number in (1, 2):
                await front.get(f"/things/{number}/")
            with front.origin.held_up():
                busy = [await front.getting(f"/things/{number}/") for number in (11, 12)]
                front.later(61)
                stale = await front.get(ONE)
                front.later(540)
                usable = await front.get(ONE)
                refused = await front.get("/things/13/")
                follower = await front.getting("/things/12/")
            return stale, usable, refused, [(await task).status for task in (*busy, follower)]

    stale, usable, refused, others = asyncio.run(scenario())

    assert (stale.status, stale.cache_status) == (200, "readpath; hit; detail=stale")
    assert (usable.status, usable.body) == (200, OLD)
    assert "stale-if-error" in usable.cache_status
    assert refused.status == 503
    assert int(refused.fields[b"retry-after"]) >= 1
    assert refused.fields[b"cache-control"] == b"no-store"
    assert others == [404, 404, 404]


# One build for all.


@played
async def test_five_hundred_readers_at_once_cause_one_build(front):
    with front.origin.held_up():
        requests = [await front.getting(ONE) for _ in range(500)]
        await front.origin.until_building()
    responses = await asyncio.gather(*requests)

    assert front.origin.builds == {ONE: 1}
    assert Counter(response.cache_status for response in responses) == {
        "readpath; fwd=uri-miss; stored": 1,
        "readpath; fwd=uri-miss; collapsed": 499,
    }
    assert {response.body for response in responses} == {OLD}


# Build rate.


def test_cold_builds_past_the_rate_are_refused_for_that_client_only():
    async def scenario():
        async with fronted(rate=0.5, burst=3) as front:
            first = [await front.get(f"/things/{number}/") for number in range(1, 5)]
            other = await front.get("/things/9/", client="192.0.2.2")
            front.later(2)
            return first, other, await front.get("/things/5/")

    first, other, later = asyncio.run(scenario())

    assert [response.status for response in first] == [200, 404, 404, 429]
    assert first[3].fields[b"retry-after"] == b"2"
    assert first[3].fields[b"cache-control"] == b"no-store"
    assert (other.status, later.status) == (404, 404)


def test_hits_304s_and_stale_answers_are_not_counted():
    async def scenario():
        async with fronted(rate=0.001, burst=1) as front:
            tag = (await front.get(ONE)).fields[b"etag"].decode()
            hits = [await front.get(ONE) for _ in range(100)]
            hits += [await front.get(ONE, if_none_match=tag) for _ in range(100)]
            front.later(61)
            hits.append(await front.get(ONE))
            await front.until_idle()
            return hits, await front.get("/things/2/")

    hits, cold = asyncio.run(scenario())

    assert {response.status for response in hits} == {200, 304}
    assert cold.status == 429


def test_joining_a_build_is_not_counted():
    async def scenario():
        async with fronted(rate=0.001, burst=1) as front:
            with front.origin.held_up():
                requests = [await front.getting(ONE) for _ in range(50)]
                await front.origin.until_building()
            return await asyncio.gather(*requests)

    assert {response.status for response in asyncio.run(scenario())} == {200}


def test_behind_a_proxy_its_clients_are_counted_not_the_proxy():
    async def scenario():
        async with fronted(rate=0.001, burst=1, trusted_proxies=1) as front:
            forwarded = ["198.51.100.1", "198.51.100.2", "10.0.0.1, 198.51.100.1"]
            return [
                (await front.get(f"/things/{number}/", x_forwarded_for=value)).status
                for number, value in enumerate(forwarded, start=5)
            ]

    assert asyncio.run(scenario()) == [404, 404, 429]


# Nothing private gets in, and nothing of the client does (P9, P10).

ODD_FIELDS = {
    "cookie": "sessionid=abc",
    "host": "evil.example",
    "x_forwarded_host": "evil.example",
    "x_forwarded_proto": "gopher",
    "x_forwarded_for": "203.0.113.1",
    "x_original_url": "/admin/",
    "x_http_method_override": "POST",
    "user_agent": "Mozilla/1.0",
    "accept": "application/xml",
    "accept_language": "tlh",
    "origin": "https://evil.example",
    "range": "bytes=0-3",
    "cache_control": "no-cache",
    "pragma": "no-cache",
}


@pytest.mark.parametrize("name", ODD_FIELDS)
@pytest.mark.parametrize("temperature", ["cold", "warm"])
def test_a_request_field_changes_neither_bytes_nor_tag_nor_fields(name, temperature):
    async def scenario():
        async with fronted() as plain, fronted() as odd:
            if temperature == "warm":
                await plain.get(ONE)
                await odd.get(ONE)
            return await plain.get(ONE), await odd.get(ONE, **{name: ODD_FIELDS[name]}), odd.origin.builds

    expected, response, builds = asyncio.run(scenario())

    assert response == expected
    assert builds == {ONE: 1}


@pytest.mark.parametrize("temperature", ["cold", "warm"])
def test_credentials_change_nothing_but_the_word_public(temperature):
    async def scenario():
        async with fronted() as plain, fronted() as private:
            if temperature == "warm":
                await plain.get(ONE)
                await private.get(ONE)
            expected, response = await plain.get(ONE), await private.get(ONE, authorization="Token secret")
            return expected, response, await private.get(ONE)

    expected, response, next_one = asyncio.run(scenario())

    assert response.fields[b"cache-control"] == b"public, " + expected.fields[b"cache-control"]
    assert response.fields[b"etag"] == expected.fields[b"etag"]
    assert response.body == expected.body
    assert b"public" not in next_one.fields[b"cache-control"]


@played
async def test_many_spellings_of_accept_encoding_share_one_build(front):
    front.origin.write(ONE, BODY)
    for number in range(50):
        response = await front.get(ONE, accept_encoding=f"gzip;q=0.{number:03}1, br;q=0.9, x-{number}")
        assert response.fields[b"content-encoding"] == b"br"

    assert front.origin.builds == {ONE: 1}


# While the lease runs, and when it has run out.


def leased(scenario):
    """Make a test of a scenario: a coroutine that is given a front whose lease runs, with one entry."""

    def test():
        async def play():
            async with fronted(lease=Lease()) as front:
                front.coherence.leased(front.lease.now + 2)
                await front.get(ONE)
                await scenario(front)

        asyncio.run(play())

    test.__name__ = scenario.__name__
    return test


@leased
async def test_while_the_lease_runs_a_hit_asks_nobody(front):
    front.lease.now += 1.999
    response = await front.get(ONE)

    assert response.cache_status == "readpath; hit"
    assert front.lease.asked == 0


@leased
async def test_when_the_lease_has_run_out_a_hit_waits_to_be_confirmed_and_says_so(front):
    front.lease.now += 2
    front.lease.may_confirm.clear()
    waiting = await front.getting(ONE)
    for _ in range(10):
        await asyncio.sleep(0)
    assert not waiting.done()
    front.lease.may_confirm.set()
    response = await waiting

    assert (response.body, response.cache_status) == (OLD, "readpath; hit; detail=confirmed")
    assert front.lease.asked == 1
    assert front.origin.builds == {ONE: 1}


@leased
async def test_what_the_look_brings_to_light_is_not_answered_from_l1(front):
    front.lease.now += 2
    front.lease.meanwhile = lambda: front.origin.write(ONE, NEW)
    response = await front.get(ONE)

    assert response.body == NEW
    assert front.origin.builds == {ONE: 2}


@leased
async def test_unconfirmed_nothing_stored_is_served_but_what_is_built_now(front):
    front.lease.now += 2
    front.lease.confirms = False
    front.origin.rows[ONE] = Reply(200, NEW)  # A write that nobody has told us of.
    response = await front.get(ONE)

    assert (response.body, response.cache_status) == (NEW, "readpath; fwd=uri-miss; stored")


@pytest.mark.parametrize("age", [0, 61, 601], ids=["fresh", "stale", "usable on error"])
def test_unconfirmed_nothing_stored_is_served_even_if_nothing_can_be_built(age):
    async def scenario():
        async with fronted(lease=Lease()) as front:
            front.coherence.leased(front.lease.now + 2)
            await front.get(ONE)
            front.lease.now += 2
            front.lease.confirms = False
            front.origin.failure = DATABASE_IS_AWAY
            front.later(age)
            unconfirmed = await front.get(ONE)
            front.lease.confirms = True
            return unconfirmed, await front.get(ONE)

    unconfirmed, confirmed = asyncio.run(scenario())

    assert unconfirmed.status == 503
    assert unconfirmed.fields[b"cache-control"] == b"no-store"
    assert confirmed.status == 200


@leased
async def test_cut_off_from_the_database_too_a_read_is_refused_at_once(front):
    front.lease.now += 2
    front.lease.confirms = False
    front.lease.failed = True
    with front.origin.held_up():  # A database that hangs.
        response = await front.get(ONE)

    assert (response.status, response.fields[b"retry-after"]) == (503, b"5")
    assert front.origin.builds == {ONE: 1}


@leased
async def test_unconfirmed_a_read_joins_no_build_that_began_before_it(front):
    front.coherence.invalidate({key_of(ONE)})
    front.lease.now += 2
    front.lease.confirms = False
    with front.origin.held_up():
        early = await front.getting(ONE)
        await front.origin.until_building()
        front.origin.rows[ONE] = Reply(200, NEW)
        late = await front.getting(ONE)
        for _ in range(10):
            await asyncio.sleep(0)

    assert [(await task).body for task in (early, late)] == [OLD, NEW]


@leased
async def test_confirmed_a_stale_entry_is_served_and_renewed(front):
    front.lease.now += 2
    front.later(61)
    response = await front.get(ONE)
    await front.until_idle()

    assert response.cache_status == "readpath; hit; detail=stale"
    assert front.origin.builds == {ONE: 2}


@leased
async def test_when_the_lease_runs_again_nobody_is_asked_any_more(front):
    front.lease.now += 2
    await front.get(ONE)
    front.coherence.leased(front.lease.now + 2)
    response = await front.get(ONE)

    assert response.cache_status == "readpath; hit"
    assert front.lease.asked == 1


# What other workers have.


def shared(scenario):
    """Make a test of a scenario: a coroutine that is given a front beside other workers."""

    def test():
        async def play():
            others = Others()
            async with fronted(others=others) as front:
                await scenario(front, others)

        asyncio.run(play())

    test.__name__ = scenario.__name__
    return test


def stored(front, *, age=0):
    """Return the entry of the one thing, as another worker has built it."""
    return entry_of(ONE.encode(), now=front.origin.clock.now - age, body=OLD, keys=[key_of(ONE)])


@shared
async def test_what_l2_holds_is_a_hit_and_says_where(front, others):
    others.entries[ONE.encode()] = stored(front)
    response = await front.get(ONE)

    assert (response.body, response.cache_status) == (OLD, "readpath; hit; detail=l2")
    assert not front.origin.builds
    assert front.application.outcomes == {"hit": 1}


@shared
async def test_what_l2_holds_past_its_time_is_served_stale_and_renewed(front, others):
    others.entries[ONE.encode()] = stored(front, age=61)
    front.origin.rows[ONE] = Reply(200, NEW)
    response = await front.get(ONE)
    await front.until_idle()

    assert (response.body, response.cache_status) == (OLD, "readpath; hit; detail=stale")
    assert (await front.get(ONE)).body == NEW
    assert front.origin.builds == {ONE: 1}


@shared
async def test_what_another_worker_builds_is_collapsed(front, others):
    others.is_building, others.built = True, {ONE.encode(): stored(front)}
    response = await front.get(ONE)

    assert (response.body, response.cache_status) == (OLD, "readpath; fwd=uri-miss; collapsed")
    assert not front.origin.builds
    assert front.application.outcomes == {"collapsed": 1}


@shared
async def test_a_build_that_failed_in_another_worker_is_an_error_here_too(front, others):
    others.is_building, others.failure = True, 503
    response = await front.get(ONE)

    assert response.status == 503
    assert response.fields[b"cache-control"] == b"no-store"
    assert int(response.fields[b"retry-after"]) >= 1
    assert not front.origin.builds


@shared
async def test_a_build_that_failed_in_another_worker_is_answered_from_what_is_held(front, others):
    await front.get(ONE)
    front.later(601)
    others.is_building, others.failure = True, 503
    response = await front.get(ONE)

    assert (response.status, response.body) == (200, OLD)
    assert "detail=stale-if-error" in response.cache_status


@shared
async def test_what_only_l2_held_past_its_time_is_served_when_the_build_fails(front, others):
    """As after a restart while the database is away (P6): L2 has promoted it, and it is not invalidated."""
    entry = stored(front, age=601)
    front.origin.failure = DATABASE_IS_AWAY

    async def promote(key):
        front.coherence.store(entry, start=front.coherence.position())
        return entry

    others.entry = promote
    response = await front.get(ONE)

    assert (response.status, response.body) == (200, OLD)
    assert "detail=stale-if-error" in response.cache_status


def test_an_answer_from_l2_is_not_counted_as_a_build():
    async def scenario():
        others = Others()
        async with fronted(rate=0.001, burst=1, others=others) as front:
            others.entries[ONE.encode()] = stored(front)
            return [(await front.get(ONE)).status for _ in range(5)], (await front.get("/things/2/")).status

    assert asyncio.run(scenario()) == ([200] * 5, 404)
