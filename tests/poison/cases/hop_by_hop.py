"""Can a client take fields away between a proxy and us, or make the two speak another protocol?

`Connection` names fields that go no further (RFC 9110 §7.6.1): Davison, "Abusing HTTP hop-by-hop request
headers".
"""

from __future__ import annotations

from typing import Final

from tests.poison.case import COMMENTS, LIST, Case, raw, sent

_TAKEN_AWAY: Final = (
    "Host",
    "Accept-Encoding",
    "Authorization",
    "Cookie",
    "X-Forwarded-For",
    "X-Forwarded-Host",
    "X-Forwarded-Proto",
    "X-Real-IP",
    "Via",
    "Content-Length",
    "Transfer-Encoding",
    "If-None-Match",
    "Cache-Control",
    "Age",
    "ETag",
    "Vary",
    "Surrogate-Key",
    "xkey",
    "Surrogate-Capability",
    "X-Varnish",
    "Connection",
)

CASES: Final[tuple[Case, ...]] = (
    *(sent(f"Connection: {name}", f"Connection: {name}") for name in _TAKEN_AWAY),
    sent("Connection: close and more", "Connection: close, Host, Accept-Encoding"),
    sent(
        "Connection: keep-alive and more", "Connection: keep-alive, X-Forwarded-For", "Keep-Alive: timeout=1"
    ),
    sent("Connection, twice", "Connection: close", "Connection: Host", victim=LIST),
    sent("Connection, empty", "Connection:"),
    sent("Connection, malformed", "Connection: \x01, ,;=, {evil}"),
    sent("Connection of a coding that is sent", "Connection: Accept-Encoding", "Accept-Encoding: br"),
    sent(
        "Connection of credentials that are sent", "Connection: Authorization", "Authorization: Token {evil}"
    ),
    sent("Proxy-Connection", "Proxy-Connection: keep-alive, Host"),
    sent("Keep-Alive", "Keep-Alive: timeout=0, max=0"),
    sent("TE", "TE: trailers, deflate;q=0.5"),
    sent("TE that is hop by hop", "TE: trailers", "Connection: TE"),
    sent("Trailer", "Trailer: Host, Content-Length, Set-Cookie"),
    sent("Expect: 100-continue", "Expect: 100-continue"),
    sent("Expect: 100-continue, of a list", "Expect: 100-continue", "Content-Length: 0", victim=LIST),
    sent("Expect of nothing", "Expect: {evil}"),
    raw(
        "Expect: 100-continue, and a body",
        "GET {victim} HTTP/1.1",
        "Host: localhost",
        "Expect: 100-continue",
        "Content-Length: 4",
        "",
        "evil",
    ),
    sent(
        "Upgrade: websocket",
        "Upgrade: websocket",
        "Connection: Upgrade",
        "Sec-WebSocket-Version: 13",
        "Sec-WebSocket-Key: ZXZpbC1ldmlsLWV2aWwtZQ==",
    ),
    sent(
        "Upgrade: websocket of no version",
        "Upgrade: websocket",
        "Connection: Upgrade",
        "Sec-WebSocket-Version: 777",
    ),
    sent("Upgrade: websocket, of a list", "Upgrade: websocket", "Connection: Upgrade", victim=LIST),
    sent(
        "Upgrade: h2c",
        "Upgrade: h2c",
        "Connection: Upgrade, HTTP2-Settings",
        "HTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA",
    ),
    sent("Upgrade: h2c that is not hop by hop", "Upgrade: h2c", "HTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA"),
    sent("Upgrade: TLS", "Upgrade: TLS/1.3", "Connection: Upgrade", victim=COMMENTS),
    sent("Upgrade of nothing", "Upgrade: {evil}", "Connection: Upgrade"),
    sent("Via of ourselves", "Via: 1.1 localhost, 1.1 varnish, 1.1 nginx, 1.1 squid, 1.1 readpath"),
    sent("Via of fifty", f"Via: {', '.join(['1.1 proxy'] * 50)}"),
    sent("Via, malformed", "Via: {evil}\x01,;="),
    sent("CDN-Loop", "CDN-Loop: readpath, Fastly, cloudflare; subreqs=100"),
    sent("Max-Forwards: 0", "Max-Forwards: 0"),
)
