"""A walk through a list meets each row once, in either direction, and a write meanwhile moves no page.

Rows P1 to P12 of the HTTP contract, over some hundreds of rows of which most are tied. That a
page costs the same at any depth (P5) is shown by the queries' plans in `tests/querysets`.
"""

from __future__ import annotations

import base64
import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import count
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from tests.http.assertions import assert_full_response, assert_problem, directives
from tests.http.reading import read_until
from tests.writer import Writer

LIST = "/api/v1/posts/"
TIED = 260  # Posts with one and the same moment, score and count of views; as many again differ.
MOST = 400  # Pages; a walk that goes on for longer runs in a circle.

FILL = f"""
from datetime import timedelta
import random
shuffled = random.Random(7)
author = factories.make_author(slug="ann")
category = factories.make_category(slug="shelf")
tag = factories.make_tag(slug="hops")
def made(number, **columns):
    return Post(title=f"Post {{number}}", slug=f"walk-{{number}}", body="<p>malt</p>", text="malt",
                author=author, category=category, status="published", **columns)
posts = [made(number, published_at=factories.FIRST_MOMENT, score=7) for number in range({TIED})]
for number in range({TIED}, {2 * TIED}):
    later = timedelta(microseconds=shuffled.randrange(-90, 90))
    posts.append(made(number, published_at=factories.FIRST_MOMENT + later, score=shuffled.randrange(-3, 12),
                      view_count=shuffled.randrange(5)))
shuffled.shuffle(posts)
Post.objects.bulk_create(posts)
PostTag.objects.bulk_create(PostTag(post=post, tag=tag) for post in Post.objects.all())
Comment.objects.bulk_create(Comment(post_id=1, author=author, body="<p>c</p>", score=n % 3,
                                    created_at=factories.FIRST_MOMENT) for n in range(90))
Author.objects.bulk_create(Author(name="Same name", slug=f"same-{{n}}") for n in range(70))
Tag.objects.bulk_create(Tag(name=f"tag {{n % 4}}", slug=f"leaf-{{n}}", post_count=n % 3) for n in range(70))
draft = made("draft", published_at=None)
draft.status = "draft"
draft.save()
result = list(Post.objects.filter(listed=1).values_list("pk", flat=True))
"""
POST_ORDERS = ("-published_at", "published_at", "-score", "score", "-view_count", "view_count")


@pytest.fixture(scope="module")
def ids(writer: Writer) -> set[int]:
    """Return the ids of all public posts."""
    public = set(writer.run(FILL))
    writer.settle()
    return public


@dataclass(frozen=True)
class Page:
    """A page as it was answered."""

    url: str
    response: httpx.Response

    @property
    def body(self) -> dict[str, Any]:
        document: dict[str, Any] = self.response.json()
        return document

    @property
    def rows(self) -> list[int]:
        return [row["id"] for row in self.body["results"]]


def read(http: httpx.Client, url: str) -> Page:
    """Read a page and check that its links say the same in the body and in the field (P8)."""
    response = http.get(url)
    assert_full_response(response)
    page = Page(url, response)
    links = {relation: link["url"] for relation, link in response.links.items()}
    assert set(links) <= {"next", "prev", "first"}
    assert links.get("next") == page.body["next"]
    assert links.get("prev") == page.body["previous"]
    assert links["first"].startswith("/")
    assert "cursor" not in links["first"]
    return page


def walk(http: httpx.Client, url: str, direction: str = "next") -> Iterator[Page]:
    """Yield the page at the URL and those that follow in the direction."""
    following: str | None = url
    for number in count():
        if following is None:
            return
        assert number < MOST, "this walk does not end"
        page = read(http, following)
        yield page
        following = page.body[direction]


def rows_of(pages: list[Page]) -> list[int]:
    return [row for page in pages for row in page.rows]


