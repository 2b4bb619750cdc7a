"""How does a tag look, by itself and on a post that carries it?"""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from api.routes import TAG_DETAIL
from api.serializers.reading import URL, Shown, integer, text
from querysets import projections


class TagReference(serializers.Serializer[Any]):
    """A tag as a post that carries it mentions it."""

    id = integer()
    slug = text()
    name = text()
    url = URL(TAG_DETAIL)


class TagItem(Shown):
    """A tag, in a list and by itself."""

    projection = projections.TAG

    id = integer()
    url = URL(TAG_DETAIL)
    slug = text()
    name = text()
    post_count = integer("How many public posts carry this tag.")
