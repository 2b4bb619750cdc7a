"""After one row has changed, a page reads that row alone, and never shows two states of the database."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import orjson
import pytest
from django.db import connection, transaction

from api.builds import PublicReads
from api.models import Author, Post, Tag
from api.surrogate_keys import collecting_rows
from api.urls import READS
from caching.coherence import Coherence
from caching.django_builds import DjangoBuilds
from caching.entry import Entry
from caching.flights import Landing
from caching.fragments import FRESH_FOR
from caching.l1 import L1
from caching.models import Outbox
from caching.relaying import outbox
from tests.api.building import build, target_of
from tests.api.cachalot import elsewhere
from tests.factories import make_author, make_category, make_comment, make_post, make_tag

FIVE = "/api/v1/posts/?limit=5"
FOUR = "/api/v1/posts/?limit=4"


class Worker:
    """What stands around builds in a process that serves alone."""

    def __init__(self) -> None:
        self.now = 1_700_000_000.0
        self.coherence = Coherence(L1(10_000_000))
        self.coherence.trust()
        self.refused = 0
        self._builds = DjangoBuilds(
            PublicReads(READS), self.coherence, self._store, observing=collecting_rows, clock=lambda: self.now
        )

    def _store(self, entry: Entry, start: Any, *, is_composed: bool) -> bool:
        del is_composed
        is_stored = self.coherence.store(entry, start=start.position)
        self.refused += not is_stored
        return is_stored

    def landing(self, url: str) -> Landing:
        """Build a URL."""
        return self._builds(target_of(url), self.coherence.begin())

    def body(self, url: str) -> bytes:
        """Return what a build of the URL shows."""
        return self.landing(url).result.variants["identity"].body

    def relay(self) -> None:
        """Pass on what was committed."""
        with outbox.relaying() as taken:
            self.coherence.invalidate(taken.keys)


@contextmanager
def rows_read(of: str = "api_post") -> Iterator[list[int]]:
    """Yield a list that is filled with the primary keys of the table's rows that are read by key."""
    keys: list[int] = []

    def watch(execute: Any, sql: str, parameters: Any, *rest: Any) -> Any:
        if f'FROM "{of}"' in sql and ("json_each" in sql or "= ANY(" in sql):
            (among,) = parameters
            keys.extend(json.loads(among) if isinstance(among, str) else among)
        return execute(sql, parameters, *rest)

    with connection.execute_wrapper(watch):
        yield keys


@pytest.fixture
def posts(either_database: Any) -> list[Post]:
    """Make five posts, the newest last, that have everything in common; nothing is outstanding."""
    author, category, tag = make_author(), make_category(), make_tag()
    made = [make_post(author=author, category=category, tags=[tag]) for _ in range(5)]
    Outbox.objects.all().delete()
    return made


@pytest.fixture
def worker(posts: list[Post]) -> Worker:
    """Return a worker that has shown these posts."""
    worker = Worker()
    worker.body(FIVE)
    return worker


def test_a_page_of_rows_that_were_shown_reads_none_of_them(worker, posts):
    expected = build(FOUR)
    with rows_read() as read:
        landing = worker.landing(FOUR)
    assert read == []
    assert landing.is_stored
    assert landing.result.variants["identity"].body == expected.reply.body


def test_a_page_of_fragments_falls_with_what_a_page_of_rows_does(worker, posts):
    by_fragments = worker.landing(FIVE).result
    by_rows = Worker().landing(FIVE).result
    assert by_fragments.surrogate_keys == by_rows.surrogate_keys
    assert by_fragments.variants["identity"].etag == by_rows.variants["identity"].etag


@pytest.mark.parametrize(
    "url", [FIVE, FOUR, "/api/v1/posts/?ordering=score&limit=5", "/api/v1/posts/trending/?days=30"]
)
def test_after_one_row_has_changed_exactly_that_row_is_read(worker, posts, url):
    if "trending" in url:
        for post in posts:  # It shows only what is new.
            Post.objects.filter(pk=post.pk).update(published_at=recent(post.pk))
        worker.relay()
        worker.body(url)
    Post.objects.filter(pk=posts[2].pk).update(title="Another")
    worker.relay()
    expected = build(url).reply.body
    with rows_read() as read, rows_read("api_posttag") as owners:
        body = worker.body(url)
    assert read == owners == [posts[2].pk]
    assert b'"Another"' in body
    assert body == expected
    with rows_read() as read:
        worker.body(url)
    assert read == []


def recent(minutes: int) -> Any:
    """Return a moment that is just past."""
    from django.utils import timezone  # noqa: PLC0415

    return timezone.now() - timedelta(minutes=minutes)


def test_what_a_row_shows_of_others_is_read_with_it(worker, posts):
    Author.objects.update(name="Renamed")
    worker.relay()
    with rows_read() as read:
        assert worker.body(FIVE).count(b'"Renamed"') == 5
    assert sorted(read) == sorted(post.pk for post in posts)
    Tag.objects.update(name="retagged")
    worker.relay()
    assert worker.body(FIVE).count(b'"retagged"') == 5


def test_rows_of_other_choices_of_fields_are_not_taken(worker, posts):
    assert worker.body(f"{FIVE}&fields=id,title") == build(f"{FIVE}&fields=id,title").reply.body
    assert worker.body(FIVE) == build(FIVE).reply.body


