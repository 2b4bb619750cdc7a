"""The front: which requests are answered without Django, and how?

In the order in which a request travels:

    1. L1 holds a fresh entry under the very URL that was sent     ─► answer
    2. no public read                                              ─► Django, untouched
    3. a public read, but not spelled canonically, or wrongly      ─► 308 or 400
    4. L1 holds it, fresh or stale                                 ─► answer (and renew)
    5. L2 holds it, or it is built, here or in another worker      ─► answer
    6. that failed, but L1 holds what is usable on error           ─► answer, and say so

Everything but the builds runs in the event loop's thread, and step 1 awaits nothing but the
sending. While L1 may not be trusted as it is, the steps that use it come after a look at the
outbox (`confirming.py`), or do not come at all.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from caching import cache_status
from caching.answer import Answer, answer, hit, missing_coding, redirect, refusal
from caching.build_rate import BuildRate, TooManyBuilds
from caching.cache_control import NO_STORE
from caching.cache_status import Outcome
from caching.client_address import client_address
from caching.coherence import Coherence
from caching.entry import UNLABELLED, Entry, add_coding
from caching.eviction import MOST_READS
from caching.flights import Flights, Landing, Origin, Overloaded
from caching.freshness import Freshness
from caching.headers import PUBLIC_FIELDS, Field, read_request_fields
from caching.labels import Labelling
from caching.messages import Application, Message, Receive, Scope, Send, send_answer
from caching.parameters import BadParameter
from caching.routes import Elsewhere, RouteTable, Target
from caching.surrogate_keys import EVERYTHING

_READS: Final = frozenset({"GET", "HEAD"})
_REDIRECT_AGE: Final = 86_400  # Seconds; how URLs are spelled does not change from day to day.
_LIVE: Final = "/healthz/live"
_NO_BODY: Final[Message] = {"type": "http.response.body", "body": b""}


@dataclass(frozen=True, slots=True)
class Lifespan:
    """What is done when the server has started, and before it stops."""

    startup: Callable[[], Awaitable[None]]
    shutdown: Callable[[], Awaitable[None]]


class Confirms(Protocol):
    """Who can say, while the shared log is out of reach, that L1 holds nothing outdated."""

    @property
    def failed(self) -> bool:
        """Tell whether nobody could say so the last time, for the database is away too."""

    async def confirm(self) -> bool:
        """Return whether L1 holds nothing now that was outdated when this was called."""


class ReadPath:
    """An ASGI application that answers public reads and hands everything else on."""

    def __init__(  # noqa: PLR0913 - the parts of the house, each by name.
        self,
        *,
        routes: RouteTable,
        coherence: Coherence,
        flights: Flights,
        build_rate: BuildRate,
        django: Application,
        lifespan: Lifespan,
        confirming: Confirms | None = None,
        trusted_proxies: int = 0,
        labelling: Labelling = UNLABELLED,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.outcomes: Counter[str] = Counter()
        self._routes = routes
        self.l1 = coherence.l1
        self._get = coherence.l1.get
        self._coherence = coherence
        self._lease_clock = coherence.clock
        self._confirming = confirming
        self._flights = flights
        self._build_rate = build_rate
        self._django = django
        self._lifespan = lifespan
        self._trusted_proxies = trusted_proxies
        # Where a URL is found does not depend on any row.
        self._redirect_labels = labelling.fields({EVERYTHING})
        self._clock = clock

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or run the application's lifespan."""
        if scope["type"] == "http":
            method: str = scope["method"]
            if method in _READS:
                raw_path: bytes = scope["raw_path"]
                query_string: bytes = scope["query_string"]
                entry = self._get(raw_path + b"?" + query_string if query_string else raw_path)
                now = self._clock()
                if (
                    entry is not None
                    and now < entry.fresh_until
                    and self._lease_clock() < self._coherence.trusted_until
                ):
                    found = hit(entry, scope["headers"], method=method, now=now)
                    if found is None:
                        await self._read(scope, receive, send)
                        return
                    if entry.reads < MOST_READS:
                        entry.reads += 1
                    self.outcomes["hit"] += 1
                    status, fields, body = found
                    # As `send_answer` does, without the price of another coroutine.
                    await send({"type": "http.response.start", "status": status, "headers": fields})
                    is_empty = method == "HEAD" or not body
                    await send(_NO_BODY if is_empty else {"type": "http.response.body", "body": body})
                else:
                    await self._read(scope, receive, send)
            else:
                await self._django(scope, receive, send)
        elif scope["type"] == "lifespan":
            await _run_lifespan(self._lifespan, receive, send)
        else:
            await self._django(scope, receive, send)

    async def _read(self, scope: Scope, receive: Receive, send: Send) -> None:
        method: str = scope["method"]
        try:
            found = self._routes.find(scope["raw_path"], scope["query_string"])
        except BadParameter as error:
            self.outcomes["refused"] += 1
            await send_answer(send, method, _refused_parameter(error, scope))
            return
        if found is None:
            if scope["path"] == _LIVE:
                await send_answer(send, method, _alive())
                return
            self.outcomes[Outcome.BYPASS.value] += 1
            await self._django(scope, receive, send)
        elif isinstance(found, Elsewhere):
            await send_answer(
                send, method, redirect(found.location, max_age=_REDIRECT_AGE, labels=self._redirect_labels)
            )
        else:
            await send_answer(send, method, await self._answer(found, scope))

    async def _answer(self, target: Target, scope: Scope) -> Answer:
        is_trusted = self._coherence.is_trusting()
        field: Field | None = None
        if not is_trusted and self._confirming is not None:
            is_trusted = await self._confirming.confirm()
            if self._confirming.failed:
                self.outcomes["failed"] += 1
                return _cut_off(target)
            field = cache_status.CONFIRMED
        entry = self._get(target.key) if is_trusted else None
        if entry is not None:
            if entry.reads < MOST_READS:
                entry.reads += 1
            freshness = entry.freshness(now=self._clock())
            if freshness is Freshness.FRESH:
                return self._respond(entry, scope, Outcome.HIT, field)
            if freshness is Freshness.STALE:
                self._renew(target)
                return self._respond(entry, scope, Outcome.STALE)
        return await self._obtain(target, scope, held=entry, is_informed=is_trusted)

    async def _obtain(self, target: Target, scope: Scope, *, held: Entry | None, is_informed: bool) -> Answer:
        client = client_address(scope, trusted_proxies=self._trusted_proxies)
        try:
            landing, collapsed = await self._flights.obtain(
                target,
                may_build=lambda: self._build_rate.spend(client, now=self._clock()),
                is_informed=is_informed,
            )
        except TooManyBuilds as verdict:
            self.outcomes["throttled"] += 1
            wait = [(b"retry-after", b"%d" % verdict.retry_after)]
            detail = f"too many cold reads from {client}: {verdict}"
            return refusal(429, detail, fields=wait, instance=target.path)
        except (Overloaded, TimeoutError, RuntimeError) as error:
            failed: Answer = _overloaded(error, target)
        else:
            if isinstance(landing.result, Entry):
                return self._respond_landed(
                    target,
                    landing,
                    landing.result,
                    scope,
                    collapsed=collapsed,
                    was_held=held is not None,
                )
            failed = landing.result
        return self._instead_of(failed, target, scope, is_informed=is_informed)

    def _instead_of(self, failed: Answer, target: Target, scope: Scope, *, is_informed: bool) -> Answer:
        """Answer from what L1 still holds when a build failed for a reason that is ours."""
        # Asked again: an invalidated entry is gone by now, and an old one may have come from L2.
        entry = self._get(target.key) if is_informed else None
        if failed.status < 500 or entry is None or entry.freshness(now=self._clock()) is Freshness.EXPIRED:
            self.outcomes["failed"] += 1
            return failed
        return self._respond(entry, scope, Outcome.STALE, cache_status.STALE_ON_ERROR)

    def _respond_landed(  # noqa: PLR0913 - all that tells how it was come by.
        self,
        target: Target,
        landing: Landing,
        entry: Entry,
        scope: Scope,
        *,
        collapsed: bool,
        was_held: bool,
    ) -> Answer:
        if landing.origin is Origin.L2:
            if entry.freshness(now=self._clock()) is Freshness.STALE:
                self._renew(target)
                return self._respond(entry, scope, Outcome.STALE)
            return self._respond(entry, scope, Outcome.HIT, cache_status.FROM_L2)
        if collapsed or landing.origin is Origin.ELSEWHERE:
            field = None if landing.is_stored else cache_status.COLLAPSED_NOT_STORED
            return self._respond(entry, scope, Outcome.COLLAPSED, field)
        if not landing.is_stored:
            return self._respond(entry, scope, Outcome.MISS, cache_status.MISS_NOT_STORED)
        return self._respond(
            entry, scope, Outcome.MISS, cache_status.RENEWED if was_held else cache_status.MISS
        )

    def _respond(self, entry: Entry, scope: Scope, outcome: Outcome, field: Field | None = None) -> Answer:
        self.outcomes[outcome.value] += 1
        request = read_request_fields(scope["headers"])
        # Ends: what does not make the body smaller is no coding of it.
        while (coding := missing_coding(entry, request)) is not None:
            self._coherence.grown(entry, add_coding(entry, coding))
        return answer(
            entry,
            request,
            method=scope["method"],
            now=self._clock(),
            cache_status=field or cache_status.FIELDS[outcome],
        )

    def _renew(self, target: Target) -> None:
        """Begin to renew a stale entry behind its reader's back, if nobody does."""
        if not self._flights.is_flying(target):
            self._flights.launch(target, is_renewal=True)


