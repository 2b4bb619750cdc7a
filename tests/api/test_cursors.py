"""A cursor that we did not make for this list is refused, and the database never hears of it."""

from __future__ import annotations

import random
from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import UTC, datetime
from urllib.parse import quote

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from api import cursors, routes
from api.cursors import Cursor
from caching.parameters import BadParameter
from querysets.keyset import Order
from querysets.posts import ORDERS
from tests.api.walking import get
from tests.factories import make_author, make_post

CONTEXT = b"/api/v1/posts/?author=7"
BY_DATE, BY_NAME, BY_SCORE = ORDERS["-published_at"], Order("name", str), ORDERS["score"]
CURSOR = Cursor(2, forward=True, position=(datetime(2024, 5, 1, 12, 30, 0, 5, tzinfo=UTC), 42))

moments = st.datetimes(timezones=st.just(UTC))
numbers = st.integers(-(2**63) + 1, 2**63 - 1)
names = st.text(st.characters(exclude_categories=["Cs"]), max_size=100)


@given(
    ordinal=st.integers(2, 2**31 - 1),
    forward=st.booleans(),
    value=st.one_of(
        st.tuples(st.just(BY_DATE), moments),
        st.tuples(st.just(BY_NAME), names),
        st.tuples(st.just(BY_SCORE), numbers),
    ),
    primary_key=numbers,
)
def test_a_cursor_says_what_was_put_into_it(ordinal, forward, value, primary_key):
    order, column = value
    cursor = Cursor(ordinal, forward, (column, primary_key))
    text = cursors.encode(cursor, CONTEXT)
    assert len(text) <= cursors.LONGEST
    assert set(text) <= set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_")
    assert cursors.decode(text, CONTEXT, order) == cursor


def test_a_cursor_fits_no_other_list():
    text = cursors.encode(CURSOR, CONTEXT)
    for other in (b"/api/v1/posts/", b"/api/v1/posts/?author=8", b"/api/v1/posts/?author=7&ordering=-score"):
        with pytest.raises(ValueError, match="no cursor of this list"):
            cursors.decode(text, other, BY_DATE)


def signed(content: object) -> str:
    """Return a cursor with our own digest on any content: what only a bug of ours could make."""
    payload = orjson.dumps(content)
    digest = cursors._digest(
        cursors._key("only-for-tests-and-never-anywhere-else-0123456789"), CONTEXT, payload
    )
    return urlsafe_b64encode(digest + payload).rstrip(b"=").decode()


@pytest.mark.parametrize(
    "content",
    [
        [], {}, None, 1, "text",
        [2, 1], [2, 1, 5], [2, 1, 5, 6, 7],
        [1, 1, 5, 6], [0, 1, 5, 6], [-2, 1, 5, 6], [2**40, 1, 5, 6], [True, 1, 5, 6],
        [2.0, 1, 5, 6], ["2", 1, 5, 6],
        [2, 0, 5, 6], [2, 2, 5, 6], [2, True, 5, 6], [2, 1.0, 5, 6], [2, None, 5, 6], [2, [1], 5, 6],
        [2, 1, "5", 6], [2, 1, None, 6], [2, 1, 5.5, 6], [2, 1, 5, "6"], [2, 1, 5, True], [2, 1, 2**63, 6],
        [2, 1, 2**62, 6], [2, 1, [5], 6],
    ],
)  # fmt: skip
def test_content_of_another_shape_or_type_is_refused_even_if_it_is_signed(settings, content):
    settings.SECRET_KEY = "only-for-tests-and-never-anywhere-else-0123456789"
    with pytest.raises(ValueError):
        cursors.decode(signed(content), CONTEXT, BY_DATE)


def test_there_is_one_spelling():
    text = cursors.encode(CURSOR, CONTEXT)
    raw = urlsafe_b64decode(text + "=" * (-len(text) % 4))
    others = {
        text + "=",
        text + "==",
        text + "A",
        text + "\n",
        " " + text,
        text.swapcase(),
        text[:-1],
        text[:11],
        "",
        urlsafe_b64encode(raw + b" ").rstrip(b"=").decode(),
    }
    last = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    others |= {text[:-1] + letter for letter in last}
    for other in others - {text}:
        with pytest.raises(ValueError):
            cursors.decode(other, CONTEXT, BY_DATE)


