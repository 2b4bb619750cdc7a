"""Rows cached by table: django-cachalot over the optimized keyset view, all tables, in Redis.

https://django-cachalot.readthedocs.io/en/latest/quickstart.html#usage
https://django-cachalot.readthedocs.io/en/latest/quickstart.html#settings
"""

from benchmarks.ladder.settings.optimized import *  # noqa: F403
from benchmarks.ladder.settings.optimized import INSTALLED_APPS as _APPS
from benchmarks.ladder.settings.optimized import LADDER_REDIS, LADDER_SECONDS

INSTALLED_APPS = [*_APPS, "cachalot"]
CACHES = {
    "default": {"BACKEND": "django_redis.cache.RedisCache", "LOCATION": f"unix://{LADDER_REDIS}"},
}
# Its own defaults where the service chose otherwise.
CACHALOT_CACHE = "default"
CACHALOT_ONLY_CACHABLE_TABLES = frozenset()
CACHALOT_QUERY_KEYGEN = "cachalot.utils.get_query_cache_key"
CACHALOT_TABLE_KEYGEN = "cachalot.utils.get_table_cache_key"
CACHALOT_TIMEOUT = LADDER_SECONDS