@pytest.mark.parametrize("limit", [7, 100])
@pytest.mark.parametrize("filtered", ["", "author=ann&", "category=shelf&", "tag=hops&"])
@pytest.mark.parametrize("ordering", POST_ORDERS)
def test_p1_p2_p6_a_walk_meets_every_post_once_in_both_directions(
    ordering: str, filtered: str, limit: int, ids: set[int], http: httpx.Client
) -> None:
    if limit == 7 and filtered:
        limit = 41
    url = f"{LIST}?{filtered}limit={limit}&fields=id&ordering={ordering}"
    there = list(walk(http, url))
    rows = rows_of(there)
    assert len(rows) == len(set(rows)), "a post came twice"
    assert set(rows) >= ids
    assert len(there) == -(-len(rows) // limit)
    back = list(walk(http, there[-1].url, "previous"))
    assert [page.rows for page in reversed(back)] == [page.rows for page in there]


def moment(value: int | str) -> int | datetime:
    """Return a moment as one: as texts, with and without a fraction, they would compare otherwise."""
    return datetime.fromisoformat(value) if isinstance(value, str) else value


@pytest.mark.parametrize("ordering", POST_ORDERS)
def test_p6_ties_are_broken_by_the_id_in_the_direction_of_the_order(
    ordering: str, ids: set[int], http: httpx.Client
) -> None:
    column = ordering.lstrip("-")
    pages = list(walk(http, f"{LIST}?limit=100&ordering={ordering}&fields=id,{column}"))
    positions = [(moment(row[column]), row["id"]) for page in pages for row in page.body["results"]]
    assert positions == sorted(positions, reverse=ordering.startswith("-"))


@pytest.mark.parametrize(
    ("url", "least"),
    [
        ("/api/v1/posts/1/comments/?limit=13", 90),
        ("/api/v1/posts/1/comments/?limit=13&ordering=-created_at", 90),
        ("/api/v1/authors/?limit=9", 70),
        ("/api/v1/tags/?limit=9", 70),
        ("/api/v1/tags/?limit=9&ordering=-post_count", 70),
        ("/api/v1/posts/?search=malt&limit=31", 2 * TIED),
    ],
)
def test_p1_p6_every_list_is_walked_like_that(
    url: str, least: int, ids: set[int], http: httpx.Client
) -> None:
    there = list(walk(http, url))
    rows = rows_of(there)
    assert len(rows) == len(set(rows)) >= least
    back = list(walk(http, there[-1].url, "previous"))
    assert [page.rows for page in reversed(back)] == [page.rows for page in there]


def test_p2_what_has_no_moment_is_in_no_list(ids: set[int], http: httpx.Client) -> None:
    for ordering in POST_ORDERS:
        slugs = [
            row["slug"]
            for page in walk(http, f"{LIST}?limit=100&fields=slug&ordering={ordering}")
            for row in page.body["results"]
        ]
        assert "walk-draft" not in slugs


def _cursor(url: str) -> str:
    (cursor,) = parse_qs(urlsplit(url).query)["cursor"]
    return cursor


def _flipped(cursor: str) -> Iterator[str]:
    raw = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
    for position in range(len(raw)):
        changed = raw[:position] + bytes([raw[position] ^ 1]) + raw[position + 1 :]
        yield base64.urlsafe_b64encode(changed).rstrip(b"=").decode()


@pytest.fixture(scope="module")
def cursor(ids: set[int], http: httpx.Client) -> str:
    """Return the cursor of the second page of the bare list."""
    return _cursor(read(http, LIST).body["next"])


@pytest.mark.parametrize(
    "spoil",
    [
        pytest.param(lambda _: "", id="empty"),
        pytest.param(lambda _: "x", id="one letter"),
        pytest.param(lambda _: "%F0%9F%8D%BA", id="not ASCII"),
        pytest.param(lambda _: "!!!!", id="not base64"),
        pytest.param(lambda _: "bnVsbA", id="null"),
        pytest.param(lambda _: "W10", id="an empty list"),
        pytest.param(lambda _: "e30", id="an object"),
        pytest.param(lambda _: "cD0yMDI0LTAxLTAx", id="DRF's own"),
        pytest.param(lambda _: "A" * 3_000, id="3 kB"),
        pytest.param(lambda cursor: cursor[:-1], id="one letter short"),
        pytest.param(lambda cursor: cursor[: len(cursor) // 2], id="half of it"),
        pytest.param(lambda cursor: cursor[1:], id="without its beginning"),
        pytest.param(lambda cursor: cursor + "A", id="one letter more"),
        pytest.param(lambda cursor: cursor + "=", id="padded"),
        pytest.param(lambda cursor: cursor + "%20", id="a blank more"),
        pytest.param(lambda cursor: cursor * 2, id="twice"),
        pytest.param(lambda cursor: cursor.swapcase(), id="in another case"),
        pytest.param(lambda cursor: cursor[::-1], id="backwards"),
    ],
)
def test_p3_p4_a_cursor_that_is_not_ours_is_refused(spoil: Any, cursor: str, http: httpx.Client) -> None:
    problem = assert_problem(http.get(f"{LIST}?cursor={spoil(cursor)}"), 400)
    assert problem["parameter"] == "cursor"


def test_p3_p4_a_cursor_with_any_bit_changed_is_refused(cursor: str, http: httpx.Client) -> None:
    for changed in _flipped(cursor):
        assert_problem(http.get(f"{LIST}?cursor={changed}"), 400)


def test_p4_a_position_has_one_spelling(cursor: str, http: httpx.Client) -> None:
    """The last character of unpadded base64 has bits to spare; only one setting of them is ours."""
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    accepted = [
        letter for letter in alphabet if http.get(f"{LIST}?cursor={cursor[:-1]}{letter}").status_code == 200
    ]
    assert accepted == [cursor[-1]]


@pytest.mark.parametrize(
    "url",
    [
        f"{LIST}?author=ann",
        f"{LIST}?category=shelf",
        f"{LIST}?tag=hops",
        f"{LIST}?ordering=published_at",
        f"{LIST}?ordering=-score",
        f"{LIST}?search=malt",
        "/api/v1/authors/",
        "/api/v1/posts/1/comments/",
    ],
)
def test_p3_a_cursor_of_another_list_is_refused(url: str, cursor: str, http: httpx.Client) -> None:
    assert_problem(http.get(url, params={**httpx.URL(url).params, "cursor": cursor}), 400)
    other = _cursor(read(http, f"{url}{'&' if '?' in url else '?'}limit=2").body["next"])
    assert_problem(http.get(LIST, params={"cursor": other}), 400)


def test_p3_page_size_and_fields_may_change_from_page_to_page(cursor: str, http: httpx.Client) -> None:
    small = read(http, f"{LIST}?cursor={cursor}&limit=3&fields=id")
    assert small.rows == read(http, f"{LIST}?cursor={cursor}").rows[:3]


@pytest.mark.parametrize(
    "limit", ["0", "-1", "101", "abc", "", "1.0", "1e1", "+5", " 5", "05", "%D9%A5", "9" * 30]
)
def test_p7_a_limit_out_of_range_is_refused_not_clamped(limit: str, http: httpx.Client) -> None:
    assert assert_problem(http.get(f"{LIST}?limit={limit}"), 400)["parameter"] == "limit"


def test_p8_links_are_relative_and_canonical(ids: set[int], http: httpx.Client) -> None:
    page = read(http, f"{LIST}?tag=hops&ordering=-score&limit=5&fields=title,id")
    query = [part.split("=")[0] for part in urlsplit(page.body["next"]).query.split("&")]
    assert query == ["cursor", "fields", "limit", "ordering", "tag"]
    assert page.response.links["first"]["url"] == f"{LIST}?fields=id,title&limit=5&ordering=-score&tag=hops"


def test_p9_the_last_page_says_that_it_is(ids: set[int], http: httpx.Client) -> None:
    *_, last = walk(http, f"{LIST}?limit=90")
    assert last.body["next"] is None
    assert "next" not in last.response.links


def test_p9_an_insertion_at_the_head_leaves_all_pages_behind_the_first_as_they_were(
    ids: set[int], writer: Writer, http: httpx.Client
) -> None:
    url = f"{LIST}?category=shelf&limit=53"
    first, *before = walk(http, url)
    writer.run("factories.make_post(slug='head', category=category, author=author)")
    writer.settle()
    assert "head" in read(http, url).response.text
    for page in before:
        after = read(http, page.url).response
        assert after.content == page.response.content
        assert after.headers["etag"] == page.response.headers["etag"]
    assert first.rows[:52] == read(http, url).rows[1:]
    writer.run("Post.objects.get(slug='head').delete()")
    writer.settle()


def test_p10_no_page_counts_and_each_says_how_long_it_may_be_kept(ids: set[int], http: httpx.Client) -> None:
    first, second, *_ = walk(http, f"{LIST}?limit=90")
    assert set(first.body) == set(second.body) == {"next", "previous", "results"}
    stale = [
        directives(page.response.headers["cache-control"])["stale-while-revalidate"]
        for page in (first, second)
    ]
    assert stale == [590, 3_000]


def test_p11_the_page_before_the_second_is_the_list_itself(ids: set[int], http: httpx.Client) -> None:
    for url in (LIST, f"{LIST}?limit=7&tag=hops"):
        pages = list(walk(http, url))[:4]
        assert pages[0].body["previous"] is None
        assert pages[1].body["previous"] == pages[0].response.links["first"]["url"] == url
        back = read(http, pages[2].body["previous"])
        assert back.rows == pages[1].rows
        assert back.body["previous"] == url


@pytest.mark.parametrize("ordering", ["-published_at", "score"])
def test_p12_a_page_stays_though_the_row_before_it_is_gone(
    ordering: str, ids: set[int], writer: Writer, http: httpx.Client
) -> None:
    shelf = writer.run(
        "gone = factories.make_category()\n"
        "gone_posts = [factories.make_post(category=gone, author=author) for _ in range(9)]\n"
        "result = gone.slug"
    )
    writer.settle()
    url = f"{LIST}?category={shelf}&limit=3&ordering={ordering}&fields=id"
    first, second, third = walk(http, url)
    writer.run(f"Post.objects.filter(pk={first.rows[-1]}).delete()")
    writer.settle()
    assert read(http, second.url).rows == second.rows
    assert read(http, third.body["previous"]).rows == second.rows
    writer.run(f"Post.objects.filter(pk__in={third.rows}).delete()")
    writer.settle()
    empty = read_until(http, third.url, lambda response: response.json()["results"] == [])
    assert empty.json()["next"] is None
    assert read(http, empty.json()["previous"]).rows == second.rows


def test_random_walks_never_leave_the_list(ids: set[int], http: httpx.Client) -> None:
    """Forwards and backwards at random, the rows are always a run of the whole list."""
    rows = rows_of(list(walk(http, f"{LIST}?limit=100&fields=id")))
    drawn = random.Random(11)
    page = read(http, f"{LIST}?limit=6&fields=id")
    for _ in range(60):
        url = page.body[drawn.choice(["next", "next", "previous"])]
        page = read(http, url or f"{LIST}?limit=6&fields=id")
        start = rows.index(page.rows[0])
        assert rows[start : start + len(page.rows)] == page.rows