def test_blanks_inside_a_signed_payload_are_another_spelling():
    payload = b"[2, 1,5,6]"
    digest = cursors._digest(next(iter(cursors._keys())), CONTEXT, payload)
    with pytest.raises(ValueError, match="spelled"):
        cursors.decode(urlsafe_b64encode(digest + payload).rstrip(b"=").decode(), CONTEXT, BY_DATE)


def test_cursors_of_the_secret_before_are_understood_and_of_a_foreign_one_are_not(settings):
    text = cursors.encode(CURSOR, CONTEXT)
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "another-secret", [settings.SECRET_KEY]
    assert cursors.decode(text, CONTEXT, BY_DATE) == CURSOR
    assert cursors.encode(CURSOR, CONTEXT) != text
    settings.SECRET_KEY_FALLBACKS = []
    with pytest.raises(ValueError, match="no cursor"):
        cursors.decode(text, CONTEXT, BY_DATE)


def made_up(source: random.Random, genuine: str) -> str:
    """Return a cursor such as a client may try: noise, a genuine one with a flaw, or far too much."""
    kind = source.randrange(5)
    alphabet = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_"
    if kind == 0:
        return "".join(source.choices(alphabet, k=source.randrange(1, 90)))
    if kind == 1:
        at = source.randrange(len(genuine))
        return genuine[:at] + source.choice(alphabet.replace(genuine[at], "")) + genuine[at + 1 :]
    if kind == 2:
        return genuine[: source.randrange(1, len(genuine))]
    if kind == 3:
        return "".join(chr(source.randrange(0x21, 0x3000)) for _ in range(source.randrange(1, 30)))
    return urlsafe_b64encode(source.randbytes(source.choice([8, 9, 30, 800, 8_000]))).rstrip(b"=").decode()


@pytest.mark.django_db
def test_ten_thousand_made_up_cursors_reach_the_database_not_once(django_assert_num_queries):
    make_post()
    make_post()
    genuine = get("/api/v1/posts/?limit=1")["next"].partition("cursor=")[2].partition("&")[0]
    source = random.Random(7)
    with django_assert_num_queries(0):
        for _ in range(10_000):
            cursor = made_up(source, genuine)
            with pytest.raises(BadParameter):
                routes.POST_LIST.values("/api/v1/posts/", _query(cursor))


def _query(cursor: str) -> bytes:
    return b"cursor=" + quote(cursor, safe="").encode()


@pytest.mark.django_db
def test_a_refused_cursor_is_a_bad_request_and_not_the_first_page(client, django_assert_num_queries):
    author = make_author()
    for _ in range(3):
        make_post(author=author)
    cursor = get("/api/v1/posts/?limit=1")["next"].partition("cursor=")[2].partition("&")[0]
    urls = [
        f"/api/v1/posts/?cursor={cursor}&author={author.pk}",
        f"/api/v1/posts/?cursor={cursor}&ordering=-score",
        f"/api/v1/authors/?cursor={cursor}",
        f"/api/v1/posts/?cursor={cursor[:-1]}",
        "/api/v1/posts/?cursor=%C3%A9",
        "/api/v1/posts/?cursor=" + "A" * 10_000,
        "/api/v1/posts/?cursor=",
    ]
    with django_assert_num_queries(0):
        for url in urls:
            response = client.get(url)
            assert (response.status_code, response["Content-Type"]) == (400, "application/problem+json"), url
            assert response.json()["parameter"] == "cursor"
            assert response["Cache-Control"] == "no-store"


@pytest.mark.django_db
def test_page_size_and_fields_may_change_on_the_way():
    for _ in range(5):
        make_post()
    following = get("/api/v1/posts/?limit=1")["next"]
    assert len(get(following.replace("limit=1", "limit=3"))["results"]) == 3
    assert list(get(following + "&fields=slug")["results"][0]) == ["slug"]
