"""Can a condition that holds or fails leave a 304 or a 412 where the answer belongs?"""

from __future__ import annotations

from typing import Final

from tests.poison.case import LIST, MISSING, Case, one_by_one, sent

_LONG_AGO: Final = "Mon, 01 Jan 1990 00:00:00 GMT"
_FAR_AHEAD: Final = "Fri, 31 Dec 2999 23:59:59 GMT"

CASES: Final[tuple[Case, ...]] = (
    sent("If-None-Match: *", "If-None-Match: *"),
    sent("If-None-Match: *, of a list", "If-None-Match: *", victim=LIST),
    sent("If-None-Match: *, of what is missing", "If-None-Match: *", victim=MISSING),
    sent("If-None-Match: *, in a coding", "If-None-Match: *", "Accept-Encoding: gzip"),
    sent("If-None-Match: *, by HEAD", "If-None-Match: *", method="HEAD"),
    sent("If-None-Match that is unknown", 'If-None-Match: "{evil}"'),
    sent("If-None-Match that is unknown and weak", 'If-None-Match: W/"{evil}"'),
    sent("If-None-Match, malformed", "If-None-Match: {evil}"),
    sent("If-None-Match, empty", "If-None-Match:"),
    sent("If-None-Match, cut", 'If-None-Match: "{evil}'),
    sent("If-None-Match of a thousand", f"If-None-Match: {', '.join([f'{n}' for n in range(1000)])}"),
    sent("If-None-Match, twice", 'If-None-Match: "a"', "If-None-Match: *"),
    sent("If-None-Match: *, not to be stored", "If-None-Match: *", "Cache-Control: no-cache"),
    sent("If-None-Match: *, by Pragma", "If-None-Match: *", "Pragma: no-cache"),
    sent("If-Match that is unknown", 'If-Match: "{evil}"'),
    sent("If-Match that is unknown, of a list", 'If-Match: "{evil}"', victim=LIST),
    sent("If-Match that is unknown, of what is missing", 'If-Match: "{evil}"', victim=MISSING),
    sent("If-Match, weak", 'If-Match: W/"{evil}"'),
    sent("If-Match: *", "If-Match: *"),
    sent("If-Match, malformed", "If-Match: {evil}"),
    sent("If-Match, empty", "If-Match:"),
    sent("If-Match, not to be stored", 'If-Match: "{evil}"', "Cache-Control: no-cache"),
    sent("If-Match by HEAD", 'If-Match: "{evil}"', method="HEAD"),
    sent("If-Modified-Since far ahead", f"If-Modified-Since: {_FAR_AHEAD}"),
    sent("If-Modified-Since far ahead, of a list", f"If-Modified-Since: {_FAR_AHEAD}", victim=LIST),
    sent(
        "If-Modified-Since far ahead, of what is missing", f"If-Modified-Since: {_FAR_AHEAD}", victim=MISSING
    ),
    sent(
        "If-Modified-Since far ahead, in a coding", f"If-Modified-Since: {_FAR_AHEAD}", "Accept-Encoding: br"
    ),
    sent("If-Modified-Since long ago", f"If-Modified-Since: {_LONG_AGO}"),
    sent("If-Modified-Since, malformed", "If-Modified-Since: {evil}"),
    sent("If-Modified-Since of RFC 850", "If-Modified-Since: Friday, 31-Dec-99 23:59:59 GMT"),
    sent("If-Modified-Since with a length", f"If-Modified-Since: {_FAR_AHEAD}; length=1"),
    sent("If-Unmodified-Since long ago", f"If-Unmodified-Since: {_LONG_AGO}"),
    sent("If-Unmodified-Since long ago, of a list", f"If-Unmodified-Since: {_LONG_AGO}", victim=LIST),
    sent("If-Unmodified-Since, malformed", "If-Unmodified-Since: {evil}"),
    sent(
        "all of them",
        'If-Match: "a"',
        "If-None-Match: *",
        f"If-Modified-Since: {_FAR_AHEAD}",
        f"If-Unmodified-Since: {_LONG_AGO}",
    ),
    one_by_one(
        "304 twice, then 412",
        sent("", "If-None-Match: *"),
        sent("", f"If-Modified-Since: {_FAR_AHEAD}"),
        sent("", 'If-Match: "{evil}"'),
        victim=LIST,
    ),
)
