"""Whatever a write changes of a page, it names; and it leaves the pages alone of which it changes nothing."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from api.models import Author, Category, Post, PostTag, Tag
from caching.models import Outbox
from tests.api.building import Built, build, every_page, target_of
from tests.caching.trigger_contract import in_time, recording
from tests.factories import make_author, make_category, make_post, make_tag

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
SECOND, TICK = timedelta(seconds=1), timedelta(microseconds=1)
# Boundaries of intervals, of all lengths or some, and what lies next to them; and one that is to come.
EDGES = [
    moment + distance
    for moment in (EPOCH, EPOCH + 3 * 2**27 * SECOND, EPOCH - 2**27 * SECOND, EPOCH + 1_704_067_072 * SECOND)
    for distance in (-SECOND, -TICK, timedelta(), TICK, SECOND, 2**9 * SECOND)
] + [datetime(2090, 1, 1, tzinfo=UTC)]
MOMENTS = st.one_of(
    st.sampled_from(EDGES),
    st.datetimes(datetime(2024, 1, 1), datetime(2024, 1, 2), timezones=st.just(UTC)),  # noqa: DTZ001
    st.datetimes(datetime(1950, 1, 1), datetime(2020, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001
)
POSTS = st.tuples(MOMENTS, st.booleans(), st.booleans(), st.sampled_from(["published", "published", "draft"]))
CHANGES = st.one_of(
    st.tuples(st.just("insert"), POSTS),
    st.tuples(st.just("delete"), st.integers(0, 99)),
    st.tuples(st.just("move"), st.integers(0, 99), MOMENTS),
    st.tuples(st.just("status"), st.integers(0, 99), st.sampled_from(["published", "draft", "archived"])),
    st.tuples(st.just("author"), st.integers(0, 99), st.booleans()),
    st.tuples(st.just("tag"), st.integers(0, 99), st.booleans()),
    st.tuples(st.just("soft delete"), st.integers(0, 99)),
    st.tuples(st.just("shift"), st.sampled_from([SECOND, 2**9 * SECOND, -TICK])),
)
ORDERS = ("-published_at", "published_at")
# In their canonical spelling.
LISTS = {
    order: [
        target_of(f"/api/v1/posts/?limit=2&fields=id,published_at{chosen}&ordering={order}").key.decode()
        for chosen in ("", "&author=ada", "&tag=ale", "&category=beer")
    ]
    for order in ORDERS
}
ALL_LISTS = [first for lists in LISTS.values() for first in lists]


def run(sql: str, *parameters: Any) -> None:
    """Run a statement as another program would: no ORM, no signals."""
    adapted = [
        connection.ops.adapt_datetimefield_value(value) if isinstance(value, datetime) else value
        for value in parameters
    ]
    with connection.cursor() as cursor:
        cursor.execute(sql, adapted)


class Content:
    """Posts of one author or of none, with one tag or none, that are written by SQL."""

    def __init__(self, posts: list[tuple[Any, ...]]) -> None:
        for model in (PostTag, Post, Author, Tag, Category):
            model.objects.all().delete()
        self.author, self.tag = make_author(slug="ada"), make_tag(slug="ale")
        self.category = make_category(slug="beer")
        self.made = 0
        for post in posts:
            self.insert(post)

    def insert(self, post: tuple[Any, ...]) -> None:
        moment, has_author, has_tag, status = post
        self.made += 1
        slug = f"made-{self.made}"
        run(
            "INSERT INTO api_post (title, slug, excerpt, body, text, source_url, licence, status,"
            " published_at, author_id, category_id, score, view_count, like_count, comment_count,"
            " created_at, updated_at)"
            " VALUES ('', %s, '', '', '', '', '', %s, %s, %s, %s, 0, 0, 0, 0, %s, %s)",
            slug, status, moment, self.author.pk if has_author else None, self.category.pk, EPOCH, EPOCH,
        )  # fmt: skip
        if has_tag:
            self.put_tag(Post.objects.get(slug=slug).pk)

    def put_tag(self, post: int) -> None:
        run(
            "INSERT INTO api_posttag (post_id, tag_id, listed, score, view_count) VALUES (%s, %s, 0, 0, 0)",
            post,
            self.tag.pk,
        )

    def change(self, kind: str, *what: Any) -> None:
        """Make a change, if there is a post that it can be made to."""
        if kind == "insert":
            self.insert(*what)
        elif kind == "shift":
            for pk, moment in Post.objects.order_by("-published_at").values_list("pk", "published_at"):
                run("UPDATE api_post SET published_at = %s WHERE id = %s", moment + what[0], pk)
        else:
            keys = list(Post.objects.order_by("pk").values_list("pk", flat=True))
            if keys:
                self._change_one(kind, keys[what[0] % len(keys)], *what[1:])

    def _change_one(self, kind: str, post: int, *what: Any) -> None:
        if kind == "delete":
            run("DELETE FROM api_posttag WHERE post_id = %s", post)
            run("DELETE FROM api_post WHERE id = %s", post)
        elif kind == "move":
            run("UPDATE api_post SET published_at = %s WHERE id = %s", *what, post)
        elif kind == "status":
            run("UPDATE api_post SET status = %s WHERE id = %s", *what, post)
        elif kind == "author":
            run("UPDATE api_post SET author_id = %s WHERE id = %s", self.author.pk if what[0] else None, post)
        elif kind == "soft delete":
            run("UPDATE api_post SET deleted_at = %s WHERE id = %s", EPOCH, post)
        else:
            run("DELETE FROM api_posttag WHERE post_id = %s", post)
            if what[0]:
                self.put_tag(post)


def pages_of(lists: list[str]) -> dict[str, Built]:
    """Build all pages of the lists, forwards and backwards."""
    return {url: page for first in lists for url, page in every_page(first).items()}


def check(posts: list[tuple[Any, ...]], change: tuple[Any, ...]) -> None:
    """Change something; every page that is another one now depends on what was written down."""
    content = Content(posts)
    pages = pages_of(ALL_LISTS)
    with recording() as keys:
        content.change(*change)
    for url, before in pages.items():
        after = build(url)
        if after.reply != before.reply or after.changes_at != before.changes_at:
            assert before.falls_with(keys), (url, before.keys, keys)


EXAMPLES = {
    "posts": st.lists(POSTS, min_size=3, max_size=9),
    "change": CHANGES,
}
QUIET = {
    "deadline": None,
    "suppress_health_check": list(HealthCheck),
    "phases": [Phase.explicit, Phase.reuse, Phase.generate, Phase.shrink],
}


@settings(max_examples=40, **QUIET)
@given(**EXAMPLES)
def test_every_page_that_changes_depends_on_what_the_write_has_named(database_file, posts, change):
    check(posts, change)


@settings(max_examples=10, **QUIET)
@given(**EXAMPLES)
def test_on_postgresql_too(empty_postgresql, posts, change):
    check(posts, change)


# The converse.


def spread(count: int, **columns: Any) -> list[Post]:
    """Make posts a day apart, with everything in common."""
    first = datetime(2024, 1, 1, tzinfo=UTC)
    return [make_post(published_at=first + timedelta(days=day), **columns) for day in range(count)]


@pytest.fixture
def scene(either_database: Any) -> dict[str, Any]:
    """Make 26 posts of one author and tag."""
    common = {
        "author": make_author(slug="ada"),
        "category": make_category(slug="beer"),
        "tags": [make_tag(slug="ale")],
    }
    spread(26, **common)
    return common


@pytest.mark.parametrize("order", ORDERS)
def test_a_new_post_leaves_all_pages_alone_but_the_ends_of_its_lists(scene, order):
    """Both ends are open: whatever comes may belong to them."""
    for first in LISTS[order]:
        pages = every_page(first)
        with recording() as keys:
            post = make_post(published_at=datetime(2024, 3, 1, tzinfo=UTC), **scene)
        ends = {
            url for url, page in pages.items() if None in {page.document["next"], page.document["previous"]}
        }
        assert {url for url, page in pages.items() if page.falls_with(keys)} == ends
        assert len(ends) == 2
        assert len(pages) >= 24
        post.delete()


def test_a_post_that_moves_in_the_middle_touches_the_pages_about_it_alone(scene):
    pages = pages_of(ALL_LISTS)
    post = Post.objects.order_by("published_at")[13]
    with recording() as keys:
        Post.objects.filter(pk=post.pk).update(published_at=post.published_at + timedelta(hours=1))
    fallen = {url for url, page in pages.items() if page.falls_with(keys)}
    changed = {url for url, page in pages.items() if build(url).reply != page.reply}
    far = {
        url
        for url, page in pages.items()
        if page.document["next"] and page.document["previous"]
        and all(abs(moment - post.published_at) > timedelta(days=5) for moment in moments_of(page))
    }  # fmt: skip
    assert changed <= fallen
    assert len(changed) >= len(ALL_LISTS)
    assert len(far) >= 2 * len(ALL_LISTS)
    assert not far & fallen


def moments_of(page: Built) -> list[datetime]:
    """Return the moments that a page shows."""
    return [datetime.fromisoformat(row["published_at"]) for row in page.document["results"]]


def test_pages_in_another_order_depend_on_the_whole(scene):
    pages = every_page("/api/v1/posts/?limit=2&ordering=-score")
    with recording() as keys:
        make_post(**scene)
    assert all("posts" in page.keys and page.falls_with(keys) for page in pages.values())


def test_a_page_carries_few_keys_of_its_list_however_far_it_reaches(either_database):
    author, category, tag = make_author(slug="ada"), make_category(slug="beer"), make_tag(slug="ale")
    for gap in (SECOND, timedelta(minutes=9), timedelta(days=3), timedelta(days=900)):
        Post.objects.all().delete()
        for number in range(9):
            moment = EPOCH + (number - 5) * gap
            make_post(author=author, category=category, tags=[tag], published_at=moment)
        for first in LISTS["-published_at"]:
            for url, page in every_page(first).items():
                of_list = {key for key in page.keys if key.startswith("posts")}
                assert 1 <= len(of_list) <= 8, url


def test_a_write_names_a_list_and_its_intervals_and_no_more(either_database):
    author, category, tag = make_author(), make_category(), make_tag()
    lists = ["posts", f"posts:author={author.pk}", f"posts:category={category.pk}", f"posts:tag={tag.pk}"]

    def named(keys: set[str]) -> dict[str, int]:
        return {
            name: sum(re.fullmatch(rf"{name}(:\d+\.-?\d+)?", key) is not None for key in keys)
            for name in lists
        }

    with recording() as keys:
        post = make_post(author=author, category=category, tags=[tag])
    assert named(keys) == dict.fromkeys(lists, 8)
    assert Outbox.objects.count() <= 8 * 4 + 8
    with recording() as keys:
        Post.objects.filter(pk=post.pk).update(published_at=EPOCH)
    assert named(keys) == dict.fromkeys(lists, 1 + 7 + 7)
    with recording() as keys:
        Post.objects.filter(pk=post.pk).delete()
    assert named(keys) == dict.fromkeys(lists, 8)


def test_a_post_to_come_ends_the_page_that_it_will_be_on_and_no_other(scene):
    due = datetime(2090, 1, 1, tzinfo=UTC)
    make_post(published_at=due, **scene)
    for order, lists in LISTS.items():
        newest = "previous" if order.startswith("-") else "next"
        for first in lists:
            pages = every_page(first)
            ended = {url for url, page in pages.items() if page.changes_at is not None}
            assert ended == {url for url, page in pages.items() if page.document[newest] is None}
            assert {page.changes_at for page in pages.values()} == {None, due.timestamp()}


def test_a_page_walked_back_to_the_newest_changes_with_what_is_to_come_too(scene):
    """The posts before it are gone, so it has become the one that is open to the newest."""
    third = build(build(LISTS["-published_at"][0]).document["next"]).document["next"]
    back = build(third).document["previous"]
    due = datetime(2090, 1, 1, tzinfo=UTC)
    make_post(published_at=due, **scene)
    assert build(back).changes_at is None
    newest = list(Post.objects.filter(published_at__lt=due).order_by("-published_at")[:2])
    Post.objects.filter(pk__in=[post.pk for post in newest]).delete()
    assert build(back).changes_at == due.timestamp()
    assert build(build(back).document["next"]).changes_at is None


def test_a_row_beside_a_boundary_names_the_intervals_that_it_is_in(either_database):
    post = make_post(author=None)
    for moment in EDGES:
        run("UPDATE api_post SET published_at = NULL WHERE id = %s", post.pk)
        with recording() as keys:
            run("UPDATE api_post SET published_at = %s WHERE id = %s", moment, post.pk)
        assert {key for key in keys if re.match(r"posts(:\d|$)", key)} == in_time("posts", moment), moment


# What is no moment.


def test_a_text_that_is_no_moment_touches_all_pages_of_its_lists(database_file):
    tag = make_tag()
    post = make_post(tags=[tag])
    for text in ("yesterday", "", "2024-13-45 99:00:00"):
        with recording() as keys:
            run("UPDATE api_post SET published_at = %s WHERE id = %s", text, post.pk)
        assert {"posts:*", "posts", f"posts:tag={tag.pk}"} <= keys
        assert not any(key.endswith(":") or "None" in key for key in keys)
        with recording() as keys:
            run("UPDATE api_post SET published_at = '2024-01-01 00:00:00' WHERE id = %s", post.pk)
        assert "posts:*" in keys, "gone from where it was, wherever that is"


@pytest.mark.parametrize("infinity", ["infinity", "-infinity"])
def test_infinity_touches_all_pages_of_its_lists(empty_postgresql, infinity):
    tag = make_tag()
    post = make_post(tags=[tag])
    with recording() as keys:
        run("UPDATE api_post SET published_at = %s::timestamptz WHERE id = %s", infinity, post.pk)
    assert {"posts:*", "posts", f"posts:tag={tag.pk}"} <= keys
    with recording() as keys:
        run("DELETE FROM api_posttag WHERE post_id = %s", post.pk)
        run("DELETE FROM api_post WHERE id = %s", post.pk)
    assert "posts:*" in keys
