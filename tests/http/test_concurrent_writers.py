"""Writers at the same moment: each write happens whole, on what its writer knew, and is counted once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import httpx
import pytest

from tests.server import Server
from tests.writer import Writer

WRITERS = 8
ROUNDS = 10
TIMEOUT = 30.0  # Seconds after which a writer has failed.

SETUP = """
from rest_framework.authtoken.models import Token
users = [factories.make_user() for _ in range({writers})]
authors = [factories.make_author(user=user) for user in users]
category = factories.make_category()
result = dict(tokens=[Token.objects.create(user=user).key for user in users], category=category.pk)
"""


@pytest.fixture(scope="module")
def made(writer: Writer) -> Any:
    return writer.run(SETUP.format(writers=WRITERS))


@pytest.fixture(scope="module")
def clients(server: Server, made: Any) -> Iterator[list[httpx.Client]]:
    """Return clients that write as different authors."""
    opened = [
        httpx.Client(base_url=server.url, headers={"Authorization": f"Token {token}"}, timeout=TIMEOUT)
        for token in made["tokens"]
    ]
    yield opened
    for client in opened:
        client.close()


def at_once(calls: list[Callable[[], httpx.Response]]) -> list[httpx.Response]:
    """Make all calls at the same moment, each in a thread of its own."""
    barrier = Barrier(len(calls), timeout=TIMEOUT)

    def wait_and(call: Callable[[], httpx.Response]) -> httpx.Response:
        barrier.wait()
        return call()

    with ThreadPoolExecutor(len(calls)) as threads:
        return list(threads.map(wait_and, calls))


def published(client: httpx.Client, made: Any, **members: Any) -> str:
    """Publish a post; return its URL."""
    body = {"title": "Ale", "body": "<p>Beer.</p>", "category": made["category"], **members}
    url = client.post("/api/v1/posts/", json=body).json()["url"]
    assert client.post(f"{url}publish/").status_code == 200
    return url


def assert_counters_are_right(writer: Writer) -> None:
    assert not any(writer.run("from api.counters import reconcile; result = reconcile()").values())


def test_of_two_writers_with_one_etag_exactly_one_wins(clients: list[httpx.Client], made: Any) -> None:
    author = clients[0]
    url = published(author, made)
    for round_number in range(ROUNDS):
        tag = author.patch(url, json={"title": "Before"}).headers["ETag"]
        held = {"If-Match": tag}
        bodies = [{"title": f"{round_number} {number}"} for number in range(WRITERS)]
        answers = at_once(
            [lambda body=body, held=held: author.patch(url, json=body, headers=held) for body in bodies]
        )
        assert sorted(answer.status_code for answer in answers) == [200] + [412] * (WRITERS - 1)
        winner = next(answer for answer in answers if answer.status_code == 200)
        assert author.get(url).json() == winner.json()


def test_posts_of_one_title_get_slugs_of_their_own(clients: list[httpx.Client], made: Any) -> None:
    body = {"title": "The same", "body": "<p>Beer.</p>", "category": made["category"]}
    answers = at_once([lambda client=client: client.post("/api/v1/posts/", json=body) for client in clients])
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.json()["slug"] for answer in answers}) == WRITERS


def test_chosen_slug_is_given_to_one(clients: list[httpx.Client], made: Any) -> None:
    body = {"title": "x", "body": "<p>Beer.</p>", "category": made["category"], "slug": "wanted-by-all"}
    answers = at_once([lambda client=client: client.post("/api/v1/posts/", json=body) for client in clients])
    statuses = [answer.status_code for answer in answers]
    assert statuses.count(201) == 1
    assert set(statuses) <= {201, 400, 409}


def test_counters_are_right_after_many_moves_at_once(
    clients: list[httpx.Client], made: Any, writer: Writer
) -> None:
    urls = [published(client, made) for client in clients]
    for action in ("archive", "publish"):
        answers = at_once(
            [
                lambda client=client, url=f"{url}{action}/": client.post(url)
                for client, url in zip(clients, urls, strict=True)
            ]
        )
        assert {answer.status_code for answer in answers} == {200}
        assert_counters_are_right(writer)


def test_likes_and_comments_of_many_are_counted_once_each(
    clients: list[httpx.Client], made: Any, writer: Writer
) -> None:
    url = published(clients[0], made)
    twice = [*clients, *clients]
    likes = at_once([lambda client=client: client.put(f"{url}like/") for client in twice])
    assert {answer.status_code for answer in likes} == {200}
    comments = at_once(
        [lambda client=client: client.post(f"{url}comments/", json={"body": "x"}) for client in clients]
    )
    assert {answer.status_code for answer in comments} == {201}
    post = clients[0].get(url).json()
    assert (post["like_count"], post["comment_count"]) == (WRITERS, WRITERS)
    assert_counters_are_right(writer)
    at_once([lambda client=client: client.delete(f"{url}like/") for client in twice])
    assert clients[0].get(url).json()["like_count"] == 0


def test_post_that_is_deleted_twice_at_once_is_counted_out_once(
    clients: list[httpx.Client], made: Any, writer: Writer
) -> None:
    url = published(clients[0], made)
    answers = at_once([lambda: clients[0].delete(url) for _ in range(WRITERS)])
    assert sorted(answer.status_code for answer in answers) == [204] + [404] * (WRITERS - 1)
    assert_counters_are_right(writer)
