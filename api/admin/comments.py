"""How are comments put right, taken down and brought back? They are written through the API."""

# ruff: noqa: ARG002 - the signatures are those of Django's hooks.

from __future__ import annotations

from django.contrib import admin, messages
from django.db import transaction
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.utils import timezone

from api.admin.editing import AnyForm, ContentAdmin
from api.content.html import sanitise
from api.counting import add_comments
from api.models import Comment
from api.reactions import comment_to_change, delete_comment


class CommentForm(AnyForm):
    """A comment, as an editor changes it."""

    def clean_body(self) -> str:
        """Keep what may be shown."""
        return sanitise(self.cleaned_data["body"])


@admin.register(Comment)
class CommentAdmin(ContentAdmin):
    """Comments: to be read, put right and taken down. They are written through the API."""

    form = CommentForm
    list_display = ("__str__", "author", "created_at", "score", "deleted_at")
    list_filter = (("deleted_at", admin.EmptyFieldListFilter),)
    list_select_related = ("author",)
    search_fields = ("=post__id", "=id")
    search_help_text = "The id of a post or of a comment."
    readonly_fields = (
        "post",
        "parent",
        "author",
        "created_at",
        "updated_at",
        "deleted_at",
    )
    actions = ("delete_softly", "restore")

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Leave writing to the API."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Refuse to delete rows for good: the answers to a comment would go with it."""
        return False

    @admin.action(description="Delete (can be restored)", permissions=["change"])
    def delete_softly(self, request: HttpRequest, queryset: QuerySet[Comment]) -> None:
        """Delete the comments, but keep their rows."""
        for key in queryset.order_by("pk").values_list("pk", flat=True):
            with transaction.atomic():
                comment = comment_to_change(key)
                if comment is not None:
                    delete_comment(comment, now=timezone.now())
        self.message_user(request, "Deleted.", messages.SUCCESS)

    @admin.action(description="Restore", permissions=["change"])
    def restore(self, request: HttpRequest, queryset: QuerySet[Comment]) -> None:
        """Bring deleted comments back."""
        for key in queryset.order_by("pk").values_list("pk", flat=True):
            with transaction.atomic():
                comment = Comment.objects.select_for_update(no_key=True).get(pk=key)
                if comment.deleted_at is not None:
                    comment.deleted_at = None
                    comment.save(update_fields={"deleted_at"})
                    add_comments(comment.post_id, 1)
        self.message_user(request, "Restored.", messages.SUCCESS)
