"""How does an author look, by itself and where something is by it?"""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from api.routes import AUTHOR_DETAIL
from api.serializers.reading import URL, Shown, integer, moment, text
from querysets import projections


class AuthorReference(serializers.Serializer[Any]):
    """An author as something mentions it that is by it."""

    id = integer()
    slug = text()
    name = text()
    url = URL(AUTHOR_DETAIL)
    source_url = text("The profile this name links to; empty if there is none.")


class AuthorItem(Shown):
    """An author, in a list and by itself."""

    projection = projections.AUTHOR

    id = integer()
    url = URL(AUTHOR_DETAIL)
    slug = text()
    name = text()
    source_url = text("The profile this name links to; empty if there is none.")
    post_count = integer("How many public posts are by this author.")
    created_at = moment()
