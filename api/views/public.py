"""What do all public reads have in common?

A view is given the canonical parameters of its route and answers from them alone. It never
looks at who asks: no authentication, permission or throttle runs for a safe method, so the
same URL has the same bytes for everyone (P9).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, ClassVar, Final

from django.http import HttpResponse
from django.utils import timezone
from rest_framework.authentication import BaseAuthentication
from rest_framework.permissions import SAFE_METHODS
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from api.renderers import render
from caching.entry import JSON
from caching.routes import Route

_PREFLIGHT_AGE: Final = 86_400  # Seconds for which a browser may remember what is allowed.


class AnswersOptions(APIView):
    """A view whose OPTIONS says which methods there are, to browsers of other origins too."""

    def options(self, request: Any, *args: Any, **kwargs: Any) -> Any:
        """Tell what this URL can do; no body."""
        del request, args, kwargs
        methods = ", ".join(self.allowed_methods)
        response = HttpResponse(status=204)
        del response["Content-Type"]
        response["Allow"] = methods
        response["Access-Control-Allow-Origin"] = "*"
        response["Access-Control-Allow-Methods"] = methods
        response["Access-Control-Allow-Headers"] = "Authorization, Content-Type, If-Match, If-None-Match"
        response["Access-Control-Max-Age"] = str(_PREFLIGHT_AGE)
        return response

    @property
    def default_response_headers(self) -> dict[str, str]:
        """Nothing: DRF's `Allow` belongs on 405 and OPTIONS, which say it themselves."""
        return {}


class PublicView(AnswersOptions):
    """A public read of one route."""

    route: ClassVar[Route]

    def get(self, request: Request, **segments: str) -> HttpResponse:
        """Answer from the path and the canonical parameters."""
        query_string = request.META.get("QUERY_STRING", "").encode("latin-1")
        values = self.route.values(request.path, query_string)
        shown = self.respond(request.path, values, now=timezone.now(), **segments)
        # Rendered here: what stands in its data may be ready bytes, of which no cache could make a copy.
        response = HttpResponse(render(shown.data), content_type=JSON)
        for name, value in shown.items():
            response.setdefault(name, value)
        return response

    def respond(self, path: str, values: Mapping[str, str], *, now: datetime, **segments: str) -> Response:
        """Return what the parameters and path segments name, as the public sees it at `now`.

        From these alone, for a build calls it without any request (`api/builds.py`).
        """
        raise NotImplementedError

    def get_authenticators(self) -> list[BaseAuthentication]:
        """Return nobody who could tell clients of a safe method apart."""
        return [] if self._is_safe() else super().get_authenticators()

    def get_permissions(self) -> list[Any]:
        """Return no one to ask for a safe method."""
        return [] if self._is_safe() else list(super().get_permissions())

    def get_throttles(self) -> list[Any]:
        """Return no counter for a safe method; cold builds are counted by the front."""
        return [] if self._is_safe() else super().get_throttles()

    def _is_safe(self) -> bool:
        # No request at all while the schema is made.
        return self.request is None or self.request.method in SAFE_METHODS


def fields_asked(values: Mapping[str, str]) -> tuple[str, ...] | None:
    """Return the fields to show, None for all."""
    return tuple(values["fields"].split(",")) if "fields" in values else None
