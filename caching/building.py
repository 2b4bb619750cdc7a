"""What does the representation being built right now depend on?

A build runs ordinary view code in one thread. While it does, that code may say which
surrogate keys its answer depends on and when the answer changes by itself. Outside a
build the calls do nothing, so a view can be called from anywhere.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Protocol


class KeepsFragments(Protocol):
    """Who keeps parts of representations between builds (`fragments.py`)."""

    def get(self, key: bytes) -> bytes | None:
        """Return what is kept under this name and may be used now."""

    def keep(self, key: bytes, body: bytes, surrogate_keys: Collection[str]) -> None:
        """Keep a part that this build has made."""


@dataclass(slots=True)
class Dependencies:
    """The surrogate keys of an answer, and the epoch second at which it changes unasked."""

    keys: set[str] = field(default_factory=set)
    changes_at: float | None = None
    fragments: KeepsFragments | None = None


_current: ContextVar[Dependencies | None] = ContextVar("dependencies_of_the_build", default=None)


@contextmanager
def collecting(fragments: KeepsFragments | None = None) -> Iterator[Dependencies]:
    """Collect what the code inside the block depends on; it may use these fragments."""
    dependencies = Dependencies(fragments=fragments)
    token = _current.set(dependencies)
    try:
        yield dependencies
    finally:
        _current.reset(token)


def is_building() -> bool:
    """Tell whether a representation is being built by the calling code."""
    return _current.get() is not None


def fragments() -> KeepsFragments | None:
    """Return who keeps parts of the representation being built, None outside of a build."""
    current = _current.get()
    return None if current is None else current.fragments


def depends_on(keys: Iterable[str]) -> None:
    """Say that the answer shows, or was selected by, what these surrogate keys name."""
    current = _current.get()
    if current is not None:
        current.keys.update(keys)


def changes_at(moment: float | None) -> None:
    """Say that the answer will be another one from this epoch second on, without any write."""
    current = _current.get()
    if current is None or moment is None:
        return
    if current.changes_at is None or moment < current.changes_at:
        current.changes_at = moment
