"""How do the optimized rungs show a post? As the API does, by declared serializers of ordinary DRF."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers


class _URL(serializers.Field[Any, Any, str, Any]):
    """Where a row is found, relative to the origin."""

    def __init__(self, collection: str) -> None:
        super().__init__(source="pk", read_only=True)
        self._collection = collection

    def to_representation(self, value: int) -> str:
        """Return the URL by primary key."""
        return f"/api/v1/{self._collection}/{value}/"


class AuthorShown(serializers.Serializer[Any]):
    """An author where a post mentions it."""

    id = serializers.IntegerField(read_only=True)
    slug = serializers.CharField(read_only=True)
    name = serializers.CharField(read_only=True)
    url = _URL("authors")
    source_url = serializers.CharField(read_only=True)


class CategoryShown(serializers.Serializer[Any]):
    """A category where a post mentions it."""

    id = serializers.IntegerField(read_only=True)
    slug = serializers.CharField(read_only=True)
    name = serializers.CharField(read_only=True)
    url = _URL("categories")


class TagShown(serializers.Serializer[Any]):
    """A tag where a post mentions it."""

    id = serializers.IntegerField(read_only=True)
    slug = serializers.CharField(read_only=True)
    name = serializers.CharField(read_only=True)
    url = _URL("tags")


class PostShown(serializers.Serializer[Any]):
    """A post in a list."""

    id = serializers.IntegerField(read_only=True)
    url = _URL("posts")
    slug = serializers.CharField(read_only=True)
    title = serializers.CharField(read_only=True)
    excerpt = serializers.CharField(read_only=True)
    author = AuthorShown(read_only=True)
    category = CategoryShown(read_only=True)
    tags = TagShown(read_only=True, many=True)
    score = serializers.IntegerField(read_only=True)
    like_count = serializers.IntegerField(read_only=True)
    comment_count = serializers.IntegerField(read_only=True)
    view_count = serializers.IntegerField(read_only=True)
    published_at = serializers.DateTimeField(read_only=True)
    updated_at = serializers.DateTimeField(read_only=True)
    source_url = serializers.CharField(read_only=True)
    licence = serializers.CharField(read_only=True)


class PostDetailShown(PostShown):
    """A post by itself."""

    body = serializers.CharField(read_only=True)
