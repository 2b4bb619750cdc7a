"""Django's own page cache in the memory of the process.

https://docs.djangoproject.com/en/5.2/topics/cache/#the-per-view-cache
https://docs.djangoproject.com/en/5.2/topics/cache/#local-memory-caching
"""

from benchmarks.ladder.settings.optimized import *  # noqa: F403

ROOT_URLCONF = "benchmarks.ladder.views.cached"
CACHES = {
    "default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache", "LOCATION": "ladder"},
}
