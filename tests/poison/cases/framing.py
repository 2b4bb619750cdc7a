"""Can a proxy and we disagree about where a request ends, and the rest become another's? Request smuggling.

Linhart et al. (2005); Kettle, "HTTP Desync Attacks" (2019), "Browser-Powered Desync Attacks" (2022). The rest
of each is a request for something else, or the beginning of one: whoever asks next must not get its answer.
"""

from __future__ import annotations

from typing import Final

from tests.poison.case import LIST, TAG, Case, in_pieces, raw

_POST: Final = ("POST {victim} HTTP/1.1", "Host: localhost")
_GET: Final = ("GET {victim} HTTP/1.1", "Host: localhost")
_CHUNKED: Final = "Transfer-Encoding: chunked"
# A request of its own, and one that eats the first line of the next.
_WHOLE: Final = "GET {other}?fields=id HTTP/1.1\r\nHost: localhost\r\n\r\n"
_EATS: Final = "GET {other}?fields=id HTTP/1.1\r\nHost: localhost\r\nX-Eaten: "
_ELSEWHERE: Final = "GET /{evil} HTTP/1.1\r\nHost: {evil}.example\r\n\r\n"

# `Transfer-Encoding: chunked` as one of the two may read it and the other not (TE.TE).
_HIDDEN: Final = (
    "Transfer-Encoding : chunked",
    " Transfer-Encoding: chunked",
    "Transfer-Encoding:\tchunked",
    "Transfer-Encoding:\x0bchunked",
    "Transfer-Encoding:\x0cchunked",
    "Transfer-Encoding: \x00chunked",
    "Transfer-Encoding: xchunked",
    "Transfer-Encoding: chunkedx",
    "Transfer-Encoding: CHUNKED",
    "Transfer-Encoding: chunked\x0b",
    "Transfer-Encoding: chunked,",
    "Transfer-Encoding: ,chunked",
    'Transfer-Encoding: "chunked"',
    "Transfer-Encoding: chunked;a=b",
    "Transfer-Encoding: chunked, identity",
    "Transfer-Encoding: identity, chunked",
    "Transfer-Encoding: gzip, chunked",
    "Transfer-Encoding: chunked, chunked",
    "Transfer-Encoding: identity",
    "Transfer-Encoding: cow",
    "Transfer-Encoding:",
    "Transfer_Encoding: chunked",
    "Transfer-Encoding\x00: chunked",
    "Transfer-Encoding\xa0: chunked",
    "X: x\nTransfer-Encoding: chunked",
    "X: x\rTransfer-Encoding: chunked",
    "Transfer-Encoding: x\r\nTransfer-Encoding: chunked",
    "Transfer-Encoding: chunked\r\nTransfer-Encoding: x",
    "Transfer-Encoding\r\n: chunked",
    "Transfer-Encoding:\r\n chunked",
    "Foo: bar\r\n Transfer-Encoding: chunked",
    "transfer-encoding: chunked",
    "Content-Encoding: chunked",
)
# A length of 4 as one of the two may read it and the other not.
_LENGTHS: Final = (
    "Content-Length: +4",
    "Content-Length: 4 ",
    "Content-Length: 0x4",
    "Content-Length: 04",
    "Content-Length: 4,4",
    "Content-Length: 4, 99",
    "Content-Length: 4\r\nContent-Length: 99",
    "Content-Length: 99\r\nContent-Length: 4",
    "Content-Length: 4\r\nContent-Length: 4",
    "Content-Length: -1",
    "Content-Length: 4.0",
    "Content-Length: 4e0",
    "Content-Length:",
    "Content-Length: ",
    "Content-Length : 4",
    " Content-Length: 4",
    "Content_Length: 4",
    "Content-Length: 4\x00",
    "Content-Length:\x0b4",
    "Content-Length: 4;",
    "Content-Length: \xef\xbc\x94",
    "Content-Length: 18446744073709551620",
    "Content-Length: 4294967300",
    "Content-Length\x00: 4",
)
# Chunks of which one of the two may see the end, and the other not.
_CHUNKS: Final = (
    "0\r\n\r\n",
    "0\n\n",
    "0\r\n\n",
    "0 \r\n\r\n",
    "00000000000000000\r\n\r\n",
    "-0\r\n\r\n",
    "+0\r\n\r\n",
    "0x0\r\n\r\n",
    "\r\n\r\n",
    "0;\r\n\r\n",
    "0;a\nb\r\n\r\n",
    '0;a="\r\n\r\n',
    "4\r\nevil0\r\n\r\n",
    "4\r\nevilx\r\n0\r\n\r\n",
    "4\nevil\r\n0\r\n\r\n",
    "4\r\nevil\n0\r\n\r\n",
    "4_0\r\nevil\r\n0\r\n\r\n",
    "10000000000000004\r\nevil\r\n0\r\n\r\n",
    "ffffffffffffffff\r\nevil\r\n0\r\n\r\n",
    "-4\r\nevil\r\n0\r\n\r\n",
    "4\r\r\nevil\r\n0\r\n\r\n",
    "4 \r\nevil\r\n0\r\n\r\n",
    "\t4\r\nevil\r\n0\r\n\r\n",
    "g\r\nevil\r\n0\r\n\r\n",
    "0\r\nX-A: {evil}\r\n\r\n",
    "0\r\nContent-Length: 9\r\n\r\n",
    "0\r\nX\r\n\r\n",
    "0\r\n X-A: 1\r\n\r\n",
)

