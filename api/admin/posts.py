"""How are posts edited, published, archived, deleted and brought back?"""

# ruff: noqa: ARG002, FBT001 - the signatures are those of Django's hooks.

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import admin, messages
from django.db import transaction
from django.db.models import Model, Q, QuerySet
from django.http import HttpRequest
from django.utils import timezone

from api.admin.editing import ContentAdmin, SluggedForm
from api.authoring import archive, delete_post, post_to_change, publish
from api.content.html import excerpt_of, plain_text, sanitise
from api.counting import counted
from api.models import Post, PostTag

if TYPE_CHECKING:
    AnyInline = admin.TabularInline[Any, Any]
else:
    AnyInline = admin.TabularInline


class PostForm(SluggedForm):
    """A post, as an editor changes it."""

    excerpt = forms.CharField(
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="Left empty: the body's beginning.",
    )

    def clean_body(self) -> str:
        """Keep what may be shown."""
        return sanitise(self.cleaned_data["body"])

    def clean(self) -> dict[str, Any]:
        """Derive the excerpt, and the moment of publication, where they were left open."""
        cleaned = super().clean()
        was_derived = self.instance.excerpt == excerpt_of(self.instance.text)
        is_untouched = cleaned.get("excerpt") == self.instance.excerpt
        if "body" in cleaned and (not cleaned.get("excerpt") or (was_derived and is_untouched)):
            cleaned["excerpt"] = excerpt_of(plain_text(cleaned["body"]))
        if cleaned.get("status") == Post.Status.PUBLISHED and not cleaned.get("published_at"):
            cleaned["published_at"] = timezone.now()
        return cleaned


class TagsOfPost(AnyInline):
    """The tags that a post carries."""

    model = PostTag
    fields = ("tag",)
    autocomplete_fields = ("tag",)
    extra = 0


@admin.register(Post)
class PostAdmin(ContentAdmin):
    """Posts, whatever their state."""

    form = PostForm
    inlines = (TagsOfPost,)
    list_display = (
        "title",
        "status",
        "author",
        "category",
        "published_at",
        "score",
        "view_count",
        "deleted_at",
    )
    list_filter = ("status", ("deleted_at", admin.EmptyFieldListFilter), "category")
    list_select_related = ("author", "category")
    search_fields = ("title", "=slug")
    search_help_text = "Part of a title, or a slug."
    autocomplete_fields = ("author", "category")
    readonly_fields = (
        "created_at",
        "updated_at",
        "deleted_at",
        "like_count",
        "comment_count",
    )
    actions = ("publish_selected", "archive_selected", "delete_softly", "restore")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Post]:
        """Leave the long columns of a list where they are."""
        rows: QuerySet[Post] = super().get_queryset(request)
        is_form = request.resolver_match is not None and "object_id" in request.resolver_match.kwargs
        return rows if is_form else rows.defer("body", "text", "excerpt")

    def view_on_site(self, obj: Post) -> str:
        """Link to what the public gets."""
        return obj.get_absolute_url()

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Refuse to delete rows for good: comments and old links would go with them."""
        return False

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """Save the post, and begin to count: its tags are saved later, by `save_related`."""
        list(Post.objects.select_for_update(no_key=True).filter(pk=obj.pk).values_list("pk"))
        form.counting = counted(obj)
        form.counting.__enter__()
        obj.text = plain_text(obj.body)
        super().save_model(request, obj, form, change)

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        """Save the tags. Should that fail, the transaction takes back what was not counted."""
        super().save_related(request, form, formsets, change)
        form.counting.__exit__(None, None, None)

    @admin.action(description="Publish", permissions=["change"])
    def publish_selected(self, request: HttpRequest, queryset: QuerySet[Post]) -> None:
        """Let the public see the posts; a moment of publication that has passed stays."""
        self._each(request, queryset, lambda post: publish(post, None, now=timezone.now()))

    @admin.action(description="Archive", permissions=["change"])
    def archive_selected(self, request: HttpRequest, queryset: QuerySet[Post]) -> None:
        """Take the posts out of public sight."""
        self._each(request, queryset, archive)

    @admin.action(description="Delete (can be restored)", permissions=["change"])
    def delete_softly(self, request: HttpRequest, queryset: QuerySet[Post]) -> None:
        """Delete the posts, but keep their rows."""
        self._each(request, queryset, lambda post: delete_post(post, now=timezone.now()))

    @admin.action(description="Restore", permissions=["change"])
    def restore(self, request: HttpRequest, queryset: QuerySet[Post]) -> None:
        """Bring deleted posts back."""
        for key in queryset.filter(deleted_at__isnull=False).order_by("pk").values_list("pk", flat=True):
            with transaction.atomic():
                post = Post.objects.select_for_update(no_key=True).get(pk=key)
                with counted(post):
                    post.deleted_at = None
                    post.save(update_fields={"deleted_at"})
        self.message_user(request, "Restored.", messages.SUCCESS)

    def _each(self, request: HttpRequest, queryset: QuerySet[Post], act: Callable[[Post], None]) -> None:
        """Act on each post that is not deleted, one transaction at a time, under its lock."""
        number = 0
        for key in queryset.order_by("pk").values_list("pk", flat=True):
            with transaction.atomic():
                post = post_to_change(Q(pk=key))
                if post is not None:
                    act(post)
                    number += 1
        self.message_user(request, f"Done for {number} posts.", messages.SUCCESS)
