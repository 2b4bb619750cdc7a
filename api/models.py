"""What do we publish? Posts with authors, categories, tags, threaded comments and likes.

Three kinds of column need a word:

* *Listed*: `listed` is 1 exactly for rows that the public may see (a post also has to be
  due, see `published_at`). The database computes it, so no writer can forget it. It is an
  integer because Django renders a boolean condition without a comparison, and SQLite
  finds no index for that.
* *Counters* (`post_count`, `like_count`, ...) are kept by whoever writes, and put right by
  `manage.py reconcile_counters`.
* *Copies* on `PostTag` are kept by the database (`api/derived.py`), so that a tag's posts are
  a range of one index in each order that we offer.

An index is named after the query it serves.
"""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Case, GeneratedField, Q, SmallIntegerField, Value, When
from django.urls import reverse
from django.utils import timezone
from seal.models import SealableModel

from querysets.authors import AuthorQuerySet
from querysets.categories import CategoryQuerySet
from querysets.comments import CommentQuerySet
from querysets.moments import StatementMoment
from querysets.posts import PostQuerySet
from querysets.reading import ReportsReads
from querysets.tags import TagQuerySet

SLUG_LENGTH = 80


class Timestamped(models.Model):
    """When was the row made, and when was it last changed?"""

    created_at = models.DateTimeField(default=timezone.now, db_default=StatementMoment(), editable=False)
    updated_at = models.DateTimeField(default=timezone.now, db_default=StatementMoment(), editable=False)

    class Meta:
        abstract = True

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Save, and say that the row has changed if it was there before.

        Not `auto_now`: an import sets the moment at which the original was edited.
        """
        if not self._state.adding:
            self.updated_at = timezone.now()
            if kwargs.get("update_fields") is not None:
                kwargs["update_fields"] = {*kwargs["update_fields"], "updated_at"}
        super().save(*args, **kwargs)


class SoftDeletable(models.Model):
    """A row that is kept when it is deleted: gone for the public from `deleted_at` on."""

    deleted_at = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        abstract = True


class Attributed(models.Model):
    """Content that may come from elsewhere, and then names its origin and licence."""

    source_url = models.URLField(max_length=300, blank=True, default="")
    licence = models.CharField(max_length=40, blank=True, default="")

    class Meta:
        abstract = True


class Author(ReportsReads, SealableModel, Timestamped):
    """Somebody who wrote something; may edit it if a user is attached."""

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="author",
    )
    name = models.CharField(max_length=100)
    slug = models.SlugField(max_length=SLUG_LENGTH, unique=True)
    source_url = models.URLField(
        max_length=300, blank=True, default="", help_text="The profile this name links to."
    )
    post_count = models.PositiveIntegerField(default=0, editable=False)

    objects = AuthorQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["name", "id"], name="authors_by_name"),
            models.Index(fields=["post_count", "id"], name="authors_by_posts"),
        ]

    def __str__(self) -> str:
        return self.name


class Category(ReportsReads, SealableModel, Timestamped):
    """The one shelf a post stands on: for imported content, the site it came from."""

    name = models.CharField(max_length=100)
    slug = models.SlugField(max_length=SLUG_LENGTH, unique=True)
    description = models.TextField(blank=True, default="")
    source_url = models.URLField(max_length=300, blank=True, default="")
    post_count = models.PositiveIntegerField(default=0, editable=False)

    objects = CategoryQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "categories"
        indexes = [
            models.Index(fields=["name", "id"], name="categories_by_name"),
            models.Index(fields=["post_count", "id"], name="categories_by_posts"),
        ]

    def __str__(self) -> str:
        return self.name


class Tag(ReportsReads, SealableModel, Timestamped):
    """A word that posts are found by."""

    name = models.CharField(max_length=60)
    slug = models.SlugField(max_length=SLUG_LENGTH, unique=True)
    post_count = models.PositiveIntegerField(default=0, editable=False)

    objects = TagQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["name", "id"], name="tags_by_name"),
            models.Index(fields=["post_count", "id"], name="tags_by_posts"),
        ]

    def __str__(self) -> str:
        return self.name


class Post(ReportsReads, SealableModel, Timestamped, SoftDeletable, Attributed):
    """What we publish."""

    class Status(models.TextChoices):
        """Where a post stands in its life."""

        DRAFT = "draft"
        PUBLISHED = "published"
        ARCHIVED = "archived"

    author = models.ForeignKey(
        Author, null=True, blank=True, on_delete=models.SET_NULL, related_name="posts", db_index=False
    )
    category = models.ForeignKey(Category, on_delete=models.PROTECT, related_name="posts", db_index=False)
    tags = models.ManyToManyField(Tag, through="PostTag", related_name="posts", blank=True)

    title = models.CharField(max_length=250)
    slug = models.SlugField(max_length=SLUG_LENGTH, unique=True)
    excerpt = models.TextField(blank=True, default="", help_text="Plain text, a sentence or two.")
    body = models.TextField(help_text="HTML, sanitised to a list of elements.")
    text = models.TextField(
        blank=True, default="", editable=False, help_text="The body as plain text: what search reads."
    )

    status = models.CharField(max_length=10, choices=Status.choices, default=Status.DRAFT)
    published_at = models.DateTimeField(
        null=True,
        blank=True,
        help_text="The public sees a published post from this moment on; may lie in the future.",
    )
    listed = GeneratedField(
        expression=Case(
            When(Q(status="published", published_at__isnull=False, deleted_at__isnull=True), then=Value(1)),
            default=Value(0),
        ),
        output_field=SmallIntegerField(),
        db_persist=True,
    )

    score = models.IntegerField(default=0)
    view_count = models.PositiveIntegerField(default=0)
    like_count = models.PositiveIntegerField(default=0, editable=False)
    comment_count = models.PositiveIntegerField(default=0, editable=False)

    objects = PostQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["listed", "published_at", "id"], name="posts_by_date"),
            models.Index(fields=["listed", "score", "id"], name="posts_by_score"),
            models.Index(fields=["listed", "view_count", "id"], name="posts_by_views"),
            models.Index(fields=["author", "listed", "published_at", "id"], name="author_posts_by_date"),
            models.Index(fields=["author", "listed", "score", "id"], name="author_posts_by_score"),
            models.Index(fields=["author", "listed", "view_count", "id"], name="author_posts_by_views"),
            models.Index(fields=["category", "listed", "published_at", "id"], name="category_posts_by_date"),
            models.Index(fields=["category", "listed", "score", "id"], name="category_posts_by_score"),
            models.Index(fields=["category", "listed", "view_count", "id"], name="category_posts_by_views"),
            models.Index(fields=["author", "status", "id"], name="drafts_of_author"),
        ]

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        """Return the post's own URL, relative to the origin."""
        return reverse("post-detail", kwargs={"reference": str(self.pk)})


