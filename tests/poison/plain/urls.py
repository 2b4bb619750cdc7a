"""Posts, their comments, tags and drafts: the views that the suite attacks."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.urls import path
from django.utils.decorators import method_decorator
from django.views.decorators.cache import cache_control, cache_page
from rest_framework import generics, permissions, serializers

from api.models import Comment, Post, Tag

_SECONDS = 60
_cached = [cache_control(public=True, max_age=_SECONDS), cache_page(_SECONDS)]


class _PostSerializer(serializers.HyperlinkedModelSerializer):
    url = serializers.HyperlinkedIdentityField(view_name="post")

    class Meta:
        model = Post
        fields = ("url", "id", "slug", "title", "excerpt", "body", "score", "published_at")


class _CommentSerializer(serializers.ModelSerializer):
    class Meta:
        model = Comment
        fields = ("id", "body")


class _TagSerializer(serializers.HyperlinkedModelSerializer):
    url = serializers.HyperlinkedIdentityField(view_name="tag", lookup_field="slug")

    class Meta:
        model = Tag
        fields = ("url", "id", "slug", "name")


@method_decorator(_cached, name="dispatch")
class Posts(generics.ListAPIView):
    """The public posts, newest first."""

    serializer_class = _PostSerializer

    def get_queryset(self) -> Any:
        """Return those of one author, if one is named."""
        posts = Post.objects.filter(status="published").order_by("-published_at", "-id")
        author = self.request.query_params.get("author", "")
        return posts.filter(author_id=author) if author.isdecimal() else posts


@method_decorator(_cached, name="dispatch")
class PostDetail(generics.RetrieveAPIView):
    """One public post."""

    serializer_class = _PostSerializer
    queryset = Post.objects.filter(status="published")


@method_decorator(_cached, name="dispatch")
class PostComments(generics.ListAPIView):
    """The comments on a post."""

    serializer_class = _CommentSerializer

    def get_queryset(self) -> Any:
        """Return them in their order."""
        return Comment.objects.filter(post_id=self.kwargs["pk"]).order_by("id")


@method_decorator(_cached, name="dispatch")
class TagDetail(generics.RetrieveAPIView):
    """One tag."""

    serializer_class = _TagSerializer
    queryset = Tag.objects.all()
    lookup_field = "slug"


class Drafts(generics.ListAPIView):
    """What only its author may see."""

    serializer_class = _PostSerializer
    permission_classes = (permissions.IsAuthenticated,)

    def get_queryset(self) -> Any:
        """Return the drafts of whoever asks."""
        return Post.objects.filter(status="draft", author__user=self.request.user).order_by("id")


class DraftDetail(generics.RetrieveAPIView):
    """One draft."""

    serializer_class = _PostSerializer
    permission_classes = (permissions.IsAuthenticated,)

    def get_queryset(self) -> Any:
        """Return the drafts of whoever asks."""
        return Post.objects.filter(status="draft", author__user=self.request.user)


def _live(request: HttpRequest) -> HttpResponse:
    del request
    return HttpResponse("{}")


urlpatterns = [
    path("api/v1/posts/", Posts.as_view()),
    path("api/v1/posts/<int:pk>/", PostDetail.as_view(), name="post"),
    path("api/v1/posts/<int:pk>/comments/", PostComments.as_view()),
    path("api/v1/tags/<slug:slug>/", TagDetail.as_view(), name="tag"),
    path("api/v1/drafts/", Drafts.as_view()),
    path("api/v1/drafts/<int:pk>/", DraftDetail.as_view()),
    path("healthz/live", _live),
]
