"""What does drf-extensions ask for? A mixin, and a key that knows the query parameters.

Its default key would give every page the first one's answer:
https://chibisov.github.io/drf-extensions/docs/#default-key-constructor
https://chibisov.github.io/drf-extensions/docs/#queryparamskeybit
"""

from __future__ import annotations

from django.urls import path
from rest_framework_extensions.cache.mixins import ListCacheResponseMixin
from rest_framework_extensions.key_constructor.bits import QueryParamsKeyBit
from rest_framework_extensions.key_constructor.constructors import DefaultKeyConstructor

from benchmarks.ladder.views.optimized import Posts


class _Key(DefaultKeyConstructor):
    """The view, the format, the language, and all parameters of the query."""

    all_query_params = QueryParamsKeyBit("*")


class CachedPosts(ListCacheResponseMixin, Posts):
    """The public posts by keyset, rendered once."""

    list_cache_key_func = _Key()


urlpatterns = [path("api/v1/posts/", CachedPosts.as_view())]
