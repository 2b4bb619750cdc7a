"""A client that has a representation is told so in as few bytes as HTTP allows, and never wrongly.

Rows V1 to V26 of the HTTP contract.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime

import httpx
import pytest

from caching.entry import SCHEMA_VERSION
from caching.validators import etag
from tests.http.assertions import (
    ABSENT_FROM_304,
    ETAG,
    assert_cache_status,
    assert_full_response,
    assert_not_modified,
    assert_problem,
)
from tests.http.content import LIST, POST, ROUTES, SMALL, Library
from tests.http.outage import no_posts
from tests.http.reading import read_into_memory, read_until
from tests.http.wire import ask
from tests.server import Server
from tests.writer import Writer

CODINGS = ("identity", "gzip", "br", "zstd")
GOLDEN = '"NUgT_dShgmarrVuVZ4CWFV-z"'
LONG_AGO = "Sat, 01 Jan 2000 00:00:00 GMT"


def coded(http: httpx.Client, url: str, coding: str) -> tuple[httpx.Response, bytes]:
    """Return the answer and the bytes of its content as they came over the wire."""
    with http.stream("GET", url, headers={"Accept-Encoding": coding}) as response:
        return response, b"".join(response.iter_raw())


def dated(http: httpx.Client, url: str) -> httpx.Response:
    """Read until the answer carries Last-Modified, which it does from its second second on."""
    return read_until(http, url, lambda response: "last-modified" in response.headers)


@pytest.fixture
def full(library: Library, http: httpx.Client) -> httpx.Response:
    """Return the full answer that the test's client has."""
    return dated(http, library.url(POST))


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("template", ROUTES.values(), ids=ROUTES.keys())
def test_v1_every_route_answers_with_an_etag(
    method: str, template: str, library: Library, http: httpx.Client
) -> None:
    assert_full_response(http.request(method, library.url(template)))


def test_v2_tags_are_equal_exactly_where_bytes_are_whichever_process_answers(
    library: Library, server: Server, http: httpx.Client
) -> None:
    tags: dict[str, bytes] = {}
    with Server(server.directory) as second, httpx.Client(base_url=second.url) as other_http:
        for client in (http, other_http) * 3:
            for template in ROUTES.values():
                for coding in CODINGS:
                    response, content = coded(client, library.url(template), coding)
                    assert tags.setdefault(response.headers["etag"], content) == content
    assert len(set(tags.values())) == len(tags)


@pytest.mark.parametrize("coding", CODINGS)
def test_v3_tags_are_strong_and_of_harmless_characters(
    coding: str, library: Library, http: httpx.Client
) -> None:
    for template in ROUTES.values():
        response, _ = coded(http, library.url(template), coding)
        assert ETAG.fullmatch(response.headers["etag"])


@pytest.mark.parametrize("coding", CODINGS)
@pytest.mark.parametrize("template", ROUTES.values(), ids=ROUTES.keys())
def test_v4_the_current_tag_is_answered_with_304(
    template: str, coding: str, library: Library, http: httpx.Client
) -> None:
    full, _ = coded(http, library.url(template), coding)
    headers = {"Accept-Encoding": coding, "If-None-Match": full.headers["etag"]}
    assert_not_modified(http.get(library.url(template), headers=headers), full)


@pytest.mark.parametrize(
    "spell",
    [
        pytest.param(lambda tag: [tag], id="v4 the tag"),
        pytest.param(lambda tag: [f"W/{tag}"], id="v5 weakened by a proxy"),
        pytest.param(lambda tag: [f'"a", W/{tag} , "b"'], id="v6 in a list"),
        pytest.param(lambda tag: ['"a"', tag], id="v6 in the second of two lines"),
        pytest.param(lambda tag: [f",, {tag} ,"], id="v6 in a list with empty members"),
        pytest.param(lambda _: ["*"], id="v7 any"),
        pytest.param(lambda tag: [f'"a,b", {tag}'], id="v8 behind a tag with a comma"),
        pytest.param(lambda tag: [f'"{"x" * 4000}", {tag}'], id="v6 behind a very long one"),
    ],
)
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_if_none_match_that_matches_is_answered_with_304(
    method: str, spell: Callable[[str], list[str]], full: httpx.Response, http: httpx.Client
) -> None:
    headers = [("If-None-Match", line) for line in spell(full.headers["etag"])]
    assert_not_modified(http.request(method, full.url, headers=headers), full)


