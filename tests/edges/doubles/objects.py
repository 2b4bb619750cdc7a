"""Answers that a vendor keeps, by address, with their labels: fresh, stale, or gone."""

from __future__ import annotations

import threading
from collections.abc import Collection


class Objects:
    """What one service or zone keeps. Safe across threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._labels: dict[str, frozenset[str]] = {}
        self._stale: set[str] = set()

    def put(self, url: str, labels: Collection[str]) -> None:
        """Keep an answer, fresh."""
        with self._lock:
            self._labels[url] = frozenset(labels)
            self._stale.discard(url)

    @property
    def fresh(self) -> set[str]:
        """The addresses that are served without asking the origin."""
        with self._lock:
            return set(self._labels) - self._stale

    @property
    def stale(self) -> set[str]:
        """The addresses that are kept, to be revalidated."""
        with self._lock:
            return set(self._stale)

    def forget(self, labels: Collection[str]) -> None:
        """Drop what carries one of the labels."""
        with self._lock:
            for url in self._carrying(labels):
                del self._labels[url]
                self._stale.discard(url)

    def expire(self, labels: Collection[str]) -> None:
        """Make stale what carries one of the labels."""
        with self._lock:
            self._stale.update(self._carrying(labels))

    def forget_all(self) -> None:
        """Drop everything."""
        with self._lock:
            self._labels.clear()
            self._stale.clear()

    def _carrying(self, labels: Collection[str]) -> list[str]:
        wanted = frozenset(labels)
        return [url for url, carried in self._labels.items() if carried & wanted]
