"""Workers for tests, several in one process: each with its own event loop, L1, tail and connections.

The relay is the one part that is not there: nothing waits in any outbox. So a worker's pass over
it is an empty block, made as often as a relay makes one, for as long as the test lets it.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any, Self, TypeVar

import redis.asyncio
from django.conf import settings
from django.test import override_settings

from caching.coherence import Coherence, Start
from caching.entry import Entry
from caching.l1 import L1
from caching.shared import connections, keys
from caching.shared.fleet import Fleet
from caching.shared.leases import Leases, State, state_of
from caching.shared.link import Link
from caching.shared.log import SharedLog
from caching.shared.tail import longest_command
from settings.redis import shared_store
from tests.redis import RedisServer, wait_until

PATIENCE = 20.0  # Seconds until a test that hangs has failed.
LEASE = 1.0
LONG_LEASE = 3.0  # Where nothing is about its end, so that a busy machine cannot end it either.
TIMEOUT = 1.0

Result = TypeVar("Result")


@contextmanager
def configured(url: str, *, timeout: float = TIMEOUT) -> Iterator[None]:
    """Use the Redis at `url`, as the settings would."""
    with override_settings(CACHES={**settings.CACHES, "l2": shared_store(url, timeout=timeout)}):
        try:
            yield
        finally:
            connections.client().connection_pool.disconnect()


@contextmanager
def settled(server: RedisServer) -> Iterator[redis.Redis]:
    """Yield a client to a Redis that is configured and whose first lease, that of nobody, is over."""
    with configured(server.url), server.client() as direct:
        connections.client().ping()
        bury_phantoms(direct)
        yield direct


def bury_phantoms(direct: redis.Redis) -> None:
    """Let nobody wait for the leases of a history that no test worker has lived in."""
    for name in direct.hkeys(keys.STATE):
        if name.startswith(b"w:~"):
            direct.hdel(keys.STATE, name)


class Loop:
    """An event loop in a thread of its own."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="loop", daemon=True)

    def run(self, work: Coroutine[Any, Any, Result]) -> Result:
        """Run a coroutine in the loop; return what it returns."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(PATIENCE)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.run(connections.close_async_clients())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(PATIENCE)
        self._loop.close()


Hook = Callable[[], Any]


class Interposing(redis.asyncio.Redis):
    """A client that does something once, just before it sends a certain command, or just after."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._hooks: dict[tuple[str, str], list[Hook]] = {}

    def before(self, command: str, hook: Hook) -> None:
        """Call the hook, and await what it returns, before the next such command that has none yet."""
        self._hooks.setdefault(("before", command), []).append(hook)

    def after(self, command: str, hook: Hook) -> None:
        """Call the hook, and await what it returns, when that command has been answered."""
        self._hooks.setdefault(("after", command), []).append(hook)

    async def execute_command(self, *arguments: Any, **options: Any) -> Any:
        await self.call("before", arguments[0])
        answer = await super().execute_command(*arguments, **options)
        await self.call("after", arguments[0])
        return answer

    def pipeline(self, transaction: bool = True, shard_hint: str | None = None) -> Any:  # noqa: FBT001, FBT002
        """Return a pipeline whose journey counts as one command, `PIPELINE`."""
        made = super().pipeline(transaction, shard_hint)
        execute = made.execute

        async def executing(*arguments: Any, **options: Any) -> Any:
            await self.call("before", "PIPELINE")
            answers = await execute(*arguments, **options)
            await self.call("after", "PIPELINE")
            return answers

        made.execute = executing
        return made

    async def call(self, when: str, command: str) -> None:
        """Call what was to be called before or after such a command."""
        hooks = self._hooks.get((when, command))
        done = hooks.pop(0)() if hooks else None
        if asyncio.iscoroutine(done):
            await done


def interposing(*, timeout: float | None = None) -> Interposing:
    """Return such a client, on the connections of the running event loop."""
    return Interposing(connection_pool=connections.async_client(timeout=timeout).connection_pool)