def _refused_parameter(error: BadParameter, scope: Scope) -> Answer:
    return refusal(400, str(error), instance=scope["path"], parameter=error.parameter)


def _overloaded(error: Exception, target: Target) -> Answer:
    reason = {
        Overloaded: "too many representations are being built",
        TimeoutError: "building the representation takes too long",
    }.get(type(error), "building the representation failed")
    detail = f"{reason}; try again in a few seconds"
    return refusal(503, detail, fields=[(b"retry-after", b"2")], instance=target.path)


def _cut_off(target: Target) -> Answer:
    """Refuse at once: what is stored may be outdated, and a build would wait for the same database."""
    detail = "neither the shared log nor the database can be reached; try again in a few seconds"
    return refusal(503, detail, fields=[(b"retry-after", b"5")], instance=target.path)


def _alive() -> Answer:
    fields: Sequence[Field] = (
        (b"content-type", b"application/json"),
        (b"content-length", b"17"),
        NO_STORE,
        *PUBLIC_FIELDS,
    )
    return Answer(200, fields, b'{"status":"live"}')


async def _run_lifespan(lifespan: Lifespan, receive: Receive, send: Send) -> None:
    await receive()
    try:
        await lifespan.startup()
    except Exception as error:
        await send({"type": "lifespan.startup.failed", "message": str(error)})
        raise
    await send({"type": "lifespan.startup.complete"})
    await receive()
    await lifespan.shutdown()
    await send({"type": "lifespan.shutdown.complete"})
