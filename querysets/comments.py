"""What does each endpoint fetch of comments?"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any, Final, Self

from querysets.keyset import Order
from querysets.projections import COMMENT
from querysets.resources import ResourceQuerySet

ORDERS: Final[Mapping[str, Order]] = {
    "created_at": Order("created_at", datetime),
    "-created_at": Order("created_at", datetime, descending=True),
}


class CommentQuerySet(ResourceQuerySet):
    """Comments, as the endpoints need them."""

    def listed(self) -> Self:
        """Return the comments that were not deleted; whether their post is public is another question."""
        return self.filter(listed=1)

    def published(self, now: datetime) -> Self:
        """Return what the public may see at `now`: listed comments on public posts."""
        return self.listed().filter(post__listed=1, post__published_at__lte=now)

    def on_post(self, post: Any) -> Self:
        """Return the comments on a post, given as a row or a primary key."""
        return self.filter(post=post)

    def optimized_for_list(
        self, fields: Collection[str] | None = None, *, order: Order | None = None
    ) -> Self:
        """Fetch what a list shows of each comment, and its position in `order`."""
        return self._fetching(COMMENT, fields, order)

    def optimized_for_detail(self, fields: Collection[str] | None = None) -> Self:
        """Fetch what a comment's own page shows."""
        return self._fetching(COMMENT, fields, None)
