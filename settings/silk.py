"""Where does Silk keep what it records? In a database of its own, made by the `migrate` that makes ours.

In ours it could not: a build reads in a transaction that may not write, and Silk writes while it
is under way. Nor should it: what is measured stays as it was. Only `settings/profiling.py` knows this module.
"""

from __future__ import annotations

from typing import Any, Final

from django.core.management import call_command
from django.db.models.signals import post_migrate
from silk.apps import SilkAppConfig  # type: ignore[import-untyped]

ALIAS: Final = "silk"
_APP: Final = "silk"


class Silk(SilkAppConfig):  # type: ignore[misc]  # Silk has no annotations.
    """Silk, whose tables follow ours."""

    def ready(self) -> None:
        """Migrate Silk's database whenever ours is."""
        post_migrate.connect(_migrate, sender=self)


class SilkApart:
    """A database router: Silk's rows to Silk's database, all others nowhere near it."""

    def db_for_read(self, model: type[Any], **_: Any) -> str | None:
        """Return Silk's database for Silk's models; of others this router has no opinion."""
        return ALIAS if model._meta.app_label == _APP else None

    def db_for_write(self, model: type[Any], **_: Any) -> str | None:
        """Return the same as for reading."""
        return self.db_for_read(model)

    def allow_migrate(self, db: str, app_label: str, **_: Any) -> bool | None:
        """Tell where an app may have tables."""
        return (db == ALIAS) == (app_label == _APP)


def _migrate(*, using: str, verbosity: int, **_: Any) -> None:
    if using != ALIAS:
        call_command("migrate", _APP, database=ALIAS, verbosity=max(0, verbosity - 1), interactive=False)