@pytest.mark.parametrize(
    "spell",
    [
        pytest.param(lambda _: '"no"', id="v4 another tag"),
        pytest.param(lambda tag: tag.strip('"'), id="v10 without quotes"),
        pytest.param(lambda tag: f'"a,{tag[1:]}', id="v8 as part of another tag"),
        pytest.param(lambda tag: f"w/{tag}", id="v5 weak in lower case"),
        pytest.param(lambda tag: tag.lower(), id="v2 in another case"),
        pytest.param(lambda tag: f"*, {tag}", id="v7 any and one"),
        pytest.param(lambda _: "", id="empty"),
        pytest.param(lambda _: '"' + "\xff" * 20 + '"', id="bytes beyond ASCII"),
    ],
)
def test_if_none_match_that_does_not_match_is_answered_in_full(
    spell: Callable[[str], str], full: httpx.Response, http: httpx.Client
) -> None:
    value = spell(full.headers["etag"]).encode("latin-1")
    response = http.get(full.url, headers=[(b"If-None-Match", value)])
    assert_full_response(response)
    assert response.content == full.content


def test_v7_any_fails_an_unsafe_method_on_what_exists(library: Library, http: httpx.Client) -> None:
    headers = {**library.authorization, "If-None-Match": "*"}
    response = http.patch(library.url(POST), headers=headers, json={"title": "Never"})
    assert_problem(response, 412)


@pytest.mark.parametrize(
    ("tag", "date", "status"),
    [
        pytest.param('"no"', "{now}", 200, id="v9 the tag says changed"),
        pytest.param("{etag}", LONG_AGO, 304, id="v9 the tag says unchanged"),
        pytest.param("{bare}", "{last_modified}", 200, id="v10 malformed"),
        pytest.param("", "{last_modified}", 200, id="v10 empty"),
    ],
)
def test_if_none_match_beats_if_modified_since(
    tag: str, date: str, status: int, full: httpx.Response, http: httpx.Client
) -> None:
    names = {
        "etag": full.headers["etag"],
        "bare": full.headers["etag"].strip('"'),
        "last_modified": full.headers["last-modified"],
        "now": format_datetime(datetime.now(UTC), usegmt=True),
    }
    headers = {"If-None-Match": tag.format(**names), "If-Modified-Since": date.format(**names)}
    assert http.get(full.url, headers=headers).status_code == status


def _imf(moment: datetime) -> str:
    return format_datetime(moment, usegmt=True)


def _rfc_850(moment: datetime) -> str:
    return moment.strftime("%A, %d-%b-%y %H:%M:%S GMT")


def _asctime(moment: datetime) -> str:
    return time.asctime(moment.timetuple())


@pytest.mark.parametrize("spell", [_imf, _rfc_850, _asctime], ids=["IMF-fixdate", "RFC 850", "asctime"])
def test_v11_if_modified_since_takes_all_three_date_formats(
    spell: Callable[[datetime], str], full: httpx.Response, http: httpx.Client
) -> None:
    moment = parsedate_to_datetime(full.headers["last-modified"])
    same = http.get(full.url, headers={"If-Modified-Since": spell(moment)})
    assert_not_modified(same, full)
    earlier = moment.replace(year=moment.year - 1, day=1)
    assert http.get(full.url, headers={"If-Modified-Since": spell(earlier)}).status_code == 200


@pytest.mark.parametrize(
    "value",
    ["garbage", "", "0", "{date}, {date}", "2026-01-01T00:00:00Z", "Fri, 31 Feb 2040 00:00:00 GMT", "é"],
)
def test_v11_what_is_not_one_date_is_ignored(value: str, full: httpx.Response, http: httpx.Client) -> None:
    field = value.format(date=full.headers["last-modified"])
    response = http.get(full.url, headers=[(b"If-Modified-Since", field.encode())])
    assert response.status_code == 200


def test_v11_blanks_around_a_date_are_no_part_of_it(full: httpx.Response, server: Server) -> None:
    line = f"If-Modified-Since: \t {full.headers['last-modified']} \t"
    assert ask(server, full.url.raw_path, line).status == 304


