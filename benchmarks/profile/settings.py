"""Which settings does `make profile` run under? Those of profiling, with Silk listening where we say.

Silk's middleware is left out: it runs an EXPLAIN for each statement and a profiler around each
request, inside the time that it then reports. The command hands Silk what it has seen instead.
"""

import os

from settings.profiling import *  # noqa: F403 - settings inherit by name, here as in settings/.
from settings.profiling import DATABASES as _DATABASES
from settings.profiling import LOGGING as _LOGGING
from settings.profiling import MIDDLEWARE as _ALL

MIDDLEWARE = [name for name in _ALL if name != "silk.middleware.SilkyMiddleware"]
ROOT_URLCONF = "benchmarks.profile.urls"
SILKY_MAX_RECORDED_REQUESTS_CHECK_PERCENT = 0  # The command clears Silk's tables before it begins.
LOGGING = {
    **_LOGGING,
    "root": {"handlers": ["stderr"], "level": "WARNING"},
    # It warns that the middleware is not there.
    "loggers": {**_LOGGING["loggers"], "silk.profiling.profiler": {"level": "ERROR"}},
}
if os.environ.get("PROFILE_SILK"):
    DATABASES = {**_DATABASES, "silk": {**_DATABASES["silk"], "NAME": os.environ["PROFILE_SILK"]}}
