"""How are authors, categories and tags edited?"""

# ruff: noqa: ARG002 - the signatures are those of Django's hooks.

from __future__ import annotations

from django.contrib import admin
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest

from api.admin.editing import ContentAdmin, SluggedForm
from api.counters import reconcile_rows
from api.models import Author, Category, Like, Post, Tag


@admin.register(Author)
class AuthorAdmin(ContentAdmin):
    """Authors; a user who is attached may write in the author's name."""

    form = SluggedForm
    list_display = ("name", "slug", "user", "post_count")
    list_select_related = ("user",)
    search_fields = ("name", "=slug")
    raw_id_fields = ("user",)
    readonly_fields = ("post_count", "created_at", "updated_at")

    def delete_model(self, request: HttpRequest, obj: Author) -> None:
        """Delete the author, and take the likes out of the posts' counters."""
        self.delete_queryset(request, Author.objects.filter(pk=obj.pk))

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Author]) -> None:
        """Delete authors, and take their likes out of the posts' counters."""
        with transaction.atomic():
            liked = list(
                Like.objects.filter(author__in=queryset.values("pk")).values_list("post_id", flat=True)
            )
            queryset.delete()
            reconcile_rows(Post, liked)


@admin.register(Category, Tag)
class ShelfAdmin(ContentAdmin):
    """Categories and tags."""

    form = SluggedForm
    list_display = ("name", "slug", "post_count")
    search_fields = ("name", "=slug")
    readonly_fields = ("post_count", "created_at", "updated_at")
