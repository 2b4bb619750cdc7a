"""The service's own URLs, and each public read once more for the levels that it left behind."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from django.urls import URLPattern, URLResolver, include, path

from api.routes import PUBLIC_ROUTES
from benchmarks.profile import keyset, plain


def _pattern(template: str) -> str:
    return re.sub(r"\{(\w+)\}", r"<str:\1>", template).removeprefix("/")


def _views(route: str) -> dict[str, Callable[..., Any]]:
    """Return how a public route is answered at each of these levels."""
    optimized = plain.view(route, is_optimized=True)
    with_cursors = keyset.VIEWS[route].as_view() if route in keyset.VIEWS else optimized
    return {"naive": plain.view(route, is_optimized=False), "optimized": optimized, "keyset": with_cursors}


urlpatterns: list[URLPattern | URLResolver] = [
    *(
        path(f"{level}/{_pattern(route.template)}", view)
        for route in PUBLIC_ROUTES
        for level, view in _views(route.name).items()
    ),
    path("", include("settings.urls")),
]
