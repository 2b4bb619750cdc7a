"""How does a build read the database itself, whatever rows are kept?

A build is right only if all its rows come from one snapshot that began after the build did. So
cachalot is switched off while one runs, which also spares it cachalot's own time.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.conf import settings


@contextmanager
def bypassed() -> Iterator[None]:
    """Let every query of this thread in the block reach the database."""
    if settings.CACHALOT_CACHE not in settings.CACHES:
        # Without Redis it is not even imported.
        yield
        return
    from cachalot.api import cachalot_disabled  # noqa: PLC0415 - see above.

    disabled = cachalot_disabled()
    disabled.__enter__()
    try:
        yield
    finally:
        # By hand: after an exception it would not switch itself on again.
        disabled.__exit__(None, None, None)
