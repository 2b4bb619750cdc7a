"""Can another method, or the name of one in a field, leave its answer where GET's belongs?

CPDoS HMO (Nguyen et al., 2019), and HEAD before GET.
"""

from __future__ import annotations

from typing import Final

from tests.poison.case import COMMENTS, LIST, MISSING, TAG, Case, one_by_one, raw, sent

_OVERRIDES: Final = ("X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override", "X-HTTP-Override")

CASES: Final[tuple[Case, ...]] = (
    sent("HEAD first", method="HEAD"),
    sent("HEAD first, of a list", method="HEAD", victim=LIST),
    sent("HEAD first, of what is missing", method="HEAD", victim=MISSING),
    sent("HEAD with a coding first", "Accept-Encoding: gzip", method="HEAD"),
    sent("HEAD with a range first", "Range: bytes=0-0", method="HEAD"),
    sent("HEAD that fails a condition", 'If-Match: "{evil}"', method="HEAD"),
    sent("HEAD with a body", method="HEAD", body="{evil}"),
    sent("OPTIONS", method="OPTIONS"),
    sent(
        "OPTIONS of a preflight",
        "Origin: https://{evil}",
        "Access-Control-Request-Method: DELETE",
        method="OPTIONS",
    ),
    sent("OPTIONS *", method="OPTIONS", target="*"),
    sent("TRACE", "X-A: {evil}", method="TRACE"),
    sent("TRACE with Max-Forwards", "Max-Forwards: 0", method="TRACE"),
    sent("OPTIONS with Max-Forwards", "Max-Forwards: 0", method="OPTIONS"),
    sent("CONNECT", method="CONNECT", target="{evil}.example:443"),
    sent("CONNECT of the path", method="CONNECT"),
    sent("POST without credentials", "Content-Type: application/json", method="POST", body="{}", victim=LIST),
    sent("POST to a thing", "Content-Type: application/json", method="POST", body="{}"),
    sent("PUT", "Content-Type: application/json", method="PUT", body='{"title":"{evil}"}'),
    sent("PATCH", "Content-Type: application/json", method="PATCH", body='{"title":"{evil}"}'),
    sent("DELETE", method="DELETE"),
    sent("DELETE of a list", method="DELETE", victim=LIST),
    sent("POST of a tag", method="POST", body="{evil}", victim=TAG),
    sent("PROPFIND", method="PROPFIND"),
    sent("QUERY", method="QUERY", body="{evil}"),
    sent("SEARCH with a body", method="SEARCH", body="{evil}", victim=COMMENTS),
    sent("a method that nobody knows", method="EVIL"),
    sent("a method in small letters", method="get"),
    sent("a method in small letters, of a list", method="Get", victim=LIST),
    sent("a method with GET in it", method="GETX"),
    sent("a method of 8 kB", method="G" * 8000),
    sent("a method of meta characters", method="G\x01T"),
    sent("a method with a colon", method="GET:"),
    raw("no method", " {victim} HTTP/1.1", "Host: localhost", "", ""),
    raw("a blank line, then GET", "", "GET {victim} HTTP/1.1", "Host: localhost", "X-A: {evil}", "", ""),
    raw("GET of HTTP/0.9", "GET {victim}", "", ""),
    raw("GET of HTTP/0.9, and more", "GET {victim}", "Host: localhost", "", ""),
    sent("GET of HTTP/1.0", version="HTTP/1.0"),
    sent("GET of HTTP/1.0, kept", "Connection: keep-alive", version="HTTP/1.0", victim=LIST),
    sent("GET of HTTP/1.2", version="HTTP/1.2"),
    sent("GET of HTTP/2.0", version="HTTP/2.0"),
    sent("GET of HTTP/9.9", version="HTTP/9.9"),
    sent("GET of no protocol", version="EVIL/1.1"),
    sent("GET of HTTP in small letters", version="http/1.1"),
    *(
        sent(f"{field}: {method}", f"{field}: {method}")
        for field in _OVERRIDES
        for method in ("POST", "DELETE")
    ),
    sent("X-HTTP-Method-Override: HEAD", "X-HTTP-Method-Override: HEAD"),
    sent("X-HTTP-Method-Override: PURGE", "X-HTTP-Method-Override: PURGE"),
    sent("X-HTTP-Method-Override of nothing", "X-HTTP-Method-Override: {evil}", victim=LIST),
    sent("X-Method and Method", "X-Method: PUT", "Method: PUT", "_method: DELETE"),
    sent("an override sent with POST", "X-HTTP-Method-Override: GET", method="POST", body="{evil}"),
    sent("an override sent with HEAD", "X-HTTP-Method-Override: GET", method="HEAD"),
    one_by_one(
        "HEAD, then a range, then a condition",
        sent("", method="HEAD"),
        sent("", "Range: bytes=0-3"),
        sent("", "If-None-Match: *"),
    ),
)
