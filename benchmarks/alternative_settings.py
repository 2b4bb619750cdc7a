"""What would one do without us? Django's own `cache_page` around the same view.

The service's own settings, without the front. The response cache is Redis where there is one
(`BENCHMARK_REDIS`, a socket), else the memory of the process. `BENCHMARK_CACHED=0` leaves the
cache out; `BENCHMARK_LEAN=1` all middleware but the one that an API of nothing else needs.
"""

import os

from settings.loadtest import *  # noqa: F403 - settings inherit by name, here as in settings/.

ROOT_URLCONF = "benchmarks.alternative_urls"
CACHED = os.environ.get("BENCHMARK_CACHED", "1") == "1"
if os.environ.get("BENCHMARK_LEAN", "0") == "1":
    MIDDLEWARE = ["django.middleware.common.CommonMiddleware"]
if os.environ.get("BENCHMARK_REDIS"):
    CACHES = {
        "default": {
            "BACKEND": "django.core.cache.backends.redis.RedisCache",
            "LOCATION": f"unix://{os.environ['BENCHMARK_REDIS']}",
        },
    }
