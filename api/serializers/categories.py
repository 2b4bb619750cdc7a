"""How does a category look, by itself and where something is in it?"""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from api.routes import CATEGORY_DETAIL
from api.serializers.reading import URL, Shown, integer, text
from querysets import projections


class CategoryReference(serializers.Serializer[Any]):
    """A category as a post in it mentions it."""

    id = integer()
    slug = text()
    name = text()
    url = URL(CATEGORY_DETAIL)


class CategoryItem(Shown):
    """A category, in a list and by itself."""

    projection = projections.CATEGORY

    id = integer()
    url = URL(CATEGORY_DETAIL)
    slug = text()
    name = text()
    description = text()
    post_count = integer("How many public posts are in this category.")
