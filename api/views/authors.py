"""How are authors read?"""

from __future__ import annotations

from api import routes
from api.models import Author
from api.openapi import describes_detail, describes_list
from api.serializers.authors import AuthorItem
from api.views.resources import DetailView, DirectoryView


@describes_list(routes.AUTHOR_LIST, AuthorItem, "List authors", tag="authors")
class AuthorList(DirectoryView):
    """All authors."""

    route = routes.AUTHOR_LIST
    model = Author
    collection = "authors"
    serializer_class = AuthorItem


@describes_detail(routes.AUTHOR_DETAIL, AuthorItem, "Show an author", tag="authors")
class AuthorDetail(DetailView):
    """One author, by id or slug."""

    route = routes.AUTHOR_DETAIL
    model = Author
    kind = "author"
    serializer_class = AuthorItem
