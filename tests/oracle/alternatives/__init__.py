"""What do others promise? The same data and models behind plain DRF views, cached as they recommend.

    cache_page   Django's own: each public view's answer for a minute, in Redis
    cachalot     django-cachalot: the rows of every query, until somebody writes to the table
    cacheops     django-cacheops: the same, until somebody writes to a row that the query is about

Each worker is one of gunicorn's threads, as one would serve Django; there is no front, and nobody
looks at the outbox. `python -m tests.oracle --target cachalot` puts one to the same test.
"""

from __future__ import annotations

TARGETS = ("uncached", "cache_page", "cachalot", "cacheops")
APPLICATION = "--worker-class gthread --threads 8 --keep-alive 75 django.core.wsgi:get_wsgi_application()"


def environment(target: str) -> dict[str, str]:
    """Return how a fleet is told to be one of the alternatives."""
    return {"DJANGO_SETTINGS_MODULE": "tests.oracle.alternatives.settings", "ORACLE_TARGET": target}