class Relaying:
    """Makes the passes of a worker's relay: over an outbox in which nothing waits."""

    def __init__(self, fleet: Fleet) -> None:
        self._fleet = fleet
        self.is_database_away = False
        self._gate = threading.Lock()
        self._woken = threading.Event()
        self._ended = False
        self._thread = threading.Thread(target=self._run, name="relaying", daemon=True)

    def stop_passing(self) -> None:
        """Make no pass until `go_on`; return when none is under way."""
        assert self._gate.acquire(timeout=PATIENCE)

    def go_on(self) -> None:
        """Make passes again."""
        self._gate.release()

    def wake(self) -> None:
        """Pass at once."""
        self._woken.set()

    def start(self) -> None:
        self._thread.start()

    def end(self) -> None:
        self._ended = True
        if self._gate.locked():
            self.go_on()
        self.wake()
        self._thread.join(PATIENCE)

    def _run(self) -> None:
        while not self._ended:
            with self._gate:
                self._pass_over()
            self._woken.wait(0.02)
            self._woken.clear()

    def _pass_over(self) -> None:
        epoch = self._fleet.epoch
        if self.is_database_away:
            self._fleet.in_vain()
            return
        with self._fleet.looking():
            pass
        self._fleet.trust(epoch)


class Worker:
    """One worker of a fleet."""

    def __init__(self, *, lease: float = LEASE, variant: bytes = b"") -> None:
        self.lease = lease
        self.within = PATIENCE  # Seconds until it serves, trusted or not.
        self.coherence = Coherence(L1(10_000_000), leased=True)
        self.heard: list[set[str]] = []
        self.loop = Loop()
        self.fleet = Fleet(
            connections.client(),
            self.coherence,
            lease=lease,
            heard=lambda keys: self.heard.append(set(keys)),
            unsettled=lambda: self.relaying.wake(),  # noqa: PLW0108 - it is made below.
            variant=variant,
        )
        self.relaying = Relaying(self.fleet)
        self.name = ""  # The field of `keys.STATE` in which its lease is.
        self.reading: Interposing
        self.tailing: Interposing

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            stack.enter_context(self.loop)
            stack.callback(lambda: self.loop.run(self.fleet.stop()))
            self.relaying.start()
            stack.callback(self.relaying.end)
            before = _leases()
            self.loop.run(self._start())
            self.name = "".join(_leases() - before)
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    async def _start(self) -> None:
        self.reading = interposing()
        self.tailing = interposing(timeout=longest_command(self.lease, TIMEOUT))
        await self.fleet.start(self.reading, self.tailing, within=self.within)

    def is_trusting(self) -> bool:
        return self.coherence.is_trusting()

    def begin(self) -> Start:
        return self.coherence.begin()

    def keep(self, entry: Entry) -> None:
        """Have an entry in L1 that was built just now."""
        assert self.coherence.store(entry, start=self.coherence.position())

    def holds(self, entry: Entry) -> bool:
        return self.coherence.l1.get(entry.key) is not None

    def l2(self, key: bytes) -> Entry | None:
        """Return what the worker gets from L2."""
        return self.loop.run(self.fleet.entry(key))

    def until_trusting(self) -> None:
        wait_until(self.is_trusting, "the worker does not trust its L1", patience=PATIENCE)

    def until_distrusting(self) -> None:
        wait_until(lambda: not self.is_trusting(), "the worker goes on trusting", patience=PATIENCE)

    def until_heard(self, key: str) -> None:
        """Return once the worker has applied a record with this key."""
        wait_until(lambda: any(key in heard for heard in self.heard), f"{key} is not heard of")


async def until(holds: Callable[[], bool]) -> None:
    """Return as soon as something holds; lets the event loop go on meanwhile."""
    async with asyncio.timeout(PATIENCE):
        while not holds():  # noqa: ASYNC110 - it changes in Redis, or in another loop.
            await asyncio.sleep(0.002)


def _leases() -> set[str]:
    try:
        names: list[bytes] = connections.client().hkeys(keys.STATE)
    except connections.TROUBLE:
        return set()
    return {name.decode() for name in names if name.startswith(b"w:") and not name.startswith(b"w:~")}


def shared_log(*, leases: Leases | None = None, **options: Any) -> SharedLog:
    """Return the log as a process without a tail has it: a command, or a test."""
    leases = leases or Leases(lease=LEASE)
    return SharedLog(connections.client(), Link(retry=0.0), leases=leases, **options)


def state_in(direct: redis.Redis) -> State:
    """Return what Redis knows of the history, asked without greeting or beginning one."""
    found = direct.hgetall(keys.STATE)
    return state_of([part for pair in found.items() for part in pair])


class Moments:
    """A clock that goes on only while somebody pauses."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.paused: list[float] = []

    def __call__(self) -> float:
        return self.now

    def pause(self, seconds: float) -> None:
        self.now += seconds
        self.paused.append(seconds)
