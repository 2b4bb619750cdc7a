"""What does OpenAPI say of the public reads? The same as the routes, from the same declarations."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any, Final, TypeVar

from drf_spectacular.utils import (
    OpenApiParameter,
    OpenApiResponse,
    extend_schema,
    extend_schema_view,
    inline_serializer,
)
from rest_framework import serializers

from api.params import Described
from api.serializers.reading import Shown
from caching.routes import SEGMENTS, Route

View = TypeVar("View", bound=type)

PROBLEM: Final = inline_serializer(
    "Problem",
    {
        "type": serializers.CharField(help_text="about:blank: the status says it all (RFC 9457)."),
        "title": serializers.CharField(),
        "status": serializers.IntegerField(),
        "detail": serializers.CharField(help_text="What was wrong, for a person to read."),
        "instance": serializers.CharField(required=False, help_text="The path that was asked for."),
    },
)

_SEGMENTS: Final[dict[str, dict[str, Any]]] = {
    "id": {"type": "integer", "minimum": 1, "maximum": 10**18 - 1},
    "reference": {"type": "string", "pattern": f"^{SEGMENTS['reference']}$", "maxLength": 80},
}
_SEGMENT_DESCRIPTIONS: Final = {"id": "Its id.", "reference": "Its id or its slug."}


def describes_list(route: Route, item: type[Shown], summary: str, *, tag: str) -> Callable[[View], View]:
    """Describe a view that answers with a list."""
    return _describes(route, _page_of(item), summary, tag)


def describes_detail(route: Route, item: type[Shown], summary: str, *, tag: str) -> Callable[[View], View]:
    """Describe a view that shows one thing."""
    return _describes(route, item, summary, tag)


@cache
def _page_of(item: type[Shown]) -> Any:
    """Return the page of such items; one per class, as it has one name in the document."""
    return inline_serializer(
        f"{item.__name__.removesuffix('Item')}Page",
        {
            "next": serializers.CharField(allow_null=True, help_text="The URL of the page that follows."),
            "previous": serializers.CharField(allow_null=True, help_text="The URL of the page before."),
            "results": item(many=True),
        },
    )


def _describes(route: Route, content: Any, summary: str, tag: str) -> Callable[[View], View]:
    can_be_missing = "{" in route.template or any(
        parameter.name == "author" for parameter in route.parameters
    )
    responses: dict[Any, Any] = {
        200: content,
        304: OpenApiResponse(description="The client has this representation already."),
        (400, PROBLEM_TYPE): OpenApiResponse(PROBLEM, "A parameter is unknown, repeated or malformed."),
    }
    if can_be_missing:
        responses[404, PROBLEM_TYPE] = OpenApiResponse(
            PROBLEM, "There is no such thing, or none for the public."
        )
    responses[503, PROBLEM_TYPE] = OpenApiResponse(
        PROBLEM, "Not in memory, and it cannot be built right now."
    )
    return extend_schema_view(
        get=extend_schema(
            operation_id=route.name.replace("-", "_"),
            summary=summary,
            tags=[tag],
            parameters=[*in_path(route.template), *in_query(route.parameters)],
            responses=responses,
            auth=[],
        ),
    )


PROBLEM_TYPE: Final = "application/problem+json"


def in_path(template: str) -> list[OpenApiParameter]:
    """Describe the segments of a path."""
    return [
        OpenApiParameter(
            name, schema, OpenApiParameter.PATH, required=True, description=_SEGMENT_DESCRIPTIONS[name]
        )
        for name, schema in _SEGMENTS.items()
        if f"{{{name}}}" in template
    ]


def in_query(parameters: Sequence[Any]) -> list[OpenApiParameter]:
    """Describe the parameters of a route."""
    return [
        OpenApiParameter(
            parameter.name,
            dict(parameter.schema),
            OpenApiParameter.QUERY,
            description=parameter.description,
            # A list is one parameter, with commas; the same parameter twice is refused.
            explode=False if parameter.schema.get("type") == "array" else None,
        )
        for parameter in parameters
        if isinstance(parameter, Described)
    ]
