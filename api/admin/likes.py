"""How are likes looked at, and taken back?"""

# ruff: noqa: ARG002 - the signatures are those of Django's hooks.

from __future__ import annotations

from django.contrib import admin
from django.db import transaction
from django.db.models import Model, QuerySet
from django.http import HttpRequest

from api.admin.editing import AnyAdmin
from api.counters import reconcile_rows
from api.models import Like, Post


@admin.register(Like)
class LikeAdmin(AnyAdmin):
    """Likes: to be looked at, and to be taken back."""

    list_display = ("post_id", "author", "created_at")
    list_select_related = ("author",)
    search_fields = ("=post__id", "=author__slug")
    search_help_text = "The id of a post, or the slug of an author."
    ordering = ("-pk",)
    sortable_by = ()
    show_full_result_count = False

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Leave liking to the API."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Refuse: a like says nothing that could be put right."""
        return False

    def delete_model(self, request: HttpRequest, obj: Like) -> None:
        """Take back a like, and count it no more."""
        self.delete_queryset(request, Like.objects.filter(pk=obj.pk))

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Like]) -> None:
        """Take back likes, and count them no more."""
        with transaction.atomic():
            posts = list(queryset.values_list("post_id", flat=True))
            queryset.delete()
            reconcile_rows(Post, posts)
