"""Can what only its author may see be stored for others? The author reads, and strangers ask next.

Web cache deception: the victim of the real attack is the author, who follows a link that the attacker has
made; then the attacker asks for the same URL, without credentials.
"""

from __future__ import annotations

from typing import Final

from tests.poison.case import DRAFT, DRAFTS, TOKEN, Case, asked, raw, sent

_SUFFIXES: Final = (
    "",
    "x.css",
    "x.js",
    "x.png",
    "x.ico",
    "robots.txt",
    "index.html",
    ".css",
    ";x.css",
    ";.css",
    "%3bx.css",
    "%2fx.css",
    "%2Fx.css",
    "%00x.css",
    "%0ax.css",
    "%0d%0ax.css",
    "%09.css",
    "%20.css",
    "%23x.css",
    "%3fx.css",
    "?x.css",
    "?/x.css",
    "?a=1",
    "?fields=id",
    "?limit=1",
    "?limit=1&cb=1",
    "#x.css",
    "//",
    "./",
    "/.",
    "%2e/",
    "..",
    "../drafts/",
    "%2e%2e/drafts/",
    "..%2fdrafts/",
    "x/../",
    "x/%2e%2e/",
    "x%2f..%2f",
    "..;/drafts/",
    "\\x.css",
    "%5cx.css",
    "~x.css",
    "@x.css",
    "$x.css",
    "!x.css",
    ",x.css",
    "*.css",
)
_TARGETS: Final = {
    "drafts through the posts": "/api/v1/posts/../drafts/{draft}/",
    "drafts through the posts, encoded": "/api/v1/posts/%2e%2e/drafts/{draft}/",
    "drafts through the posts, an encoded slash": "/api/v1/posts/..%2fdrafts/{draft}/",
    "drafts through the posts, encoded twice": "/api/v1/posts/%252e%252e%252fdrafts/{draft}/",
    "drafts through a post": "/api/v1/posts/{post}/..%2f..%2fdrafts%2f{draft}%2f",
    "drafts through something static": "/static/..%2fapi%2fv1%2fdrafts%2f{draft}%2f",
    "drafts through something static, plainly": "/static/../api/v1/drafts/{draft}/",
    "drafts through a favicon": "/favicon.ico/..%2fapi/v1/drafts/{draft}/",
    "drafts through robots.txt": "/robots.txt%2f..%2fapi/v1/drafts/{draft}/",
    "drafts in capitals": "/API/v1/DRAFTS/{draft}/",
    "drafts after two slashes": "//api/v1/drafts/{draft}/",
    "drafts after a double slash": "/api/v1//drafts/{draft}/",
    "drafts without a slash": "/api/v1/drafts/{draft}",
    "drafts of a matrix": "/api/v1/drafts;x.css/{draft}/",
    "drafts spelled by percents": "/api/v1/%64rafts/{draft}/",
    "a draft as a post": "/api/v1/posts/{draft}/",
    "the comments on a draft": "/api/v1/posts/{draft}/comments/",
    "the drafts as a filter": "/api/v1/posts/?status=draft",
}

CASES: Final[tuple[Case, ...]] = (
    *(
        asked(f"drafts{suffix}", f"{DRAFTS}{suffix}", TOKEN, victim=f"{DRAFTS}{suffix}")
        for suffix in _SUFFIXES
    ),
    *(
        asked(f"a draft, {suffix or 'plainly'}", f"{DRAFT}{suffix}", TOKEN, victim=f"{DRAFT}{suffix}")
        for suffix in _SUFFIXES[:20]
    ),
    *(asked(name, target, TOKEN, victim=target) for name, target in _TARGETS.items()),
    sent("a draft by HEAD", TOKEN, method="HEAD", victim=DRAFT),
    sent("a draft as a range", TOKEN, "Range: bytes=0-", victim=DRAFT),
    sent("a draft in a coding", TOKEN, "Accept-Encoding: gzip", victim=DRAFT),
    sent("a draft with a condition", TOKEN, "If-None-Match: *", victim=DRAFT),
    sent("a draft, with a lifetime", TOKEN, "Cache-Control: public, max-age=9999", victim=DRAFT),
    sent("a draft whose credentials are hop by hop", TOKEN, "Connection: Authorization", victim=DRAFT),
    sent("a draft whose credentials come twice", TOKEN, "Authorization: Token {evil}", victim=DRAFT),
    sent("a draft by another Host", TOKEN, host="Host: 127.0.0.1", victim=DRAFT),
    sent("a draft by HTTP/1.0", TOKEN, version="HTTP/1.0", victim=DRAFT),
    sent("a draft of an absolute target", TOKEN, target="http://localhost{victim}", victim=DRAFT),
    sent("a draft by X-Original-URL", TOKEN, "X-Original-URL: /api/v1/drafts/{draft}/"),
    sent("a draft by X-Rewrite-URL", TOKEN, "X-Rewrite-URL: /api/v1/drafts/{draft}/"),
    sent("a draft by X-Accel-Redirect", TOKEN, "X-Accel-Redirect: /api/v1/drafts/{draft}/"),
    sent("a draft with a cookie", TOKEN, "Cookie: a=b", victim=DRAFTS),
    raw(
        "a draft after a post",
        "GET /api/v1/posts/{post}/ HTTP/1.1",
        "Host: localhost",
        "",
        "GET {victim} HTTP/1.1",
        "Host: localhost",
        TOKEN,
        "",
        "",
        victim=DRAFT,
    ),
    raw(
        "a draft for the next who asks",
        "GET /api/v1/posts/{post}/ HTTP/1.1",
        "Host: localhost",
        "Content-Length: 300",
        "",
        "GET {victim} HTTP/1.1",
        "Host: localhost",
        TOKEN,
        "",
        "",
        victim=DRAFT,
    ),
    sent("a post, with credentials", TOKEN),
)
