"""Rows cached by condition: django-cacheops over the optimized keyset view, all models and operations.

https://github.com/Suor/django-cacheops#setup
"""

from benchmarks.ladder.settings.optimized import *  # noqa: F403
from benchmarks.ladder.settings.optimized import INSTALLED_APPS as _APPS
from benchmarks.ladder.settings.optimized import LADDER_REDIS, LADDER_SECONDS

INSTALLED_APPS = [*_APPS, "cacheops"]
CACHEOPS_REDIS = f"unix://{LADDER_REDIS}"
CACHEOPS = {"api.*": {"ops": "all", "timeout": LADDER_SECONDS}}
