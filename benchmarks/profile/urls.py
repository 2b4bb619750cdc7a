"""The service's own URLs, and each public read once more for the levels that it left behind."""

from __future__ import annotations

import re

from django.urls import URLPattern, URLResolver, include, path

from api.routes import PUBLIC_ROUTES
from benchmarks.profile.plain import view

_LEVELS = {"naive": False, "optimized": True}


def _pattern(template: str) -> str:
    return re.sub(r"\{(\w+)\}", r"<str:\1>", template).removeprefix("/")


urlpatterns: list[URLPattern | URLResolver] = [
    *(
        path(f"{level}/{_pattern(route.template)}", view(route.name, is_optimized=is_optimized))
        for level, is_optimized in _LEVELS.items()
        for route in PUBLIC_ROUTES
    ),
    path("", include("settings.urls")),
]
