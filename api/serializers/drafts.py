"""How does a post look that the public does not see? As it will, and where it stands."""

from __future__ import annotations

from typing import Any, Final

from rest_framework import serializers

from api.serializers.posts import PostDetail, PostItem
from querysets import projections

_STANDINGS: Final = ("draft", "scheduled", "archived")
_STATUS: Final = {"status": ("status", "published_at")}


class _Status(serializers.ChoiceField):
    """Where a post stands; whoever fetched it says so in its `status`."""

    def __init__(self) -> None:
        super().__init__(_STANDINGS, read_only=True, help_text="`scheduled`: published at a moment to come.")


class DraftItem(PostItem):
    """A post that the public does not see, in a list."""

    projection = {**projections.POST_LIST, **_STATUS}

    status = _Status()

    def get_fields(self) -> dict[str, Any]:
        """Return the fields of a post, which may have no date yet."""
        return _perhaps_undated(super().get_fields())


class Draft(PostDetail):
    """A post that the public does not see, by itself."""

    projection = {**projections.POST_DETAIL, **_STATUS}

    status = _Status()

    def get_fields(self) -> dict[str, Any]:
        """Return the fields of a post, which may have no date yet."""
        return _perhaps_undated(super().get_fields())


def _perhaps_undated(fields: dict[str, Any]) -> dict[str, Any]:
    fields["published_at"].allow_null = True
    return fields
