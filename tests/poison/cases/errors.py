"""Are errors and redirects kept for a URL that has a right answer? One that is asked for wrongly first."""

from __future__ import annotations

from typing import Final

from tests.poison.case import COMMENTS, LIST, MISSING, TAG, Case, asked, one_by_one, sent

CASES: Final[tuple[Case, ...]] = (
    asked("308 for the slash", "/api/v1/posts/{post}"),
    asked("308 for the slash, with a query", "/api/v1/posts/{post}?next=//{evil}.example/"),
    asked(
        "308 for the slash, with another host", "/api/v1/posts/{post}?a=1", "X-Forwarded-Host: {evil}.example"
    ),
    sent("308 for the slash, by another Host", target="/api/v1/posts/{post}", host="Host: {evil}.example"),
    asked("308 for a list", "/api/v1/posts?limit=1&author={author}", victim=LIST),
    asked("308 for an encoded letter", "/api/v1/%70osts/{post}/?{evil}"),
    asked("308 with a CRLF", "/api/v1/posts/{post}?a=%0d%0aSet-Cookie:%20{evil}=1"),
    asked("308 with a real tab", "/api/v1/posts/{post}?a=\t{evil}"),
    asked("308 with eight bits", "/api/v1/posts/{post}?a=\xe9"),
    asked("308 to another's host", "//{evil}.example/api/v1/posts/{post}"),
    asked("308 to another's host, encoded", "/%2f{evil}.example/api/v1/posts/{post}"),
    asked("308 to another's host, with a backslash", "/\\{evil}.example/"),
    asked("308 of what is missing", "/api/v1/posts/no-such-post-{post}?{evil}", victim=MISSING),
    asked("400 for a parameter", "{victim}?{evil}=1"),
    asked("400 for a parameter, of a list", "{victim}&{evil}=1", victim=LIST),
    asked("400 for a cursor", "{victim}&cursor={evil}", victim=LIST),
    asked("400 for an offered value", "{victim}?fields={evil}", victim=TAG),
    asked("404 of a route that is not there", "/api/v1/{evil}{victim}"),
    asked("404 of what is deeper", "{victim}{evil}/"),
    asked("404 of a thing with a bad name", "/api/v1/posts/{post}%20/"),
    sent("405", method="DELETE", victim=TAG),
    sent("406", "Accept-Encoding: identity;q=0, *;q=0", victim=COMMENTS),
    sent("406 of what is missing", "Accept-Encoding: *;q=0", victim=MISSING),
    sent(
        "411",
        "Content-Type: application/json",
        "Transfer-Encoding: chunked",
        method="POST",
        body="2\r\n{}\r\n0\r\n\r\n",
        victim=LIST,
    ),
    sent("412", 'If-Match: "{evil}"', victim=COMMENTS),
    sent("413", "Content-Type: application/json", method="POST", body="x" * 1_200_000, victim=LIST),
    sent("413 of a GET", body="x" * 1_200_000),
    sent("414", target="{victim}?" + "x" * 30_000),
    sent("415", "Content-Type: text/{evil}", method="POST", body="{evil}", victim=LIST),
    sent("417", "Expect: 200-ok", victim=COMMENTS),
    sent("421", host="Host: other.{evil}", victim=COMMENTS),
    sent("431", *[f"X-{n}: {'x' * 900}" for n in range(100)], victim=COMMENTS),
    sent("501", method="BREW", victim=COMMENTS),
    sent("505", version="HTTP/3.0", victim=COMMENTS),
    one_by_one(
        "one error after the other",
        sent("", method="DELETE"),
        sent("", "Accept-Encoding: identity;q=0, *;q=0"),
        sent("", 'If-Match: "{evil}"'),
        sent("", "X-A: \0"),
        asked("", "{victim}?{evil}"),
    ),
)
