"""Each client gets the best coding that it takes, made once, and of the same bytes each time.

Rows E1 to E13 of the HTTP contract.
"""

from __future__ import annotations

import zlib
from itertools import combinations

import brotli
import httpx
import pytest
import zstandard

from tests.http.assertions import assert_every_answer, assert_full_response, assert_problem
from tests.http.content import LIST, POST, ROUTES, SMALL, Library
from tests.http.wire import Answer, ask
from tests.server import Server

DECODE = {
    "gzip": lambda content: zlib.decompress(content, 16 + zlib.MAX_WBITS),
    "br": brotli.decompress,
    "zstd": lambda content: zstandard.ZstdDecompressor().decompress(content),
}


def coded(server: Server, url: str, accepted: str | None) -> Answer:
    """Return the answer to a client that takes these codings, its content as it came."""
    return ask(server, url, *([] if accepted is None else [f"Accept-Encoding: {accepted}"]))


@pytest.mark.parametrize(
    ("accepted", "coding"),
    [
        pytest.param("gzip;q=0", None, id="e1 refused"),
        pytest.param("gzip;q=0.000, br;q=0, zstd;q=0", None, id="e1 all refused"),
        pytest.param("br;q=0, *", "zstd", id="e1 refused beside any"),
        pytest.param("x-gzip-foo", None, id="e2 a token that contains ours"),
        pytest.param("gzipped, notbr", None, id="e2 tokens that contain ours"),
        pytest.param("br;q=.5, gzip", "gzip", id="e3 a malformed weight is no member"),
        pytest.param("br;q=0.5, gzip", "gzip", id="e3 the highest weight"),
        pytest.param("gzip;q=0.9, br;q=0.91, zstd;q=0.001", "br", id="e3 three decimals"),
        pytest.param("gzip, br, zstd", "br", id="e3 a tie is the server's choice"),
        pytest.param("gzip, deflate, br, zstd", "br", id="e3 what browsers send"),
        pytest.param("zstd, gzip", "zstd", id="e3 a tie of two"),
        pytest.param("identity;q=0.5, gzip;q=0.4", None, id="e3 identity weighs more"),
        pytest.param(None, None, id="e4 no field"),
        pytest.param("", None, id="e4 an empty field"),
        pytest.param("*", "br", id="e4 any"),
        pytest.param("*;q=0.1, gzip;q=0.2", "gzip", id="e4 one before any"),
        pytest.param("compress", None, id="e5 nothing that we have"),
        pytest.param("identity;q=0, gzip", "gzip", id="e5 anything but identity"),
        pytest.param("GZIP", "gzip", id="e6 upper case"),
        pytest.param("x-gzip", "gzip", id="e6 the old name"),
        pytest.param("Br;Q=1", "br", id="e6 upper case everywhere"),
        pytest.param("gzip ; q=1.000 ,\tbr;q=0", "gzip", id="e6 blanks"),
        pytest.param(", ,gzip,,", "gzip", id="e6 empty members"),
    ],
)
@pytest.mark.parametrize("template", [POST, LIST])
def test_the_coding_is_the_one_that_the_client_weighs_most(
    template: str, accepted: str | None, coding: str | None, library: Library, server: Server
) -> None:
    answer = coded(server, library.url(template), accepted)
    assert_full_response(answer)
    assert answer.get("content-encoding") == coding


def test_e1_codings_in_two_lines_are_one_list(library: Library, server: Server) -> None:
    answer = ask(server, library.url(POST), "Accept-Encoding: br;q=0.5", "Accept-Encoding: gzip")
    assert answer.get("content-encoding") == "gzip"


@pytest.mark.parametrize("accepted", ["identity;q=0", "*;q=0", "compress, *;q=0", "identity;q=0, deflate"])
def test_e5_who_refuses_identity_and_all_that_we_have_gets_406(
    accepted: str, library: Library, server: Server
) -> None:
    assert_problem(coded(server, library.url(POST), accepted), 406)


@pytest.mark.parametrize("template", ROUTES.values(), ids=ROUTES.keys())
def test_e7_every_coding_has_a_strong_tag_of_its_own(template: str, library: Library, server: Server) -> None:
    answers = [coded(server, library.url(template), coding) for coding in (None, *DECODE)]
    for first, second in combinations(answers, 2):
        assert (first.get("etag") == second.get("etag")) == (first.content == second.content)


@pytest.mark.parametrize("accepted", [None, "", "br", "identity"])
@pytest.mark.parametrize(
    ("method", "url"),
    [
        ("GET", LIST),
        ("HEAD", LIST),
        ("OPTIONS", LIST),
        ("GET", "/api/v1/tags/hops/?fields=id"),
        ("GET", "/api/v1/posts/999999/"),
        ("GET", "/api/v1/posts/?x=1"),
        ("GET", "/api/v1/posts"),
        ("GET", "/api/v1/nothing/"),
        ("POST", LIST),
        ("PUT", LIST),
        ("GET", "/api/v1/drafts/"),
        ("GET", "/healthz/ready"),
        ("GET", "/healthz/live"),
        ("GET", "/api/schema/"),
    ],
)
def test_e8_every_answer_says_that_the_coding_was_negotiated(
    method: str, url: str, accepted: str | None, library: Library, server: Server
) -> None:
    fields = [] if accepted is None else [f"Accept-Encoding: {accepted}"]
    assert_every_answer(ask(server, url, *fields, method=method))


@pytest.mark.parametrize("coding", DECODE)
@pytest.mark.parametrize("template", ROUTES.values(), ids=ROUTES.keys())
def test_e9_e10_e13_a_coding_is_small_exact_and_applied_once(
    template: str, coding: str, library: Library, server: Server
) -> None:
    url = library.url(template)
    plain = coded(server, url, None)
    answer = coded(server, url, coding)
    assert answer.get("content-length") == str(len(answer.content))
    assert answer.get("transfer-encoding") is None
    assert coded(server, url, coding).content == answer.content
    if answer.get("content-encoding") is None:
        assert answer.content == plain.content
        return
    assert answer.get("content-encoding") == coding
    assert len(answer.content) < len(plain.content)
    assert DECODE[coding](answer.content) == plain.content


def test_e9_gzip_carries_neither_time_nor_name(library: Library, server: Server) -> None:
    content = coded(server, library.url(POST), "gzip").content
    magic, method, flags, time = content[:2], content[2], content[3], content[4:8]
    assert (magic, method, flags, time) == (b"\x1f\x8b", 8, 0, bytes(4))


@pytest.mark.parametrize("coding", DECODE)
def test_e11_what_is_too_small_to_gain_is_sent_as_it_is_and_still_varies(
    coding: str, library: Library, http: httpx.Client
) -> None:
    response = http.get(library.url(SMALL), headers={"Accept-Encoding": coding})
    assert_full_response(response)
    assert "content-encoding" not in response.headers
    assert int(response.headers["content-length"]) < 256


def test_e12_edges_may_transform(library: Library, http: httpx.Client) -> None:
    assert "no-transform" not in http.get(library.url(POST)).headers["cache-control"]
