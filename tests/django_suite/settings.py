"""A project with nothing in it but what Django's cache tests need, over the Redis of `REDIS_URL`."""

import os

from settings.redis import shared_store

SECRET_KEY = "only for Django's own tests of caches"
INSTALLED_APPS = ["django.contrib.auth", "django.contrib.contenttypes", "cache"]
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}}
DEFAULT_AUTO_FIELD = "django.db.models.AutoField"
USE_TZ = False
READPATH = {"LEASE": 2.0, "REDIS_TIMEOUT": 2.0}
CACHES = {
    "default": {"BACKEND": "caching.tiered.backend.TieredCache", "LOCATION": "l2"},
    "l2": shared_store(os.environ["REDIS_URL"], timeout=READPATH["REDIS_TIMEOUT"]),
}
