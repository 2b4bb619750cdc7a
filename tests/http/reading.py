"""How a test reads: until it is served from memory, and until a change shows."""

from __future__ import annotations

import time
from collections.abc import Callable

import httpx

SHOWS_WITHIN = 20.0  # Seconds; the relay needs a few hundredths, on a machine that has time.


def cache_status(response: httpx.Response) -> str:
    """Return how the answer was come by."""
    return response.headers.get("cache-status", "")


def is_hit(response: httpx.Response) -> bool:
    """Tell whether the answer came from memory, fresh."""
    return cache_status(response) == "readpath; hit"


def read_into_memory(http: httpx.Client, url: str) -> httpx.Response:
    """Read the URL until it is answered from memory; a relay under way may refuse the first build."""
    return read_until(http, url, is_hit)


def read_until(http: httpx.Client, url: str, holds: Callable[[httpx.Response], bool]) -> httpx.Response:
    """Read the URL until the answer is as it should be; fail if it is not after `SHOWS_WITHIN`."""
    deadline = time.monotonic() + SHOWS_WITHIN
    while True:
        response = http.get(url)
        if holds(response):
            return response
        if time.monotonic() > deadline:
            raise AssertionError(
                f"{url} still answers {response.status_code} {response.headers} {response.text[:2000]}"
            )
