"""Which bytes does an answer become? JSON by orjson, whatever `Accept` says.

The same data always become the same bytes: members in the order of the serializer, no
blanks, no settings that differ between workers. One media type per URL, so `Accept` is no
part of any cache key (RFC 9110 §15.5.7 allows a default representation instead of 406).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import orjson
from drf_orjson_renderer.renderers import ORJSONRenderer
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.parsers import BaseParser
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request


class JSONRenderer(ORJSONRenderer):  # type: ignore[misc]  # it has no annotations
    """Renders data that serializers made; anything else is a mistake and raises."""

    options = 0

    def render(
        self,
        data: Any,
        media_type: str | None = None,
        renderer_context: Mapping[str, Any] | None = None,
    ) -> bytes:
        """Return the data as JSON."""
        del media_type, renderer_context
        return b"" if data is None else orjson.dumps(data)


class OneMediaType(BaseContentNegotiation):
    """Negotiates nothing: a view has one renderer, and a request's parser goes by its Content-Type."""

    def select_parser(self, request: Request, parsers: Iterable[BaseParser]) -> BaseParser | None:
        """Return the parser for the body's media type; none means 415."""
        sent = (request.content_type or "").partition(";")[0].strip().lower()
        return next((parser for parser in parsers if parser.media_type == sent), None)

    def select_renderer(
        self,
        request: Request,
        renderers: Iterable[BaseRenderer],
        format_suffix: str | None = None,
    ) -> tuple[BaseRenderer, str]:
        """Return the view's renderer."""
        del request, format_suffix
        renderer = next(iter(renderers))
        return renderer, renderer.media_type


def render(data: Any) -> bytes:
    """Return the bytes of a representation, as every view that shows it sends them."""
    return JSONRenderer().render(data)
