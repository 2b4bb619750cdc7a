"""How does a post look, in a list and by itself?"""

from __future__ import annotations

from api.routes import POST_DETAIL
from api.serializers.authors import AuthorReference
from api.serializers.categories import CategoryReference
from api.serializers.reading import URL, Shown, integer, moment, text
from api.serializers.tags import TagReference
from querysets import projections


class PostItem(Shown):
    """A post in a list."""

    projection = projections.POST_LIST

    id = integer()
    url = URL(POST_DETAIL)
    slug = text()
    title = text()
    excerpt = text("Plain text, a sentence or two.")
    author = AuthorReference(read_only=True, allow_null=True)
    category = CategoryReference(read_only=True)
    tags = TagReference(read_only=True, many=True, help_text="Ordered by name.")
    score = integer()
    like_count = integer()
    comment_count = integer()
    view_count = integer("May be some minutes behind.")
    published_at = moment()
    updated_at = moment()
    source_url = text("Where imported content came from; else empty.")
    licence = text("The licence of imported content; else empty.")


class PostDetail(PostItem):
    """A post by itself."""

    projection = projections.POST_DETAIL

    body = text("HTML, sanitised to a list of elements.")
