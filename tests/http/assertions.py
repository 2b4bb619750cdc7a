"""What must hold for an answer of its kind, whichever URL and state it comes from."""

from __future__ import annotations

import json
import re
from http import HTTPStatus
from typing import Any

import http_sf
import httpx

from tests.http.wire import Answer

# A strong tag, of characters that neither proxies nor parsers trip over.
ETAG = re.compile(r'"[A-Za-z0-9._~-]+"')
DELTA_SECONDS = re.compile(r"[a-z-]+(?:=(?:0|[1-9][0-9]*))?")
SECURITY = {
    "x-content-type-options": "nosniff",
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
    "referrer-policy": "no-referrer",
}
# RFC 9110 §15.4.5, and the fields by which edges go.
REPEATED_BY_304 = (
    "cache-control",
    "cdn-cache-control",
    "surrogate-control",
    "content-location",
    "etag",
    "expires",
    "vary",
    "access-control-allow-origin",
    "access-control-expose-headers",
)
ABSENT_FROM_304 = ("content-length", "content-type", "content-encoding", "content-language", "last-modified")

Response = httpx.Response | Answer


def field(response: Response, name: str) -> str | None:
    """Return a field that may be there once; fail if it came in several lines."""
    if isinstance(response, Answer):
        return response.get(name)
    values = response.headers.get_list(name)
    assert len(values) < 2, f"{name} came {len(values)} times: {values}"
    return values[0] if values else None


def status_of(response: Response) -> int:
    """Return the status code."""
    return response.status if isinstance(response, Answer) else response.status_code


def assert_every_answer(response: Response) -> None:
    """Assert what holds for each answer of the API, whatever its status (C1, C9, E8, Y1, Y3, O4)."""
    assert field(response, "vary") == "Accept-Encoding"
    assert field(response, "set-cookie") is None
    assert field(response, "expires") is None
    assert field(response, "date")
    directives(field(response, "cache-control"))
    assert field(response, "access-control-allow-origin") == "*"
    if status_of(response) != 304:
        for name, value in SECURITY.items():
            assert field(response, name) == value, name


def assert_full_response(response: Response, *, status: int = 200) -> None:
    """Assert that this is a representation with all that a cache needs to know of it."""
    assert status_of(response) == status
    assert_every_answer(response)
    assert ETAG.fullmatch(field(response, "etag") or "")
    length = field(response, "content-length")
    assert length is not None
    assert field(response, "transfer-encoding") is None
    expected = "application/json" if status == 200 else "application/problem+json"
    assert field(response, "content-type") == expected
    assert "no-store" not in (field(response, "cache-control") or "")
    assert lifetimes(field(response, "cdn-cache-control"))
    assert lifetimes(field(response, "surrogate-control"))


def assert_not_modified(response: Response, full: Response) -> None:
    """Assert that this is the 304 that belongs to the 200 (V4, V18 to V22)."""
    assert status_of(response) == 304
    content = response.content
    assert content == b""
    for name in REPEATED_BY_304:
        assert field(response, name) == field(full, name), name
    for name in ABSENT_FROM_304:
        assert field(response, name) is None, name
    assert_every_answer(response)


def assert_problem(response: Response, status: int, *, stored: bool = False) -> dict[str, Any]:
    """Assert that this is an error as all of ours look (R1), which only a 404 lets anyone keep (C11)."""
    assert status_of(response) == status, response.content[:500]
    assert field(response, "content-type") == "application/problem+json"
    assert_every_answer(response)
    if not stored:
        assert "no-store" in directives(field(response, "cache-control"))
        assert field(response, "etag") is None
    document: dict[str, Any] = json.loads(response.content)
    assert document["type"] == "about:blank"
    assert document["title"] == HTTPStatus(status).phrase
    assert document["status"] == status
    assert isinstance(document["detail"], str)
    assert document["detail"]
    assert "Traceback" not in response.content.decode()
    return document


def assert_cache_status(response: Response, **parameters: Any) -> None:
    """Assert that ours is the only member of `Cache-Status` and says just this (O1)."""
    assert cache_status_of(response) == {name.replace("_", "-"): value for name, value in parameters.items()}


def cache_status_of(response: Response) -> dict[str, Any]:
    """Return the parameters of our member of `Cache-Status`, as a structured field (RFC 9211)."""
    value = field(response, "cache-status")
    assert value is not None
    members: Any = http_sf.parse(value.encode(), tltype="list")
    assert len(members) == 1
    name, found = members[0]
    assert str(name) == "readpath"
    assert ("hit" in found) != ("fwd" in found), "a request is answered from the store or goes on, never both"
    return {key: value if isinstance(value, (bool, int)) else str(value) for key, value in found.items()}


def directives(value: str | None) -> dict[str, int | None]:
    """Return the members of `Cache-Control`, none of them quoted or given twice (C2)."""
    assert value, "an answer that does not say whether it may be stored"
    found: dict[str, int | None] = {}
    for member in value.split(", "):
        assert DELTA_SECONDS.fullmatch(member), member
        name, _, seconds = member.partition("=")
        assert name not in found, f"{name} is given twice"
        found[name] = int(seconds) if seconds else None
    return found


def lifetimes(value: str | None) -> dict[str, int]:
    """Return a targeted field as the dictionary of integers that it has to be (C4), but for `public`."""
    assert value
    parsed: Any = http_sf.parse(value.encode(), tltype="dictionary")
    found = {}
    for name, (seconds, parameters) in parsed.items():
        if name == "public" and seconds is True:
            continue
        assert type(seconds) is int, f"{name} is {seconds!r}"
        assert not parameters
        found[name] = seconds
    return found


def is_same(one: Response, other: Response) -> bool:
    """Tell whether two answers are the same representation, byte for byte."""
    return one.content == other.content and field(one, "etag") == field(other, "etag")
