"""How are tags read?"""

from __future__ import annotations

from api import routes
from api.models import Tag
from api.openapi import describes_detail, describes_list
from api.serializers.tags import TagItem
from api.views.resources import DetailView, DirectoryView


@describes_list(routes.TAG_LIST, TagItem, "List tags", tag="tags")
class TagList(DirectoryView):
    """All tags."""

    route = routes.TAG_LIST
    model = Tag
    collection = "tags"
    serializer_class = TagItem


@describes_detail(routes.TAG_DETAIL, TagItem, "Show a tag", tag="tags")
class TagDetail(DetailView):
    """One tag, by id or slug."""

    route = routes.TAG_DETAIL
    model = Tag
    kind = "tag"
    serializer_class = TagItem
