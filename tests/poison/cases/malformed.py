"""Does what is no HTTP, or nearly none, leave its refusal behind?

CPDoS HMC (Nguyen et al., 2019), and what parsers are known to disagree about.
"""

from __future__ import annotations

from typing import Final

from tests.poison.case import COMMENTS, LIST, MISSING, TAG, Case, in_pieces, raw, sent

_CONTROLS: Final = [character for character in range(0x20) if character not in b"\r\n"] + [
    0x7F,
    0x80,
    0x85,
    0xA0,
    0xFF,
]
_IN_NAMES: Final = (
    "\0",
    "\t",
    "\x0b",
    " ",
    "(",
    ")",
    "@",
    ",",
    ";",
    "\\",
    '"',
    "/",
    "[",
    "=",
    "{",
    "\x7f",
    "\xe9",
)

CASES: Final[tuple[Case, ...]] = (
    *(sent(f"\\x{code:02x} in a value", f"X-Metachar: a{chr(code)}b") for code in _CONTROLS),
    *(sent(f"{character!r} in a name", f"X-A{character}B: {{evil}}") for character in _IN_NAMES),
    sent("a NUL in a value, of a list", "X-A: \0", victim=LIST),
    sent("a bell in a value, of what is missing", "X-A: \a", victim=MISSING),
    sent("CR alone in a value", "X-A: a\rX-B: {evil}"),
    sent("CR alone ends a line", "X-A: a\rTransfer-Encoding: chunked"),
    sent("LF alone in a value", "X-A: a\nX-B: {evil}"),
    sent("LF alone ends a line", "X-A: a\nHost: {evil}.example"),
    sent("CR CR LF", "X-A: a\r\r\nX-B: {evil}"),
    sent("a value folded", "X-A: a\r\n {evil}"),
    sent("a value folded by a tab", "X-A: a\r\n\t{evil}", victim=TAG),
    sent("Host folded", host="Host:\r\n localhost"),
    sent("a fold before all fields", host=" X-A: {evil}\r\nHost: localhost"),
    sent("a blank before the colon", "X-A : {evil}"),
    sent("a name without a colon", "X-A"),
    sent("a colon without a name", ": {evil}"),
    sent("a field in UTF-8", "X-A: \xc3\xa9\xf0\x9f\x8d\xba"),
    sent("a field in overlong UTF-8", "X-A: \xc0\xae\xe0\x80\xaf"),
    sent("a percent-encoded CRLF", "X-A: %0d%0aSet-Cookie: {evil}=1"),
    sent("a CRLF in Unicode", "X-A: \xe5\x98\x8d\xe5\x98\x8aSet-Cookie: {evil}=1"),
    raw("lines that end in LF", "GET {victim} HTTP/1.1\nHost: localhost\nX-A: {evil}\n\n"),
    raw("lines that end in CR", "GET {victim} HTTP/1.1\rHost: localhost\r\r"),
    raw("two blanks in the first line", "GET  {victim}  HTTP/1.1", "Host: localhost", "", ""),
    raw("a tab in the first line", "GET\t{victim}\tHTTP/1.1", "Host: localhost", "", ""),
    raw("a vertical tab in the first line", "GET {victim}\x0bHTTP/1.1", "Host: localhost", "", ""),
    raw("a blank in the target", "GET {victim} {evil} HTTP/1.1", "Host: localhost", "", ""),
    raw("a blank after the first line", "GET {victim} HTTP/1.1 ", "Host: localhost", "", ""),
    raw("a CR in the target", "GET {victim}\r HTTP/1.1", "Host: localhost", "", ""),
    raw("a NUL in the target", "GET {victim}\0 HTTP/1.1", "Host: localhost", "", ""),
    raw("a NUL before all", "\0GET {victim} HTTP/1.1", "Host: localhost", "", ""),
    raw("eight bits in the target", "GET {victim}\xff HTTP/1.1", "Host: localhost", "", ""),
    raw("no HTTP at all", "{evil}", "", ""),
    raw("the beginning of TLS", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"),
    raw("the preface of HTTP/2", "PRI * HTTP/2.0", "", "SM", "", ""),
    raw("a head that does not end", "GET {victim} HTTP/1.1", "Host: localhost", "X-A: {evil}"),
    raw("a first line that does not end", "GET {victim} HT", victim=LIST),
    raw("a head that does not end, and away", "GET {victim} HTTP/1.1", "Host: localhost", "X-", leaves=True),
    in_pieces(
        "a request in pieces", "GET {vic", "tim} HTTP/1.1\r", "\nHost: loc", "alhost\r\nX-A: 1\r\n\r", "\n"
    ),
    in_pieces(
        "a request in pieces of a target",
        "GET {victim}",
        " HTTP/1.1\r\nHost: localhost\r\n\r\n",
        victim=COMMENTS,
    ),
    in_pieces(
        "a request whose end is slow",
        "GET {victim} HTTP/1.1\r\nHost: localhost\r\n",
        "X-A: {evil}\r\n",
        "\r\n",
    ),
    sent("a request, and away", leaves=True),
    sent("a request for a coding, and away", "Accept-Encoding: br", victim=LIST, leaves=True),
    sent("a request by HEAD, and away", method="HEAD", leaves=True),
    sent("a request with a range, and away", "Range: bytes=0-3", leaves=True),
)
