"""P7: however many clients ask for a cold URL at the same time, it is built once."""

from __future__ import annotations

import asyncio
from collections import Counter

import httpx

from tests.http.reading import cache_status
from tests.server import Server
from tests.writer import Writer

CLIENTS = 300


async def _ask_at_once(server: Server, url: str) -> list[httpx.Response]:
    limits = httpx.Limits(max_connections=CLIENTS)
    async with httpx.AsyncClient(base_url=server.url, limits=limits, timeout=30) as http:
        return await asyncio.gather(*(http.get(url) for _ in range(CLIENTS)))


def test_a_herd_at_a_cold_url_is_one_build(server: Server, writer: Writer) -> None:
    writer.run("for n in range(200): factories.make_post(title='t' * 200, body='b' * 20000)")
    writer.settle()
    responses = asyncio.run(_ask_at_once(server, "/api/v1/posts/?limit=100"))
    assert {response.status_code for response in responses} == {200}
    assert len({response.content for response in responses}) == 1
    outcomes = Counter(cache_status(response) for response in responses)
    assert outcomes["readpath; fwd=uri-miss; stored"] == 1, outcomes
    assert set(outcomes) <= {
        "readpath; fwd=uri-miss; stored",
        "readpath; fwd=uri-miss; collapsed",
        "readpath; hit",
    }


def test_a_herd_at_an_absent_thing_is_one_build(server: Server, writer: Writer) -> None:
    writer.settle()
    responses = asyncio.run(_ask_at_once(server, "/api/v1/posts/nothing-here/"))
    outcomes = Counter(cache_status(response) for response in responses)
    assert {response.status_code for response in responses} == {404}
    assert outcomes["readpath; fwd=uri-miss; stored"] == 1, outcomes
