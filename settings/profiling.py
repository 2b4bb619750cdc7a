"""Profiling: Silk records what reaches Django, and shows it. Never for timing, never public.

Needs the packages of the `measure` group, which `make test` installs as well. What Silk records is
in a database of its own (`settings/silk.py`), and its pages, `/silk/`, are for staff only.
"""

from django.core.exceptions import ImproperlyConfigured

from settings.development import *
from settings.environment import is_local

# Silk keeps the headers and bodies of whoever asks.
if not all(is_local(host.strip("[]")) for host in ALLOWED_HOSTS):
    raise ImproperlyConfigured(
        f"ALLOWED_HOSTS needs names of this machine only while Silk records, got {', '.join(ALLOWED_HOSTS)}"
    )

DEBUG = False
INSTALLED_APPS = [*INSTALLED_APPS, "settings.silk.Silk"]
MIDDLEWARE = [*MIDDLEWARE[:2], "silk.middleware.SilkyMiddleware", *MIDDLEWARE[2:]]
# Where `make profile` leaves its recordings, for its pages to show.
(VAR_DIR / "profile").mkdir(parents=True, exist_ok=True)
DATABASES["silk"] = {
    "ENGINE": "django.db.backends.sqlite3",
    "NAME": VAR_DIR / "profile" / "silk.sqlite3",
    "OPTIONS": {
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=OFF;",
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
    },
}
DATABASE_ROUTERS = ["settings.silk.SilkApart"]

SILKY_AUTHENTICATION = True
SILKY_AUTHORISATION = True
LOGIN_URL = "admin:login"
SILKY_PYTHON_PROFILER = True
SILKY_META = True
READPATH["BUILD_RATE"] = 0.0
