"""What does each endpoint fetch of tags?"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Final, Self

from querysets.keyset import Order
from querysets.projections import TAG
from querysets.resources import ResourceQuerySet

ORDERS: Final[Mapping[str, Order]] = {
    "name": Order("name", str),
    "-name": Order("name", str, descending=True),
    "-post_count": Order("post_count", descending=True),
    "post_count": Order("post_count"),
}


class TagQuerySet(ResourceQuerySet):
    """Tags, as the endpoints need them."""

    def with_stats(self) -> Self:
        """Annotate with the counter's true value: `posts_counted`, of listed posts."""
        return self._with_counted(posts_counted="posts")

    def optimized_for_list(
        self, fields: Collection[str] | None = None, *, order: Order | None = None
    ) -> Self:
        """Fetch what a list shows of each tag, and its position in `order`."""
        return self._fetching(TAG, fields, order)

    def optimized_for_detail(self, fields: Collection[str] | None = None) -> Self:
        """Fetch what a tag's own page shows."""
        return self._fetching(TAG, fields, None)
