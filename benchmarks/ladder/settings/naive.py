"""What does one write first? A ModelViewSet with nested serializers and numbered pages.

As in DRF's tutorial: https://www.django-rest-framework.org/tutorial/quickstart/
"""

from benchmarks.ladder.settings.plain import *  # noqa: F403

ROOT_URLCONF = "benchmarks.ladder.views.naive"
REST_FRAMEWORK = {
    # Else it would show its HTML pages to whoever accepts anything.
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
}
