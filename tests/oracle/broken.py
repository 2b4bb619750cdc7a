"""The service without one of its guards: what the oracle has to catch.

ORACLE_WITHOUT=<guard>    the guard that is removed
ORACLE_PROVOKED=<guard>   the guard whose race is made longer
"""

import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "settings.testing")

import django

django.setup()

from tests.oracle.guards import GUARDS  # noqa: E402 - Django's apps must be loaded first.

for name in os.environ.get("ORACLE_PROVOKED", "").splitlines():
    GUARDS[name].provoke()
if name := os.environ.get("ORACLE_WITHOUT"):
    GUARDS[name].remove()

from settings.asgi import application  # noqa: E402 - made of what was changed.

__all__ = ["application"]