def test_v12_last_modified_is_never_later_than_date(
    library: Library, writer: Writer, http: httpx.Client
) -> None:
    writer.run(
        "from datetime import timedelta; Post.objects.filter(slug='ale-3')"
        ".update(updated_at=timezone.now() + timedelta(hours=1))"
    )
    writer.settle()
    for template in ROUTES.values():
        response = dated(http, library.url(template))
        modified, date = (parsedate_to_datetime(response.headers[name]) for name in ("last-modified", "date"))
        assert modified <= date


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize(
    ("value", "status"),
    [
        ("{etag}", 200),
        ('"x", {etag}', 200),
        ("*", 200),
        ("W/{etag}", 412),
        ('"x"', 412),
        ("{bare}", 412),
        ("", 412),
    ],
)
def test_v13_if_match_compares_strongly(
    method: str, value: str, status: int, full: httpx.Response, http: httpx.Client
) -> None:
    tag = full.headers["etag"]
    headers = {"If-Match": value.format(etag=tag, bare=tag.strip('"'))}
    response = http.request(method, full.url, headers=headers)
    if status == 412 and method == "GET":
        assert_problem(response, 412)
    assert response.status_code == status


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        pytest.param({"If-Unmodified-Since": LONG_AGO}, 412, id="v14 changed since"),
        pytest.param({"If-Unmodified-Since": "{last_modified}"}, 200, id="v14 not changed since"),
        pytest.param({"If-Unmodified-Since": "garbage"}, 200, id="v14 no date"),
        pytest.param({"If-Match": "{etag}", "If-Unmodified-Since": LONG_AGO}, 200, id="v14 beside If-Match"),
        pytest.param({"If-Match": '"x"', "If-None-Match": "{etag}"}, 412, id="v15 If-Match first"),
        pytest.param({"If-Match": "{etag}", "If-None-Match": "{etag}"}, 304, id="v15 then If-None-Match"),
        pytest.param(
            {"If-Unmodified-Since": LONG_AGO, "If-None-Match": "{etag}"},
            412,
            id="v15 If-Unmodified-Since first",
        ),
        pytest.param(
            {"If-Unmodified-Since": "{last_modified}", "If-Modified-Since": "{last_modified}"},
            304,
            id="v15 If-Modified-Since last",
        ),
    ],
)
def test_preconditions_are_evaluated_in_the_order_of_the_rfc(
    headers: dict[str, str], status: int, full: httpx.Response, http: httpx.Client
) -> None:
    names = {"etag": full.headers["etag"], "last_modified": full.headers["last-modified"]}
    sent = {name: value.format(**names) for name, value in headers.items()}
    assert http.get(full.url, headers=sent).status_code == status


@pytest.mark.parametrize(
    "headers",
    [{"If-None-Match": "*"}, {"If-Match": '"x"'}, {"If-Unmodified-Since": LONG_AGO}],
    ids=lambda headers: next(iter(headers)),
)
@pytest.mark.parametrize(
    ("method", "url", "status"),
    [
        pytest.param("GET", "/api/v1/posts/999999/", 404, id="404"),
        pytest.param("GET", "/api/v1/nothing/", 404, id="404 of no route"),
        pytest.param("GET", "/api/v1/posts/?cursor=x", 400, id="400"),
        pytest.param("DELETE", "/api/v1/posts/", 405, id="405"),
        pytest.param("GET", "/api/v1/posts", 308, id="308"),
        pytest.param("POST", "/api/v1/posts/", 401, id="401"),
    ],
)
def test_v16_preconditions_do_not_change_what_is_no_success(
    method: str, url: str, status: int, headers: dict[str, str], library: Library, http: httpx.Client
) -> None:
    assert http.request(method, url, headers=headers).status_code == status


def test_v17_preconditions_are_ignored_on_options(library: Library, http: httpx.Client) -> None:
    for headers in ({"If-Match": '"x"'}, {"If-None-Match": "*"}):
        assert http.options(library.url(POST), headers=headers).status_code == 204


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("coding", CODINGS)
@pytest.mark.parametrize("template", [POST, LIST, SMALL])
def test_v18_v19_v22_a_304_repeats_what_the_200_says_to_caches(
    template: str, coding: str, method: str, library: Library, http: httpx.Client
) -> None:
    url = library.url(template)
    full, _ = coded(http, url, coding)
    headers = {"Accept-Encoding": coding, "If-None-Match": full.headers["etag"]}
    response = http.request(method, url, headers=headers)
    assert_not_modified(response, full)
    assert "date" in response.headers


