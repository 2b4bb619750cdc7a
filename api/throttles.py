"""How often may one client write?

`READPATH_WRITE_RATE` says so, per user, or per address for who is not logged in. Reads are
not counted here: hits cost nothing, and cold builds have a limit of their own in front of
Django. The counts live in Django's cache; while that is out of reach, nobody is counted, for a
limit is no reason to refuse what could be done.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from rest_framework.permissions import SAFE_METHODS
from rest_framework.request import Request
from rest_framework.settings import api_settings
from rest_framework.throttling import SimpleRateThrottle
from rest_framework.views import APIView

from caching.coherence import OutOfReach

logger = logging.getLogger(__name__)


class WriteThrottle(SimpleRateThrottle):
    """Counts a client's unsafe requests; a rate of None is no limit."""

    scope = "write"

    def get_rate(self) -> str | None:
        """Return the rate in force now; DRF's own is the one of when its module was imported."""
        rates: Mapping[str, Any] = api_settings.DEFAULT_THROTTLE_RATES
        rate: str | None = rates.get(self.scope)
        return rate

    def allow_request(self, request: Request, view: APIView) -> bool:
        """Tell whether the client may write now."""
        try:
            return super().allow_request(request, view)
        except OutOfReach as reason:
            logger.warning("a write is not counted: %s", reason)
            return True

    def get_cache_key(self, request: Request, view: Any) -> str | None:
        """Return whom the request is counted for, None if it is not counted."""
        del view
        if request.method in SAFE_METHODS:
            return None
        user = request.user
        client = f"user-{user.pk}" if user.is_authenticated else f"address-{self.get_ident(request)}"
        return str(self.cache_format % {"scope": self.scope, "ident": client})
