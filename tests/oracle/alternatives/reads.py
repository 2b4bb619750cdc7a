"""Plain DRF views of the public reads, as a tutorial would write them: what the ORM's caches see.

The service's own views ask for what is public at this very moment, so no two of their queries
are the same, and a cache of queries would never hit.
"""

from __future__ import annotations

from typing import Any

from django.db.models import Q, QuerySet
from django.shortcuts import get_object_or_404
from rest_framework import generics, pagination, serializers

from api.models import Author, Comment, Post


class AuthorName(serializers.ModelSerializer[Author]):
    class Meta:
        model = Author
        fields = ("id", "slug", "name")


class PostItem(serializers.ModelSerializer[Post]):
    author = AuthorName(read_only=True)

    class Meta:
        model = Post
        fields = ("id", "slug", "title", "excerpt", "author", "score", "like_count", "comment_count")


class WholePost(PostItem):
    class Meta(PostItem.Meta):
        fields = (*PostItem.Meta.fields, "body")


class CommentItem(serializers.ModelSerializer[Comment]):
    class Meta:
        model = Comment
        fields = ("id", "post", "body", "created_at")


class Page(pagination.LimitOffsetPagination):
    default_limit = 20


def published() -> QuerySet[Post]:
    return Post.objects.filter(status="published", deleted_at=None).select_related("author")


class Posts(generics.ListAPIView[Post]):
    serializer_class = PostItem
    pagination_class = Page

    def get_queryset(self) -> QuerySet[Post]:
        asked = self.request.query_params
        posts = published().order_by("-published_at", "-id")
        for name, column in (("author", "author"), ("category", "category"), ("tag", "tags")):
            if name in asked:
                posts = posts.filter(**{column: asked[name]})
        return posts.filter(text__icontains=asked["search"]) if "search" in asked else posts


class OnePost(generics.RetrieveAPIView[Post]):
    serializer_class = WholePost

    def get_object(self) -> Any:
        reference = self.kwargs["reference"]
        wanted = Q(pk=reference) if reference.isdigit() else Q(slug=reference)
        return get_object_or_404(published(), wanted)


class Comments(generics.ListAPIView[Comment]):
    serializer_class = CommentItem
    pagination_class = Page

    def get_queryset(self) -> QuerySet[Comment]:
        order = "-" if self.request.query_params.get("ordering", "").startswith("-") else ""
        comments = Comment.objects.filter(post=self.kwargs["id"], deleted_at=None)
        return comments.order_by(f"{order}created_at", f"{order}id")


class OneComment(generics.RetrieveAPIView[Comment]):
    serializer_class = CommentItem
    lookup_url_kwarg = "id"
    queryset = Comment.objects.filter(deleted_at=None)


VIEWS = {
    "post-list": Posts.as_view(),
    "post-detail": OnePost.as_view(),
    "post-comments": Comments.as_view(),
    "comment-detail": OneComment.as_view(),
}
