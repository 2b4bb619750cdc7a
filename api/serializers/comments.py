"""How does a comment look?"""

from __future__ import annotations

from api.routes import COMMENT_DETAIL
from api.serializers.authors import AuthorReference
from api.serializers.reading import URL, Shown, integer, moment, text
from querysets import projections


class CommentItem(Shown):
    """A comment, in a list and by itself."""

    projection = projections.COMMENT

    id = integer()
    url = URL(COMMENT_DETAIL)
    post = integer("The id of the post.", source="post_id")
    parent = integer(  # type: ignore[assignment]  # no relation to the attribute of DRF's own
        "The id of the comment that this one answers.",
        source="parent_id",
        allow_null=True,
    )
    author = AuthorReference(read_only=True, allow_null=True)
    body = text("HTML, sanitised to a list of elements.")
    score = integer()
    created_at = moment()
    updated_at = moment()
    source_url = text("Where imported content came from; else empty.")
    licence = text("The licence of imported content; else empty.")