CASES: Final[tuple[Case, ...]] = (
    raw("CL.TE", *_POST, "Content-Length: 6", _CHUNKED, "", "0", "", "G"),
    raw("CL.TE with a request", *_POST, "Content-Length: 200", _CHUNKED, "", "0", "", _EATS),
    raw("CL.TE by GET", *_GET, "Content-Length: 200", _CHUNKED, "", "0", "", _EATS),
    raw("CL.TE, the length last", *_GET, _CHUNKED, "Content-Length: 200", "", "0", "", _EATS, victim=LIST),
    raw("TE.CL", *_POST, "Content-Length: 4", _CHUNKED, "", "5c", _EATS, "0", "", ""),
    raw("TE.CL by GET", *_GET, "Content-Length: 4", _CHUNKED, "", "5c", _WHOLE, "0", "", ""),
    raw("CL.0", *_POST, "Content-Length: 200", "", _EATS),
    raw("CL.0 by GET", *_GET, "Content-Length: 200", "", _EATS),
    raw("CL.0 with a request", *_GET, "Content-Length: 69", "", _WHOLE),
    raw("0.CL", *_GET, "Content-Length: 0", "", _WHOLE),
    raw(
        "HEAD with a request for a body",
        "HEAD {victim} HTTP/1.1",
        "Host: localhost",
        "Content-Length: 69",
        "",
        _WHOLE,
    ),
    raw(
        "OPTIONS with a request for a body",
        "OPTIONS {victim} HTTP/1.1",
        "Host: localhost",
        "Content-Length: 69",
        "",
        _WHOLE,
    ),
    raw(
        "a request for a body that is refused",
        *_POST,
        "Content-Type: text/{evil}",
        "Content-Length: 69",
        "",
        _WHOLE,
    ),
    raw(
        "a request for a body nobody expects", *_GET, "Expect: 100-continue", "Content-Length: 69", "", _WHOLE
    ),
    raw(
        "a request for a body of a redirect",
        "GET {victim}?a HTTP/1.1",
        "Host: localhost",
        "Content-Length: 69",
        "",
        _WHOLE,
    ),
    raw("a request in a trailer", *_GET, _CHUNKED, "", "0", f"X-A: {_EATS}", "", ""),
    *(
        raw(f"{line!r} and a length", *_GET, "Content-Length: 5", line, "", "0", "", _EATS)
        for line in _HIDDEN
    ),
    *(raw(f"{line!r} without a length", *_POST, line, "", "0", "", _WHOLE) for line in _HIDDEN[:12]),
    *(raw(f"{line!r}", *_GET, line, "", f"evil{_EATS}") for line in _LENGTHS),
    *(raw(f"chunks {chunks!r}", *_GET, _CHUNKED, "", chunks + _EATS) for chunks in _CHUNKS),
    raw("chunked in HTTP/1.0", "GET {victim} HTTP/1.0", "Host: localhost", _CHUNKED, "", "0", "", _EATS),
    raw(
        "chunked in HTTP/1.0, kept",
        "GET {victim} HTTP/1.0",
        "Host: localhost",
        "Connection: keep-alive",
        _CHUNKED,
        "",
        "0",
        "",
        _WHOLE,
    ),
    raw("two requests", *_GET, "", _WHOLE, victim=TAG),
    raw("two requests, the second of another host", *_GET, "", _ELSEWHERE),
    raw("two requests, the second is cut", *_GET, "", _EATS),
    raw("two requests, the first is refused", "GET {victim} HTTP/9.9", "Host: localhost", "", _WHOLE),
    raw("two requests, the first has no Host", "GET {victim} HTTP/1.1", "", _WHOLE),
    raw("two requests, the first is too large", *_GET, f"X-A: {'x' * 100_000}", "", _WHOLE),
    raw("two requests, the first has a bad field", *_GET, "X-A : 1", "X-B: \0", "", _WHOLE),
    raw(
        "two requests, the first is an upgrade",
        *_GET,
        "Upgrade: websocket",
        "Connection: Upgrade",
        "",
        _WHOLE,
    ),
    raw(
        "two requests, the first upgrades to h2c",
        *_GET,
        "Upgrade: h2c",
        "Connection: Upgrade, HTTP2-Settings",
        "HTTP2-Settings: AAMAAABkAAQAAP__",
        "",
        _WHOLE,
    ),
    raw("two requests, the first is of HTTP/0.9", "GET {victim}", "", _WHOLE),
    raw("twenty requests", *_GET, "", _WHOLE * 20),
    raw("twenty requests, and away", *_GET, "", _WHOLE * 20, leaves=True),
    raw("two requests by HEAD", "HEAD {victim} HTTP/1.1", "Host: localhost", "", _WHOLE),
    raw(
        "a request hidden by LF",
        "GET {victim} HTTP/1.1\nHost: localhost\nX-A: x\n\nGET {other} HTTP/1.1\nHost: localhost\n\n",
    ),
    raw(
        "a request hidden in a fold", *_GET, "X-A: x\r\n\r\n GET {other} HTTP/1.1", "Host: localhost", "", ""
    ),
    raw("a request in a field", *_GET, f"X-A: x%0d%0a%0d%0a{_ELSEWHERE}"),
    raw(
        "a request in the target",
        "GET {victim}%20HTTP/1.1%0d%0aHost:%20{evil}%0d%0a%0d%0a HTTP/1.1",
        "Host: localhost",
        "",
        "",
    ),
    raw(
        "an answer in a body",
        *_POST,
        "Content-Length: 45",
        "",
        "HTTP/1.1 200 OK",
        "Content-Length: 4",
        "",
        "evil",
        "",
    ),
    raw("CONNECT, then a request", "CONNECT localhost:80 HTTP/1.1", "Host: localhost", "", _WHOLE),
    in_pieces(
        "a length, and the rest a little later",
        "\r\n".join([*_GET, "Content-Length: 69", "", ""]),
        _WHOLE,
        _WHOLE,
    ),
    in_pieces("a head, and another a little later", "\r\n".join([*_GET, "", ""]), _EATS, "x\r\n\r\n"),
)
