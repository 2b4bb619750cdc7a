"""What may come back to a proxy in place of the origin's answer? Cut, slow, or somebody else's.

A mischief takes the origin's whole answer and returns what is sent in its place, in pieces with
a pause between them, and whether the connection ends after that. As data: a new one is one line.
None of them is a whole answer that says it may be stored, so none of it may be stored.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import Enum
from typing import Final, NamedTuple

from tests.poison.case import EVIL


class End(Enum):
    """How a connection goes on after an answer."""

    KEPT = "kept"
    CLOSED = "closed"
    RESET = "reset"


class Sent(NamedTuple):
    """What is sent in place of an answer."""

    pieces: tuple[bytes, ...]
    end: End


Mischief = Callable[[bytes], Sent]


def _cut(share: float, end: End, *, of_head: bool = False) -> Mischief:
    """Send so much of the body (or of the head) and end the connection."""

    def mischief(answer: bytes) -> Sent:
        head, blank, body = answer.partition(b"\r\n\r\n")
        if of_head:
            return Sent((head[: int(len(head) * share)],), end)
        return Sent((head + blank + body[: int(len(body) * share)],), end)

    return mischief


def _chunked(*, ends: bytes) -> Mischief:
    """Send half of the body in one chunk, and this in place of the rest."""

    def mischief(answer: bytes) -> Sent:
        head, _, body = answer.partition(b"\r\n\r\n")
        lines = [line for line in head.split(b"\r\n") if not line.lower().startswith(b"content-length")]
        half = body[: len(body) // 2]
        framed = b"\r\n".join([*lines, b"Transfer-Encoding: chunked", b"", b"%x" % len(half), half, ends])
        return Sent((framed,), End.CLOSED)

    return mischief


def _instead(status: str, *fields: str, body: str = f"<h1>{EVIL}</h1>", end: End = End.KEPT) -> Mischief:
    """Send another answer, as a balancer in between would."""
    lines = [f"HTTP/1.1 {status}", *fields, f"Content-Length: {len(body)}", "", body]
    return lambda _: Sent(("\r\n".join(lines).encode("latin-1"),), end)


def _bytes(*pieces: bytes) -> Mischief:
    """Send bytes that are no answer, and close."""
    return lambda _: Sent(pieces, End.CLOSED)


def _slow(answer: bytes) -> Sent:
    third = len(answer) // 3
    return Sent((answer[:third], answer[third : 2 * third], answer[2 * third :]), End.KEPT)


def _before(*lines: str) -> Mischief:
    """Send an interim answer first."""
    interim = "\r\n".join([*lines, "", ""]).encode("latin-1")
    return lambda answer: Sent((interim + answer,), End.KEPT)


def _after(more: bytes) -> Mischief:
    """Send more than the answer is long: it must not become the answer to the next request."""
    return lambda answer: Sent((answer + more,), End.KEPT)


_HTML: Final = "Content-Type: text/html"
_ANSWER: Final = f"HTTP/1.1 200 OK\r\nContent-Length: 9\r\nCache-Control: max-age=600\r\n\r\n{EVIL}".encode()

MISCHIEFS: Final[Mapping[str, Mischief]] = {
    "cut before the answer": _cut(0, End.CLOSED, of_head=True),
    "reset before the answer": _cut(0, End.RESET, of_head=True),
    "cut in the status line": _bytes(b"HTTP/1.1 2"),
    "cut in the head": _cut(0.5, End.CLOSED, of_head=True),
    "cut early in the head": _cut(0.15, End.CLOSED, of_head=True),
    "cut late in the head": _cut(0.85, End.CLOSED, of_head=True),
    "cut before the blank line": _cut(1, End.CLOSED, of_head=True),
    "cut after the head": _cut(0, End.CLOSED),
    "cut in the body": _cut(0.5, End.CLOSED),
    "reset in the body": _cut(0.5, End.RESET),
    "cut before the last byte": _cut(0.999, End.CLOSED),
    "chunked without an end": _chunked(ends=b""),
    "chunked and cut in a chunk": _chunked(ends=b"ff\r\nx"),
    "chunked with a bad size": _chunked(ends=b"zz\r\n"),
    "slow": _slow,
    "no HTTP": _bytes(b"220 smtp.example ESMTP\r\n"),
    "HTTP of no version": _bytes(b"HTTP/9.9 200 OK\r\nContent-Length: 2\r\n\r\n{}"),
    "a NUL in the head": _bytes(b"HTTP/1.1 200 OK\r\nX-A: \0\r\nContent-Length: 2\r\n\r\n{}"),
    "two lengths": _bytes(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 40\r\n\r\n{}"),
    "a head of 100 kB": _instead("200 OK", f"X-Long: {'x' * 100_000}"),
    "100 first": _before("HTTP/1.1 100 Continue"),
    "103 first": _before("HTTP/1.1 103 Early Hints", "Link: </evil-7c1d>; rel=preload"),
    "a second answer that nobody asked for": _after(_ANSWER),
    "junk after the answer": _after(b"x" * 20),
    "bare 200": _instead("200 OK", _HTML),
    "bare 200 with Last-Modified": _instead("200 OK", _HTML, "Last-Modified: Mon, 01 Jan 2001 00:00:00 GMT"),
    "bare 200 with a cookie": _instead("200 OK", _HTML, "Set-Cookie: evil-7c1d=1"),
    "bare 203": _instead("203 Non-Authoritative Information", _HTML),
    "bare 204": _instead("204 No Content", body=""),
    "bare 206": _instead("206 Partial Content", _HTML, "Content-Range: bytes 0-1/900"),
    "bare 301": _instead("301 Moved Permanently", "Location: http://evil-7c1d.example/"),
    "bare 302": _instead("302 Found", "Location: http://evil-7c1d.example/"),
    "bare 304": _bytes(b"HTTP/1.1 304 Not Modified\r\n\r\n"),
    "bare 308": _instead("308 Permanent Redirect", "Location: http://evil-7c1d.example/"),
    "bare 400": _instead("400 Bad Request", _HTML),
    "bare 401": _instead("401 Unauthorized", _HTML, "WWW-Authenticate: Basic"),
    "bare 403": _instead("403 Forbidden", _HTML),
    "bare 404": _instead("404 Not Found", _HTML),
    "bare 405": _instead("405 Method Not Allowed", _HTML, "Allow: POST"),
    "bare 410": _instead("410 Gone", _HTML),
    "bare 414": _instead("414 URI Too Long", _HTML),
    "bare 429": _instead("429 Too Many Requests", _HTML, "Retry-After: 600"),
    "bare 451": _instead("451 Unavailable For Legal Reasons", _HTML),
    "bare 500": _instead("500 Internal Server Error", _HTML),
    "bare 501": _instead("501 Not Implemented", _HTML),
    "bare 502": _instead("502 Bad Gateway", _HTML),
    "bare 503": _instead("503 Service Unavailable", _HTML, "Retry-After: 600"),
    "bare 504": _instead("504 Gateway Timeout", _HTML),
    "500 that is not to be stored": _instead("500 Internal Server Error", "Cache-Control: no-store"),
    "503 that is not to be stored": _instead("503 Service Unavailable", "Cache-Control: no-store"),
}
