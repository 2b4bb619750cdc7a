"""What does `cache_page` ask for? One line around the optimized keyset view.

https://docs.djangoproject.com/en/5.2/topics/cache/#specifying-per-view-cache-in-the-urlconf
"""

from __future__ import annotations

from django.conf import settings
from django.urls import path
from django.views.decorators.cache import cache_page

from benchmarks.ladder.views.optimized import Posts

urlpatterns = [path("api/v1/posts/", cache_page(settings.LADDER_SECONDS)(Posts.as_view()))]
