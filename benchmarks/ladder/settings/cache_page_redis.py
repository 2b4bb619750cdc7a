"""Django's own page cache in Redis.

https://docs.djangoproject.com/en/5.2/topics/cache/#the-per-view-cache
https://docs.djangoproject.com/en/5.2/topics/cache/#redis (with hiredis installed, as it advises)
"""

from benchmarks.ladder.settings.optimized import *  # noqa: F403
from benchmarks.ladder.settings.optimized import LADDER_REDIS

ROOT_URLCONF = "benchmarks.ladder.views.cached"
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": f"unix://{LADDER_REDIS}",
    },
}