class PostTag(models.Model):
    """A post carries a tag. The copied columns are the database's to keep."""

    post = models.ForeignKey(Post, on_delete=models.CASCADE, related_name="post_tags")
    tag = models.ForeignKey(Tag, on_delete=models.CASCADE, related_name="post_tags", db_index=False)

    listed = models.SmallIntegerField(db_default=0, editable=False)
    published_at = models.DateTimeField(null=True, editable=False)
    score = models.IntegerField(db_default=0, editable=False)
    view_count = models.PositiveIntegerField(db_default=0, editable=False)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["tag", "post"], name="post_carries_tag_once")]
        indexes = [
            models.Index(fields=["tag", "listed", "published_at", "post"], name="tag_posts_by_date"),
            models.Index(fields=["tag", "listed", "score", "post"], name="tag_posts_by_score"),
            models.Index(fields=["tag", "listed", "view_count", "post"], name="tag_posts_by_views"),
        ]

    def __str__(self) -> str:
        return f"post {self.post_id}, tag {self.tag_id}"


class Comment(ReportsReads, SealableModel, Timestamped, SoftDeletable, Attributed):
    """Somebody's answer to a post or to another comment."""

    post = models.ForeignKey(Post, on_delete=models.CASCADE, related_name="comments", db_index=False)
    author = models.ForeignKey(
        Author, null=True, blank=True, on_delete=models.SET_NULL, related_name="comments"
    )
    parent = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.CASCADE, related_name="replies"
    )
    body = models.TextField(help_text="HTML, sanitised to a list of elements.")
    score = models.IntegerField(default=0)
    listed = GeneratedField(
        expression=Case(When(Q(deleted_at__isnull=True), then=Value(1)), default=Value(0)),
        output_field=SmallIntegerField(),
        db_persist=True,
    )

    objects = CommentQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["post", "listed", "created_at", "id"], name="post_comments_by_date"),
        ]

    def __str__(self) -> str:
        return f"comment {self.pk} on post {self.post_id}"


class Like(models.Model):
    """An author likes a post, once."""

    post = models.ForeignKey(Post, on_delete=models.CASCADE, related_name="likes", db_index=False)
    author = models.ForeignKey(Author, on_delete=models.CASCADE, related_name="likes")
    created_at = models.DateTimeField(default=timezone.now, db_default=StatementMoment(), editable=False)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["post", "author"], name="author_likes_post_once")]

    def __str__(self) -> str:
        return f"author {self.author_id} likes post {self.post_id}"