def test_v20_v21_a_304_says_nothing_of_a_body_that_it_has_not(full: httpx.Response, server: Server) -> None:
    answer = ask(server, full.url.raw_path, f"If-None-Match: {full.headers['etag']}")
    assert answer.status == 304
    for name in (*ABSENT_FROM_304, "transfer-encoding"):
        assert answer.get(name) is None, name


def test_v23_hits_and_304s_need_no_database(library: Library, writer: Writer, http: httpx.Client) -> None:
    url = library.url(POST)
    full = read_into_memory(http, url)
    with no_posts(writer):
        assert_problem(http.get(LIST + "?limit=7"), 503)
        hit = http.get(url)
        assert_cache_status(hit, hit=True)
        assert hit.content == full.content
        not_modified = http.get(url, headers={"If-None-Match": full.headers["etag"]})
        assert_not_modified(not_modified, full)
        assert_cache_status(not_modified, hit=True)


def test_v24_a_tag_is_a_digest_of_bytes_and_schema_version_and_of_nothing_else(
    library: Library, http: httpx.Client
) -> None:
    """The literal is what makes sure that a deployment does not throw away what all clients hold."""
    response = http.get("/api/v1/tags/hops/?fields=slug,name")
    assert response.content == b'{"slug":"hops","name":"hops"}'
    assert response.headers["etag"] == GOLDEN
    assert etag(response.content, SCHEMA_VERSION).decode() == GOLDEN
    assert etag(response.content, f"{SCHEMA_VERSION}+1").decode() != GOLDEN


def test_v25_a_client_that_holds_another_acceptable_coding_is_told_so(
    library: Library, http: httpx.Client
) -> None:
    url = library.url(POST)
    zipped, _ = coded(http, url, "gzip")
    headers = {"Accept-Encoding": "br, gzip", "If-None-Match": zipped.headers["etag"]}
    assert_not_modified(http.get(url, headers=headers), zipped)
    headers["Accept-Encoding"] = "br"
    assert http.get(url, headers=headers).headers["content-encoding"] == "br"


@pytest.fixture
def shelf(library: Library, writer: Writer) -> str:
    """Return the slug of a category with two posts of an author, all three of its own and free to change."""
    slug: str = writer.run(
        "shelf = factories.make_category()\n"
        "writer = factories.make_author(name='Cid')\n"
        "older, newer = (factories.make_post(author=writer, category=shelf) for _ in range(2))\n"
        "result = shelf.slug"
    )
    writer.settle()
    return slug


@pytest.mark.parametrize(
    "write",
    [
        pytest.param("newer.delete()", id="newest row left"),
        pytest.param("writer.name = 'Dan'; writer.save()", id="author renamed"),
        pytest.param("Post.objects.filter(pk=older.pk).update(title='New')", id="row changed"),
    ],
)
def test_v26_last_modified_never_hides_a_change(
    write: str, shelf: str, writer: Writer, http: httpx.Client
) -> None:
    url = f"{LIST}?category={shelf}"
    before = dated(http, url)
    writer.run(write)
    writer.settle()
    after = http.get(url, headers={"If-Modified-Since": before.headers["last-modified"]})
    assert after.status_code == 200
    assert after.content != before.content


def test_v26_two_changes_in_one_second_are_told_apart(shelf: str, writer: Writer, http: httpx.Client) -> None:
    url = f"{LIST}?category={shelf}"
    seen: list[httpx.Response] = []
    for number in range(6):
        writer.run(f"Post.objects.filter(pk=older.pk).update(title='Title {number}')")
        writer.settle()
        # Who has no Last-Modified may send the Date of what it has (RFC 9110 §13.1.3).
        for earlier in seen:
            since = earlier.headers.get("last-modified") or earlier.headers["date"]
            response = http.get(url, headers={"If-Modified-Since": since})
            assert response.status_code == 200
            assert response.json()["results"][1]["title"] == f"Title {number}"
        seen.append(http.get(url))
