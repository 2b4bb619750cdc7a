"""Profiling: Silk records every request that reaches Django. Never for timing, never public.

Needs the packages of the `measure` group, which `make test` installs as well. Silk's pages
are for staff only.
"""

from settings.development import *

INSTALLED_APPS = [*INSTALLED_APPS, "silk"]
MIDDLEWARE = [*MIDDLEWARE[:2], "silk.middleware.SilkyMiddleware", *MIDDLEWARE[2:]]

SILKY_AUTHENTICATION = True
SILKY_AUTHORISATION = True
SILKY_PYTHON_PROFILER = True
SILKY_META = True
READPATH["BUILD_RATE"] = 0.0
