"""What does one write after a day with a profiler? The right queries, orjson, and nobody to authenticate.

Both ways of paging are here, at two paths.
"""

from benchmarks.ladder.settings.plain import *  # noqa: F403

ROOT_URLCONF = "benchmarks.ladder.views.optimized"
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [],
    "DEFAULT_PERMISSION_CLASSES": [],
    "UNAUTHENTICATED_USER": None,
    "DEFAULT_RENDERER_CLASSES": ["drf_orjson_renderer.renderers.ORJSONRenderer"],
    "DEFAULT_CONTENT_NEGOTIATION_CLASS": "api.renderers.OneMediaType",
}
