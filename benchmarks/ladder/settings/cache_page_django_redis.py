"""Django's own page cache in Redis, through django-redis: not what Django's documentation shows, but faster.

https://github.com/jazzband/django-redis#configure-as-cache-backend (with hiredis installed, as it advises)
"""

from benchmarks.ladder.settings.optimized import *  # noqa: F403
from benchmarks.ladder.settings.optimized import LADDER_REDIS

ROOT_URLCONF = "benchmarks.ladder.views.cached"
CACHES = {
    "default": {"BACKEND": "django_redis.cache.RedisCache", "LOCATION": f"unix://{LADDER_REDIS}"},
}
