"""Who hears what a relay has to say: the other side of `Invalidates`, under a test's control."""

from __future__ import annotations

from contextlib import contextmanager
from threading import Event, Thread

from django.db import connections

from caching.coherence import OutOfReach
from caching.surrogate_keys import EVERYTHING

PATIENCE = 20.0  # Seconds until a test that hangs has failed.


class Heard:
    """Hears what the relay has to say, and may be told to choke on it, or to be out of reach."""

    def __init__(self):
        self.events = []
        self.keys = set()
        self.passes = []
        self.chokes = []  # Raised one by one, before anything is taken in.
        self.trusted, self.distrusted = Event(), Event()
        self.on_key = {}
        self.epoch = 0
        self.position = 0
        self.waited_for = []
        self.lost = 0.0  # Seconds for which Redis has been out of reach.
        self.trusting = None  # What `is_trusting` says, if it is to say something of its own.

    def invalidate(self, keys, *, relay_pass=0):
        self._reach()
        if self.chokes:
            raise self.chokes.pop(0)
        self.events.append("invalidate")
        self.keys |= keys
        self.passes.append(relay_pass)
        self.position += 1
        if EVERYTHING in keys:
            self.epoch += 1
            self.distrust()
        for key in keys & set(self.on_key):
            self.on_key.pop(key)()
        return self.position

    def last(self):
        self._reach()
        return self.position

    def wait(self, position):
        self._reach()
        self.waited_for.append(position)

    def is_trusting(self):
        return self.trusted.is_set() if self.trusting is None else self.trusting

    def lost_for(self):
        return self.lost

    def trust(self, epoch):
        if epoch == self.epoch:
            self.events.append("trust")
            self.trusted.set()

    def distrust(self):
        self.events.append("distrust")
        self.distrusted.set()

    def hears(self, key):
        """Return an event that is set when the key is invalidated."""
        heard = Event()
        self.on_key[key] = heard.set
        return heard

    def _reach(self):
        if self.lost:
            raise OutOfReach("Redis is out of reach")


class Looks:
    """Counts the looks at the outbox that a lease may be counted from."""

    def __init__(self):
        self.counted = 0
        self.vain = 0
        self.is_counted = Event()
        self.is_vain = Event()

    @contextmanager
    def looking(self):
        yield
        self.counted += 1
        self.is_counted.set()

    def in_vain(self):
        self.vain += 1
        self.is_vain.set()

    def reached(self):
        self.is_vain.clear()

    def next(self):
        """Return once two more looks have ended: the second has begun after this was called."""
        for _ in range(2):
            self.is_counted.clear()
            assert self.is_counted.wait(PATIENCE), "nobody looks"


@contextmanager
def running(relay):
    """Let the relay look by itself while the block runs."""
    relay.start()
    try:
        yield relay
    finally:
        relay.stop()


def in_thread(call):
    """Run the call in a thread that gives its database connection back; return the thread."""

    def body():
        try:
            call()
        finally:
            connections.close_all()

    thread = Thread(target=body, daemon=True)
    thread.start()
    return thread
