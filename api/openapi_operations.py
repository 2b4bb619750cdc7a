"""What does OpenAPI say of every write? What all of them share is said here, once.

The errors, the precondition fields that are honoured, the fields of an answer that carries a
representation, and that a body has no members but those it declares.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, TypeVar

from drf_spectacular.extensions import OpenApiSerializerExtension
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import (
    Direction,
    OpenApiExample,
    OpenApiParameter,
    OpenApiResponse,
    extend_schema,
    inline_serializer,
)
from rest_framework import serializers

from api.openapi import PROBLEM, PROBLEM_TYPE, in_path

Operation = TypeVar("Operation", bound=Callable[..., Any])

_ERRORS: Final[Mapping[int, str]] = {
    400: "The body is not JSON, or a member of it is unknown or not valid: `errors` says which.",
    401: "No token, or none of ours.",
    403: "Not yours to change, or your user has no author to write as.",
    404: "There is no such thing, or none for you.",
    409: "Another write came in between.",
    411: "The body's length is not announced.",
    412: "The thing is not, or no longer, what the precondition names.",
    413: "The body is too long.",
    415: "The body is not of the type application/json.",
    428: "This service wants every write to carry If-Match.",
    429: "Too many writes; Retry-After says when to go on.",
    503: "The database takes no write now; nothing was changed.",
}
ON_NEW: Final = frozenset(_ERRORS) - {404, 428}
ON_EXISTING: Final = frozenset(_ERRORS)

_PRECONDITIONS: Final = (
    OpenApiParameter(
        "If-Match",
        str,
        OpenApiParameter.HEADER,
        description="Write only if this is still the ETag, of any coding.",
    ),
    OpenApiParameter(
        "If-Unmodified-Since",
        str,
        OpenApiParameter.HEADER,
        description="Write only if it was not changed since.",
    ),
)


_INVALID: Final = inline_serializer(
    "InvalidContent",
    {
        **PROBLEM.fields,
        "errors": serializers.DictField(
            child=serializers.ListField(child=serializers.CharField()),
            required=False,
            help_text="What is wrong with each member of the body.",
        ),
    },
)


def problems(statuses: frozenset[int]) -> dict[tuple[int, str], OpenApiResponse]:
    """Describe the errors of these statuses."""
    return {
        (status, PROBLEM_TYPE): OpenApiResponse(_INVALID if status == 400 else PROBLEM, _ERRORS[status])
        for status in sorted(statuses)
    }


def header(name: str, description: str, *statuses: int) -> OpenApiParameter:
    """Describe a field of the answers with these statuses."""
    return OpenApiParameter(
        name, str, OpenApiParameter.HEADER, description=description, response=list(statuses)
    )


def describes(  # noqa: PLR0913 - an operation has so many parts, each by name.
    operation_id: str,
    summary: str,
    *,
    path: str,
    success: int,
    shows: Any = None,
    takes: Any = None,
    errors: frozenset[int] = ON_EXISTING,
    examples: Sequence[OpenApiExample] = (),
    description: str | None = None,
    has_etag: bool = True,
) -> Callable[[Operation], Operation]:
    """Describe an unsafe operation; `path` holds the segments of its path."""
    fields = [] if shows is None or not has_etag else [header("ETag", "What to name in If-Match.", success)]
    if success == 201:
        fields.append(header("Location", "Where the new thing can be read.", success))
    if 412 in errors:
        fields.extend(_PRECONDITIONS)
    done = OpenApiResponse(shows, "Done." if shows is None else "As it is now.")
    return extend_schema(
        operation_id=operation_id,
        summary=summary,
        description=description,
        tags=["writing"],
        parameters=[*in_path(path), *fields],
        request=takes,
        responses={success: done, **problems(errors)},
        examples=list(examples),
    )


class ClosedBody(OpenApiSerializerExtension):  # type: ignore[no-untyped-call]
    """Closes the schema of every `Written` serializer, as the serializer itself is closed."""

    target_class = "api.serializers.writing.Written"
    match_subclasses = True

    def map_serializer(self, auto_schema: AutoSchema, direction: Direction) -> dict[str, Any]:
        """Return the schema that would be generated anyway, closed."""
        schema = auto_schema._map_serializer(self.target, direction, bypass_extensions=True)  # type: ignore[no-untyped-call]
        return {**schema, "additionalProperties": False}
