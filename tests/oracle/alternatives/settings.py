"""Django as one would set it up with one of the alternatives, on the service's own data and views."""

import os

# Ours would be set up for it.
_REDIS_URL = os.environ.pop("REDIS_URL", "")

from settings.testing import *  # noqa: E402, F403 - settings inherit by name, here as in settings/.

TARGET = os.environ["ORACLE_TARGET"]
ROOT_URLCONF = "tests.oracle.alternatives.urls"
MIDDLEWARE = [name for name in MIDDLEWARE if not name.startswith("caching.")]  # noqa: F405
CACHES = {"default": {"BACKEND": "django_redis.cache.RedisCache", "LOCATION": _REDIS_URL}}
if TARGET == "cachalot":
    INSTALLED_APPS = [*INSTALLED_APPS, "cachalot"]  # noqa: F405
    # All its own settings are as they come.
    for _name in [name for name in globals() if name.startswith("CACHALOT_")]:
        del globals()[_name]
if TARGET == "cacheops":
    INSTALLED_APPS = ["cacheops", *INSTALLED_APPS]
    CACHEOPS_REDIS = _REDIS_URL
    CACHEOPS = {"api.*": {"ops": "all", "timeout": 15 * 60}}
