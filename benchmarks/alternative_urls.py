"""The list of posts once more, behind `cache_page` if the settings say so."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.urls import include, path
from django.views.decorators.cache import cache_page

from api.routes import POST_LIST
from api.views.posts import PublicPostList

_SECONDS = 3600  # Longer than we measure.

_view = PublicPostList.as_view()


def _live(request: HttpRequest) -> HttpResponse:
    del request
    return HttpResponse("{}")


urlpatterns = [
    path(POST_LIST.template[1:], cache_page(_SECONDS)(_view) if settings.CACHED else _view),
    path("healthz/live", _live),
    path("", include("api.urls")),
]
