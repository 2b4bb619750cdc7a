"""How does one write it first? As in DRF's tutorial: a ModelViewSet, nested, numbered pages.

Nothing is joined or fetched beforehand, so each post asks for its author, its category and its
tags by itself, and every page counts all posts.
"""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.urls import include, path
from django.utils import timezone
from rest_framework import serializers, viewsets
from rest_framework.pagination import PageNumberPagination
from rest_framework.routers import SimpleRouter

from api.models import Author, Category, Post, Tag


class AuthorSerializer(serializers.HyperlinkedModelSerializer):
    """An author where a post mentions it."""

    class Meta:
        model = Author
        fields = ("id", "slug", "name", "url", "source_url")


class CategorySerializer(serializers.HyperlinkedModelSerializer):
    """A category where a post mentions it."""

    class Meta:
        model = Category
        fields = ("id", "slug", "name", "url")


class TagSerializer(serializers.HyperlinkedModelSerializer):
    """A tag where a post mentions it."""

    class Meta:
        model = Tag
        fields = ("id", "slug", "name", "url")


class PostSerializer(serializers.HyperlinkedModelSerializer):
    """A post in a list."""

    author = AuthorSerializer()
    category = CategorySerializer()
    tags = serializers.SerializerMethodField()

    class Meta:
        model = Post
        fields = (
            *("id", "url", "slug", "title", "excerpt", "author", "category", "tags", "score", "like_count"),
            *("comment_count", "view_count", "published_at", "updated_at", "source_url", "licence"),
        )

    def get_tags(self, post: Post) -> Any:
        """Return the tags by name, as the API shows them."""
        return TagSerializer(post.tags.order_by("name", "id"), many=True, context=self.context).data


class PostDetailSerializer(PostSerializer):
    """A post by itself."""

    class Meta(PostSerializer.Meta):
        fields = (*PostSerializer.Meta.fields, "body")


class Pages(PageNumberPagination):
    """Pages by number."""

    page_size = 20


class PostViewSet(viewsets.ModelViewSet):
    """The public posts, newest first."""

    pagination_class = Pages

    def get_queryset(self) -> QuerySet[Post]:
        """Return what the public may see."""
        return Post.objects.filter(listed=1, published_at__lte=timezone.now()).order_by(
            "-published_at", "-id"
        )

    def get_serializer_class(self) -> type[PostSerializer]:
        """Return the short or the long form."""
        return PostDetailSerializer if self.action == "retrieve" else PostSerializer


class AuthorViewSet(viewsets.ModelViewSet):
    """The authors; here because posts link to them."""

    queryset = Author.objects.all()
    serializer_class = AuthorSerializer


class CategoryViewSet(viewsets.ModelViewSet):
    """The categories; here because posts link to them."""

    queryset = Category.objects.all()
    serializer_class = CategorySerializer


class TagViewSet(viewsets.ModelViewSet):
    """The tags; here because posts link to them."""

    queryset = Tag.objects.all()
    serializer_class = TagSerializer


_router = SimpleRouter()
_router.register("posts", PostViewSet, "post")
_router.register("authors", AuthorViewSet, "author")
_router.register("categories", CategoryViewSet, "category")
_router.register("tags", TagViewSet, "tag")

urlpatterns = [path("api/v1/", include(_router.urls))]
