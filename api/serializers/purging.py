"""What is to be purged, and what comes of it? The bodies of `/api/v1/purges/`."""

from __future__ import annotations

from typing import Any, Final

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from api.serializers.writing import Written
from caching.purge_queue import MOST_OF_A_KIND
from caching.purging.named import NotAKey, purgeable_key

_LONGEST_LABEL: Final = 200


@extend_schema_field(
    {
        "type": "array",
        "items": {"type": "string", "minLength": 1, "maxLength": _LONGEST_LABEL},
        "minItems": 1,
        "maxItems": MOST_OF_A_KIND,
    }
)
class SurrogateKeys(serializers.Field[Any, Any, Any, Any]):
    """Surrogate keys, as they are spelled in the label fields of answers."""

    default_error_messages = {"invalid": f"must be a list of 1 to {MOST_OF_A_KIND} surrogate keys"}

    def to_internal_value(self, data: Any) -> frozenset[str]:
        """Return the keys."""
        if not isinstance(data, list) or not 1 <= len(data) <= MOST_OF_A_KIND:
            self.fail("invalid")
        if not all(isinstance(label, str) and len(label) <= _LONGEST_LABEL for label in data):
            self.fail("invalid")
        try:
            return frozenset(map(purgeable_key, data))
        except NotAKey as reason:
            raise serializers.ValidationError(str(reason)) from None


@extend_schema_field({"type": "boolean"})
class Switch(serializers.Field[Any, Any, Any, Any]):
    """A JSON boolean, and nothing that could be made into one."""

    default_error_messages = {"invalid": "must be true or false"}

    def to_internal_value(self, data: Any) -> bool:
        """Return it."""
        if not isinstance(data, bool):
            self.fail("invalid")
        return data


class PurgeOrder(Written):
    """What to purge: some keys, or all there is."""

    keys = SurrogateKeys(required=False, help_text="Such as post:42; post:* means every post.")
    all = Switch(required=False, help_text="Everything, instead of keys.")
    hard = Switch(
        required=False, help_text="Drop what carries the keys, instead of asking whether it has changed."
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Refuse what names nothing, or two things."""
        if bool(attrs.get("keys")) == attrs.get("all", False):
            raise serializers.ValidationError({"keys": ["name the keys to purge, or all, and not both"]})
        return attrs


class PurgeTaken(serializers.Serializer[Any]):
    """That it will be done: how many keys, and at which edges."""

    keys = serializers.IntegerField(min_value=1)
    edges = serializers.ListField(child=serializers.CharField())


class EdgeShown(serializers.Serializer[Any]):
    """How an edge stands; durations are seconds until now."""

    waiting = serializers.IntegerField(min_value=0, help_text="Keys that it has not been told of.")
    oldest = serializers.FloatField(min_value=0, help_text="For how long the first of them has waited.")
    again = serializers.IntegerField(min_value=0, help_text="Keys that it will be told of once more.")
    failures = serializers.IntegerField(min_value=0, help_text="In a row.")
    failing_for = serializers.FloatField(min_value=0, allow_null=True)
    retry_in = serializers.FloatField(min_value=0)
    reason = serializers.CharField(help_text="Why it could not be told; empty if it could.")
    purged_ago = serializers.FloatField(min_value=0, allow_null=True)
    calls = serializers.IntegerField(min_value=0, help_text="Calls that have succeeded.")
    keys = serializers.IntegerField(min_value=0, help_text="Keys that it was told of.")


class PurgesShown(serializers.Serializer[Any]):
    """How the edges stand, by name."""

    edges = serializers.DictField(child=EdgeShown())
