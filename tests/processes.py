"""How is a process of ours started? From the checkout, with nothing of this shell's own configuration."""

from __future__ import annotations

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

_OURS = ("READPATH_", "DATABASE_", "REDIS_", "WORKERS")


def environment(**changes: str) -> dict[str, str]:
    """Return this process's environment without what configures the service, and with `changes`."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(_OURS)}
    return {**inherited, "DJANGO_SETTINGS_MODULE": "settings.testing", **changes}
