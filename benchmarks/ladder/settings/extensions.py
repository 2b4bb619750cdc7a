"""Rendered answers cached by view and parameters: drf-extensions over the optimized keyset view, in Redis.

https://chibisov.github.io/drf-extensions/docs/#caching
"""

from benchmarks.ladder.settings.optimized import *  # noqa: F403
from benchmarks.ladder.settings.optimized import LADDER_REDIS, LADDER_SECONDS

ROOT_URLCONF = "benchmarks.ladder.views.extensions"
CACHES = {
    "default": {"BACKEND": "django_redis.cache.RedisCache", "LOCATION": f"unix://{LADDER_REDIS}"},
}
REST_FRAMEWORK_EXTENSIONS = {"DEFAULT_CACHE_RESPONSE_TIMEOUT": LADDER_SECONDS}
