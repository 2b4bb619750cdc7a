"""Does more than a proxy or an origin takes leave its refusal behind? CPDoS HHO (Nguyen et al., 2019)."""

from __future__ import annotations

from typing import Final

from tests.poison.case import LIST, MISSING, TAG, Case, sent

_KB: Final = 1024

CASES: Final[tuple[Case, ...]] = (
    *(
        sent(f"a field of {size} kB", f"X-Oversize: {'x' * size * _KB}")
        for size in (3, 4, 7, 8, 12, 16, 24, 32, 64, 100)
    ),
    *(
        sent(f"a list, and a field of {size} kB", f"X-Oversize: {'x' * size * _KB}", victim=LIST)
        for size in (4, 8, 16, 64)
    ),
    *(sent(f"a cookie of {size} kB", f"Cookie: a={'x' * size * _KB}") for size in (4, 8, 16, 64)),
    *(
        sent(f"{count} fields", *[f"X-{n}: {n}" for n in range(count)])
        for count in (30, 60, 90, 110, 150, 300, 1000)
    ),
    *(
        sent(f"{count} fields of 1 kB", *[f"X-{n}: {'x' * _KB}" for n in range(count)])
        for count in (4, 8, 16, 30, 64)
    ),
    *(sent(f"a field's name of {size} kB", f"{'x' * size * _KB}: 1") for size in (1, 4, 8, 16)),
    *(sent(f"an empty field, {count} times", *["X-A:"] * count) for count in (50, 101, 500)),
    sent("a Referer of 8 kB", f"Referer: http://localhost/{'x' * 8 * _KB}", victim=TAG),
    sent("an Authorization of 8 kB", f"Authorization: Token {'x' * 8 * _KB}"),
    sent("a User-Agent of 16 kB", f"User-Agent: {'x' * 16 * _KB}", victim=MISSING),
    sent("an If-None-Match of 8 kB", f'If-None-Match: "{"x" * 8 * _KB}"'),
    sent("an X-Forwarded-For of 8 kB", f"X-Forwarded-For: {'x' * 8 * _KB}"),
    sent("blanks of 8 kB before a value", f"X-A:{' ' * 8 * _KB}x"),
    sent("a field of 8 kB by HEAD", f"X-Oversize: {'x' * 8 * _KB}", method="HEAD"),
)
