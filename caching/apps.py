"""The read path, as a Django app: it owns the outbox table and the triggers that fill it."""

from __future__ import annotations

from django.apps import AppConfig
from django.core import checks
from django.db.models.signals import post_migrate, pre_migrate

from caching.triggers import install


class CachingConfig(AppConfig):
    """Representations, and their coherence with the database."""

    name = "caching"

    def ready(self) -> None:
        """Keep the triggers in step with `migrate`, and complain when they are not."""
        # Each app's migration sends the signal; ours comes with the last app that registers.
        pre_migrate.connect(install.before_migrate, sender=self)
        post_migrate.connect(install.after_migrate)
        # With `deploy`, for `migrate` itself runs the others, and could not mend what it refuses.
        checks.register(install.check_triggers, checks.Tags.database, deploy=True)