def test_comments_and_directories_have_fragments_too(worker, posts):
    comments = [make_comment(post=posts[0]) for _ in range(3)]
    worker.relay()
    url = f"/api/v1/posts/{posts[0].pk}/comments/?limit=2"
    for path in (url, "/api/v1/tags/", "/api/v1/authors/"):
        worker.body(path)
    with rows_read("api_comment") as read, rows_read("api_tag") as tags, rows_read("api_author") as authors:
        for path in (url, "/api/v1/tags/", "/api/v1/authors/"):
            assert worker.body(path) == build_watched_by_nobody(path)
    assert (read, tags, authors) == ([], [], [])
    comments[1].body = "<p>Changed.</p>"
    comments[1].save()
    worker.relay()
    with rows_read("api_comment") as read:
        assert b"Changed." in worker.body(url)
    assert read == [comments[1].pk]


def build_watched_by_nobody(url: str) -> bytes:
    """Build a URL elsewhere, where its reads are not counted."""
    return elsewhere(lambda: build(url).reply.body)


# A change that is committed and not relayed yet.


def test_a_change_that_waits_is_not_hidden_and_its_rows_alone_are_read(worker, posts):
    with transaction.atomic():
        Post.objects.filter(pk=posts[1].pk).update(title="One", score=7)
        Post.objects.filter(pk=posts[3].pk).update(title="Other", score=8)
    with rows_read() as read:
        body = worker.body(FIVE)
    assert sorted(read) == [posts[1].pk, posts[3].pk]
    assert body == build(FIVE).reply.body


@pytest.mark.parametrize("count", [outbox.FEW, outbox.FEW + 50])
def test_where_much_waits_none_is_taken(worker, posts, count):
    Outbox.objects.bulk_create(Outbox(key=f"tag:{10_000 + number}") for number in range(count - 1))
    with rows_read() as read:
        worker.body(FIVE)
    assert (read == []) is (count == outbox.FEW)
    Outbox.objects.bulk_create([Outbox(key="tag:1000000")])
    with rows_read() as read:
        worker.body(FIVE)
    assert len(read) == 5


def test_columns_that_may_lag_do_so_for_a_while(worker, posts):
    Post.objects.update(view_count=99)
    worker.relay()
    assert b'"view_count":99' not in worker.body(FIVE)
    worker.now += FRESH_FOR
    assert worker.body(FIVE) == build(FIVE).reply.body


# A change in the middle of a build.


PLACES = 'FROM "api_post"'
WAITING = "FROM caching_outbox"


def meanwhile(of: str, then: Callable[[], Any], run: Callable[[], Any]) -> Any:
    """Run; as soon as the database has answered the first statement with these words, do `then` elsewhere."""
    done: list[str] = []

    def wrapper(execute: Any, sql: str, *arguments: Any) -> Any:
        result = execute(sql, *arguments)
        if of in sql and not done:
            done.append(sql)
            elsewhere(then)
        return result

    with connection.execute_wrapper(wrapper):
        result = run()
    assert done, f"no statement has {of}"
    return result


def change(posts: list[Post]) -> Callable[[], None]:
    """Return a transaction of which no half may be seen: titles change, and the oldest becomes the newest."""

    def run() -> None:
        with transaction.atomic():
            Post.objects.filter(pk__in=[post.pk for post in posts[1:3]]).update(title="Together")
            Post.objects.filter(pk=posts[0].pk).update(
                title="Newest", published_at=posts[-1].published_at + timedelta(hours=1)
            )

    return run


@pytest.mark.parametrize("is_relayed", [False, True], ids=["waiting", "relayed"])
@pytest.mark.parametrize("is_shown", [False, True], ids=["unseen", "shown by another build"])
@pytest.mark.parametrize("moment", [PLACES, WAITING], ids=["after the places", "after what waits"])
def test_a_page_is_one_state_whatever_happens_meanwhile(worker, posts, moment, is_shown, is_relayed):
    before = build(FIVE).reply.body

    def then() -> None:
        change(posts)()
        if is_relayed:
            worker.relay()
        if is_shown:
            worker.body(FOUR)

    landing = meanwhile(moment, then, lambda: worker.landing(FIVE))
    body, after = landing.result.variants["identity"].body, build(FIVE).reply.body
    assert before != after
    assert body in {before, after}, orjson.loads(body)
    if is_relayed:
        assert body == after, "built again, for a write that was acknowledged meanwhile"
        assert worker.refused
    worker.relay()
    held = worker.coherence.l1.get(target_of(FIVE).key)
    assert held is None or held.variants["identity"].body == after
    assert worker.body(FIVE) == after


def test_what_is_built_again_takes_no_fragment(worker, posts):
    def then() -> None:
        Post.objects.filter(pk=posts[0].pk).update(title="Late")
        worker.relay()

    with rows_read() as read:
        landing = meanwhile(WAITING, then, lambda: worker.landing(FIVE))
    assert landing.is_stored
    assert worker.refused == 1
    assert b'"Late"' in landing.result.variants["identity"].body
    assert set(read[-5:]) == {post.pk for post in posts}


def test_fragments_that_a_write_has_overtaken_are_not_kept(posts):
    worker = Worker()

    def then() -> None:
        Post.objects.filter(pk=posts[0].pk).update(title="Late")
        worker.relay()

    meanwhile('"api_tag"', then, lambda: worker.landing(FIVE))
    with rows_read() as read:
        assert worker.body(FIVE) == build_watched_by_nobody(FIVE)
    assert read == [posts[0].pk]
