"""What shall the edges drop, on whose word, and have they? For staff.

A purge is an order: it is taken (202), whatever it named is invalidated before the answer, and then
every edge is told, until it has heard it. Ordered twice, it is done once more, or both at once.
"""

from __future__ import annotations

from typing import Any

from django.db import transaction
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import ParseError
from rest_framework.request import Request
from rest_framework.response import Response

from api.openapi_purging import purges, shows_purges
from api.permissions import StaffPurge
from api.representations import Representation
from api.serializers.purging import PurgeOrder
from api.views.drafts import Private
from api.views.writing import Writing, checked
from caching import purge_queue
from caching.purging import named
from caching.purging.standing import standings
from caching.surrogate_keys import EVERYTHING


class Purges(Writing, Private):
    """Takes orders to purge, and shows how the edges stand."""

    permission_classes = [StaffPurge]

    def get_authenticators(self) -> list[BaseAuthentication]:
        """Return who tells staff from others, for every method."""
        return [authenticator() for authenticator in self.authentication_classes]

    @shows_purges
    def get(self, request: Request) -> Response:
        """Show what waits for each edge, and what fails."""
        if request.META.get("QUERY_STRING"):
            raise ParseError("this takes no query parameters")
        return Response({"edges": {standing.name: standing.shown() for standing in standings()}})

    @purges
    def post(self, request: Request) -> Response:
        """Purge keys, or everything."""
        # No ETag of the queue is ever sent, so all that can be asked is whether there is one.
        self.check_preconditions(lambda: Representation(b"", request.path))
        order: dict[str, Any] = checked(PurgeOrder, request)
        keys = {EVERYTHING} if order.get("all") else order["keys"]
        with transaction.atomic():
            named.purge(keys, is_hard=order.get("hard", False))
            edges = sorted(purge_queue.registered())
        return Response({"keys": len(keys), "edges": edges}, status=202)
