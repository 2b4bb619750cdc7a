"""Plain views for reads, the service's own for writes; `cache_page` around reads, if that is tried."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path
from django.views.decorators.cache import cache_page
from django.views.decorators.csrf import csrf_exempt

from api.urls import urlpatterns as ours
from tests.oracle.alternatives.reads import VIEWS

_SECONDS = 60


def _divided(pattern: URLPattern) -> URLPattern:
    """Return the pattern with a plain view for GET."""
    reading, writing = VIEWS[str(pattern.name)], pattern.callback
    if settings.TARGET == "cache_page":
        reading = cache_page(_SECONDS)(reading)

    @csrf_exempt
    def view(request: HttpRequest, **kwargs: Any) -> HttpResponse:
        return reading(request, **kwargs) if request.method == "GET" else writing(request, **kwargs)

    return path(str(pattern.pattern), view, name=pattern.name)


urlpatterns = [_divided(pattern) if pattern.name in VIEWS else pattern for pattern in ours]
