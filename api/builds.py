"""How is a public read answered without a request? By its view, called with path and parameters.

No client's request takes part in a build, so nothing of it can get into a representation (P9,
P10), and none is made up either: no middleware runs, no URL is resolved, nothing is negotiated.
The view is an ordinary one of DRF, the same that Django's URLconf has for this route, and so
is its answer; what it raises becomes a problem document as it would there.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from django.conf import settings
from django.http import Http404
from django.utils import timezone
from rest_framework.exceptions import APIException
from rest_framework.response import Response

from api.errors import problem_about
from api.renderers import render
from api.views.public import PublicView
from caching.entry import Reply
from caching.headers import Field
from caching.parameters import BadParameter
from caching.problems import CONTENT_TYPE
from caching.routes import Target


class PublicReads:
    """Answers targets by the views of their routes."""

    def __init__(self, views: Mapping[str, type[PublicView]]) -> None:
        self._views: Final = views
        self._everywhere: Final = _transport_security()

    def __call__(self, target: Target) -> Reply:
        """Return what the target's view answers; raise what it does not expect itself."""
        view = self._views[target.route.name]()
        view.args, view.kwargs = (), target.route.segments(target.path)
        try:
            response = view.respond(target.path, target.values, now=timezone.now(), **view.kwargs)
        except (APIException, BadParameter, Http404) as error:
            status, body, fields = problem_about(error, target.path)
            return Reply(status, body, CONTENT_TYPE, (*_encoded(fields), *self._everywhere))
        return Reply(
            response.status_code,
            render(response.data),
            fields=(*_encoded(_said(response)), *self._everywhere),
        )


def _said(response: Response) -> dict[str, str]:
    """Return what the view itself says in its header."""
    return {name: value for name, value in response.items() if name in _KEPT}


_KEPT: Final = frozenset({"Link"})


def _encoded(fields: Mapping[str, str]) -> tuple[Field, ...]:
    return tuple((name.lower().encode("ascii"), value.encode("latin-1")) for name, value in fields.items())


def _transport_security() -> tuple[Field, ...]:
    """Return the field that Django's own middleware adds to every answer sent over TLS (RFC 6797)."""
    seconds: Any = settings.SECURE_HSTS_SECONDS
    if not seconds:
        return ()
    value = f"max-age={seconds}"
    if settings.SECURE_HSTS_INCLUDE_SUBDOMAINS:
        value += "; includeSubDomains"
    if settings.SECURE_HSTS_PRELOAD:
        value += "; preload"
    return ((b"strict-transport-security", value.encode("ascii")),)
