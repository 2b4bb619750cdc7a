"""Which URLs are the rungs asked for? Pages of the list of posts, and posts, each a public one.

Page 1 has a clock in its query and ages by seconds, so that caches of rows would never hit: it is
left out, to their advantage. Cursors are made here with the service's own code, since walking
there would take ten thousand requests; Django has to be set up.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils import timezone

from api import cursors
from api.models import Post
from api.params import DEFAULT_LIMIT
from api.routes import POST_DETAIL, POST_LIST, list_context, url_of
from caching.routes import cache_key

NAIVE_LIST = POST_LIST.template
NUMBERED_LIST = "/numbered/"
_FOR_WARMING = 10  # One of so many URLs, from the other end than where measuring begins.


@dataclass(frozen=True, slots=True)
class Paths:
    """The same things under the names that each kind of rung knows them by; `warm` is never measured."""

    pages: Sequence[str]
    numbers: Sequence[int]
    warm_pages: Sequence[str]
    details: Sequence[str]
    warm_details: Sequence[str]

    def numbered(self, path: str) -> list[str]:
        """Return the pages as a list in numbered pages knows them."""
        return [f"{path}?page={number}" for number in self.numbers]


def paths() -> Paths:
    """Return what there is to ask for."""
    public = Post.objects.filter(listed=1, published_at__lte=timezone.now())
    newest_first = list(public.order_by("-published_at", "-id").values_list("published_at", "id"))
    context = list_context(POST_LIST.template, {})
    # The last row of each page is where the next one begins; the last page may be short.
    ends = newest_first[DEFAULT_LIMIT - 1 : -DEFAULT_LIMIT : DEFAULT_LIMIT]
    pages = []
    for number, position in enumerate(ends, start=2):
        cursor = cursors.encode(cursors.Cursor(number, forward=True, position=position), context)
        pages.append(cache_key(POST_LIST.template, {"cursor": cursor}).decode("ascii"))
    # From the oldest on, so that a walk over both shows hardly any post twice.
    details = [url_of(POST_DETAIL, primary_key) for _, primary_key in reversed(newest_first)]
    warm_pages, warm_details = len(pages) // _FOR_WARMING, len(details) // _FOR_WARMING
    if not warm_pages:
        raise RuntimeError(f"need more posts than {len(newest_first)}")
    return Paths(
        pages=pages[:-warm_pages],
        numbers=range(2, len(pages) - warm_pages + 2),
        warm_pages=pages[-warm_pages:],
        details=details[:-warm_details],
        warm_details=details[-warm_details:],
    )
