"""Can a client speak to the edge as the origin does, or purge what others read?"""

from __future__ import annotations

from typing import Final

from tests.poison.case import LIST, MISSING, Case, raw, sent

_LABELS: Final = ("Surrogate-Key", "Cache-Tag", "xkey", "Cache-Groups", "Edge-Cache-Tag", "X-Cache-Tags")

CASES: Final[tuple[Case, ...]] = (
    *(sent(f"{name} from a client", f"{name}: all {{evil}}") for name in _LABELS),
    sent("Surrogate-Control", 'Surrogate-Control: max-age=31536000, content="ESI/1.0"'),
    sent(
        "CDN-Cache-Control", "CDN-Cache-Control: max-age=31536000", "Cloudflare-CDN-Cache-Control: max-age=9"
    ),
    sent("Surrogate-Capability", 'Surrogate-Capability: {evil}="Surrogate/1.0 ESI/1.0"'),
    sent("Surrogate-Capability, of a list", 'Surrogate-Capability: a="ESI/1.0"', victim=LIST),
    sent("Cache-Group-Invalidation", 'Cache-Group-Invalidation: "all"'),
    sent("Clear-Site-Data", 'Clear-Site-Data: "cache"'),
    sent("Fastly-FF", "Fastly-FF: {evil}!cache-{evil}", "Fastly-Debug: 1"),
    sent(
        "Fastly-Client-IP and Fastly-SSL", "Fastly-Client-IP: {evil}", "Fastly-SSL: 1", "Fastly-Host: {evil}"
    ),
    sent("Fastly-Soft-Purge", "Fastly-Soft-Purge: 1"),
    sent("X-Fastly-Imageopto-Api", "X-Fastly-Imageopto-Api: {evil}"),
    sent("CF-IPCountry and CF-Ray", "CF-IPCountry: XX", "CF-Ray: {evil}", "CF-Worker: {evil}"),
    sent("Akamai's", "Akamai-Origin-Hop: 9", "X-Akamai-Edgescape: {evil}", "Akamai-X-Get-Cache-Key: 1"),
    sent(
        "CloudFront's",
        "CloudFront-Viewer-Country: {evil}",
        "X-Amz-Cf-Id: {evil}",
        "X-Amz-Website-Redirect-Location: /",
    ),
    sent("X-Accel-Redirect", "X-Accel-Redirect: {other}"),
    sent("X-Accel-Expires", "X-Accel-Expires: 31536000", "X-Accel-Buffering: no"),
    sent("X-Accel-Charset and X-Accel-Limit-Rate", "X-Accel-Charset: utf-7", "X-Accel-Limit-Rate: 1"),
    sent("X-Sendfile", "X-Sendfile: /etc/passwd", "X-Lighttpd-Send-File: /etc/passwd"),
    sent("X-Reproxy-URL", "X-Reproxy-URL: {other}"),
    sent("X-Varnish", "X-Varnish: 1 2", "X-Cache: HIT"),
    sent("Cache-Status", "Cache-Status: {evil}; hit; ttl=31536000"),
    sent("X-Url and X-Cache-Key", "X-Url: {other}", "X-Cache-Key: {other}", "X-Cache-Hash: {evil}"),
    sent("X-Purge and X-Ban", "X-Purge: .*", "X-Ban: .*", "X-Purge-Regex: .*", "X-Refresh: 1"),
    sent("xkey-purge on a GET", "xkey-purge: all"),
    sent("xkey-softpurge on a GET", "xkey-softpurge: all"),
    sent("X-Nginx-Cache-Purge", "X-Cache-Purge: 1", "X-No-Cache: 1", "Secret-Header: 1", "X-Bypass: 1"),
    sent("PURGE", method="PURGE", is_refused=True),
    sent("PURGE of a list", method="PURGE", is_refused=True, victim=LIST),
    sent("PURGE by key", "xkey-purge: all any", method="PURGE", is_refused=True, target="/"),
    sent("PURGE by key, softly", "xkey-softpurge: all any", method="PURGE", is_refused=True, target="/"),
    sent(
        "PURGE with another's token",
        "Authorization: Bearer {evil}",
        "xkey-purge: all",
        method="PURGE",
        is_refused=True,
        target="/",
    ),
    sent(
        "PURGE with an empty token",
        "Authorization: Bearer ",
        "xkey-purge: all",
        method="PURGE",
        is_refused=True,
        target="/",
    ),
    sent(
        "PURGE that says it comes from inside",
        "X-Forwarded-For: 127.0.0.1",
        "X-Real-IP: 127.0.0.1",
        "xkey-purge: all",
        method="PURGE",
        is_refused=True,
        target="/",
    ),
    sent("PURGE of what is missing", method="PURGE", is_refused=True, victim=MISSING),
    sent("PURGE by a key in the URL", method="PURGE", is_refused=True, target="/purge/all"),
    sent("PURGEALL and PURGEKEYS", "Surrogate-Key: all", method="PURGEKEYS", is_refused=True),
    sent("BAN", "X-Ban-Url: .*", "X-Ban-Regex: .*", method="BAN", is_refused=True, target="/"),
    sent("REFRESH", method="REFRESH", is_refused=True),
    sent("FASTLYPURGE", method="FASTLYPURGE", is_refused=True),
    sent("INVALIDATE", "X-Invalidate-Pattern: /", method="INVALIDATE", is_refused=True),
    raw(
        "PURGE after GET on one connection",
        "GET {victim} HTTP/1.1",
        "Host: localhost",
        "",
        "PURGE {victim} HTTP/1.1",
        "Host: localhost",
        "xkey-purge: all",
        "",
        "",
    ),
    sent("cache_object", target="cache_object://localhost/info"),
    sent("the cache manager of Squid", target="/squid-internal-mgr/menu"),
    sent("a digest of Squid", target="/squid-internal-periodic/store_digest"),
)
