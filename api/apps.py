"""The API and its domain, as a Django app."""

from __future__ import annotations

from django.apps import AppConfig
from django.core import checks

from caching.triggers import install


class ApiConfig(AppConfig):
    """What is published."""

    name = "api"

    def ready(self) -> None:
        """Say which changes of our tables matter to the cache."""
        from api.derived import derived  # noqa: PLC0415 - models must be loaded first.
        from api.edges import check_clients, check_edges  # noqa: PLC0415
        from api.surrogate_keys import WATCHES  # noqa: PLC0415

        install.register(WATCHES, derived)
        checks.register(check_edges)
        checks.register(check_clients, deploy=True)
