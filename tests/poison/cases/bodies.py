"""Can the body of a request change what is stored for its URL? Fat GET, and bodies that do not come."""

from __future__ import annotations

from typing import Final

from tests.poison.case import COMMENTS, LIST, MISSING, TAG, Case, in_pieces, raw, sent

_FORM: Final = "Content-Type: application/x-www-form-urlencoded"
_JSON: Final = "Content-Type: application/json"
_GET: Final = ("GET {victim} HTTP/1.1", "Host: localhost")

CASES: Final[tuple[Case, ...]] = (
    sent("GET with a form", _FORM, body="limit=1&fields=id&a={evil}"),
    sent("GET with a form, of a list", _FORM, body="author=1&limit=100&a={evil}", victim=LIST),
    sent("GET with a form that names a method", _FORM, body="_method=DELETE"),
    sent("GET with JSON", _JSON, body='{"fields":"id","a":"{evil}"}'),
    sent("GET with JSON, of a list", _JSON, body='{"limit":1}', victim=LIST),
    sent("GET with JSON, of what is missing", _JSON, body='{"slug":"{evil}"}', victim=MISSING),
    sent("GET with text", "Content-Type: text/plain", body="{evil}", victim=TAG),
    sent(
        "GET with multipart",
        "Content-Type: multipart/form-data; boundary=b",
        body='--b\r\nContent-Disposition: form-data; name="fields"\r\n\r\nid\r\n--b--\r\n',
    ),
    sent("GET with a body of gzip", "Content-Encoding: gzip", body="\x1f\x8b\x08{evil}"),
    sent("GET with a body of 10 kB", body="x" * 10_000),
    sent("GET with a body of 100 kB", body="x" * 100_000, victim=LIST),
    sent("GET with a chunked body", "Transfer-Encoding: chunked", body="4\r\nevil\r\n0\r\n\r\n"),
    sent(
        "GET with a chunked body, of a list",
        _FORM,
        "Transfer-Encoding: chunked",
        body="7\r\nlimit=1\r\n0\r\n\r\n",
        victim=LIST,
    ),
    sent("GET with an empty chunked body", "Transfer-Encoding: chunked", body="0\r\n\r\n"),
    sent(
        "GET with trailers",
        "Transfer-Encoding: chunked",
        "Trailer: X-A",
        body="1\r\nx\r\n0\r\nX-A: {evil}\r\nHost: {evil}\r\n\r\n",
    ),
    sent("GET with an extended chunk", "Transfer-Encoding: chunked", body="4;a={evil}\r\nevil\r\n0\r\n\r\n"),
    sent("GET with no body, and says so", "Content-Length: 0"),
    sent("HEAD with a form", _FORM, method="HEAD", body="fields=id"),
    sent(
        "HEAD with a chunked body", "Transfer-Encoding: chunked", method="HEAD", body="4\r\nevil\r\n0\r\n\r\n"
    ),
    raw("GET whose body does not come", *_GET, "Content-Length: 100", "", "evil"),
    raw("GET whose chunks do not end", *_GET, "Transfer-Encoding: chunked", "", "4", "evil", "", victim=LIST),
    raw("GET whose body does not come, and away", *_GET, "Content-Length: 100", "", "evil", leaves=True),
    raw(
        "GET whose chunks do not end, and away",
        *_GET,
        "Transfer-Encoding: chunked",
        "",
        "4",
        "ev",
        leaves=True,
    ),
    in_pieces(
        "GET with a slow body", "\r\n".join([*_GET, _FORM, "Content-Length: 9", "", ""]), "fields", "=id"
    ),
    in_pieces(
        "GET with slow chunks",
        "\r\n".join([*_GET, "Transfer-Encoding: chunked", "", ""]),
        "4\r\nevil\r\n",
        "0\r\n\r\n",
        victim=COMMENTS,
    ),
    sent("POST with a form, to a list", _FORM, method="POST", body="title={evil}", victim=LIST),
    sent("POST with JSON, to comments", _JSON, method="POST", body='{"body":"{evil}"}', victim=COMMENTS),
    sent("POST that names its method", _FORM, method="POST", body="_method=GET&fields=id"),
    sent("PUT to what is missing", _JSON, method="PUT", body='{"title":"{evil}"}', victim=MISSING),
)
