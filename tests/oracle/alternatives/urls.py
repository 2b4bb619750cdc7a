"""The service's views; `cache_page` around each that is public, if that is what is tried."""

from __future__ import annotations

from django.conf import settings
from django.urls import URLPattern, path
from django.views.decorators.cache import cache_page

from api.routes import PUBLIC_ROUTES
from api.urls import urlpatterns as ours

_SECONDS = 60
_PUBLIC = {route.name for route in PUBLIC_ROUTES}


def _cached(pattern: URLPattern) -> URLPattern:
    view = cache_page(_SECONDS)(pattern.callback)
    return path(str(pattern.pattern), view, name=pattern.name)


urlpatterns = [
    _cached(pattern) if settings.TARGET == "cache_page" and pattern.name in _PUBLIC else pattern
    for pattern in ours
]
