"""What may a client write? Bodies of the unsafe methods, checked but not yet carried out.

Creating, replacing (PUT) and changing (PATCH) are serializers apart. A member that is not
declared is refused by name: counters, scores, moments and the origin of imported content
are not for clients to write, and a misspelt member must not be lost in silence.

Nothing here writes; `api.authoring` does.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from rest_framework import serializers

from api.content.html import MOST_CHARACTERS, sanitise
from api.models import Category, Tag
from api.serializers.fields import Moment, Reference, References, RowId, Slug, Text

LONGEST_EXCERPT: Final = 1_000
_MOST_NAMED: Final = 10  # Unknown members that one answer names.
_LONGEST_NAME: Final = 60


class Written(serializers.Serializer[Any]):
    """A body whose members are all declared."""

    def to_internal_value(self, data: Any) -> dict[str, Any]:
        """Return the checked members; raise for the unknown ones first."""
        if isinstance(data, Mapping):
            unknown = sorted(name for name in data if name not in self.fields)
            if unknown:
                known = ", ".join(self.fields) or "none"
                raise serializers.ValidationError(
                    {
                        name[:_LONGEST_NAME]: [f"unknown member; known are: {known}"]
                        for name in unknown[:_MOST_NAMED]
                    },
                )
        return dict(super().to_internal_value(data))


class Nothing(Written):
    """A body that says nothing: none at all, or an empty object."""


class HTMLBody(Text):
    """HTML, sanitised on the way in; something must be left of it."""

    default_error_messages = {
        "empty": "nothing is left of this HTML that may be shown",
        "null": "null characters are not allowed",
    }

    def __init__(self, **options: Any) -> None:
        super().__init__(
            max_length=MOST_CHARACTERS,
            help_text="HTML; what is not on the list of elements is removed.",
            **options,
        )

    def to_internal_value(self, data: Any) -> str:
        """Return what of the HTML may be shown."""
        html = super().to_internal_value(data)
        if "\x00" in html:
            self.fail("null")  # Sanitising would drop it, and with it the hint at a broken client.
        body = sanitise(html).strip()
        if not body:
            self.fail("empty")
        return body


class _PostMembers(Written):
    """The members of a post that do not depend on how it is written."""

    excerpt = Text(
        required=False,
        allow_blank=True,
        max_length=LONGEST_EXCERPT,
        help_text="Plain text. Left out or empty: the body's beginning.",
    )
    tags = References(Tag.objects.all(), required=False)
    slug = Slug(required=False, help_text="Chosen by us from the title if it is left out.")


class PostCreate(_PostMembers):
    """A new post; it begins as a draft."""

    title = Text(max_length=250)
    body = HTMLBody()
    category = Reference(Category.objects.all())


class PostReplace(PostCreate):
    """All of a post: what is left out becomes what it would be in a new one, but the slug is kept."""


class PostChange(_PostMembers):
    """Some of a post: what is left out stays."""

    title = Text(max_length=250, required=False)
    body = HTMLBody(required=False)
    category = Reference(Category.objects.all(), required=False)


class Publication(Written):
    """When the public sees a post."""

    published_at = Moment(
        required=False,
        help_text="May lie in the future. Left out: now, or when it was published before.",
    )


class CommentCreate(Written):
    """A new comment, under the post or under another comment of it."""

    body = HTMLBody()
    parent = RowId(  # type: ignore[assignment]  # no relation to the attribute of DRF's own
        required=False, allow_null=True, help_text="The comment that this one answers, of the same post."
    )


class CommentReplace(Written):
    """All of a comment that may be changed."""

    body = HTMLBody()


class CommentChange(Written):
    """Some of a comment: what is left out stays."""

    body = HTMLBody(required=False)


class LikeState(serializers.Serializer[Any]):
    """Whether the client's author likes a post, and how many do."""

    liked = serializers.BooleanField()
    like_count = serializers.IntegerField(min_value=0)
