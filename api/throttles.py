"""How often may one client write?

`READPATH_WRITE_RATE` says so, per user, or per address for who is not logged in. Reads are
not counted here: hits cost nothing, and cold builds have a limit of their own in front of
Django. The counts live in Django's cache.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rest_framework.permissions import SAFE_METHODS
from rest_framework.request import Request
from rest_framework.settings import api_settings
from rest_framework.throttling import SimpleRateThrottle


class WriteThrottle(SimpleRateThrottle):
    """Counts a client's unsafe requests; a rate of None is no limit."""

    scope = "write"

    def get_rate(self) -> str | None:
        """Return the rate in force now; DRF's own is the one of when its module was imported."""
        rates: Mapping[str, Any] = api_settings.DEFAULT_THROTTLE_RATES
        rate: str | None = rates.get(self.scope)
        return rate

    def get_cache_key(self, request: Request, view: Any) -> str | None:
        """Return whom the request is counted for, None if it is not counted."""
        del view
        if request.method in SAFE_METHODS:
            return None
        user = request.user
        client = f"user-{user.pk}" if user.is_authenticated else f"address-{self.get_ident(request)}"
        return str(self.cache_format % {"scope": self.scope, "ident": client})
