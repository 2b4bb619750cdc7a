"""What does OpenAPI say of purging? For staff, with a token."""

from __future__ import annotations

from typing import Final

from drf_spectacular.utils import OpenApiExample, extend_schema

from api.openapi_operations import ON_NEW, describes, problems
from api.serializers.purging import PurgeOrder, PurgesShown, PurgeTaken

purges: Final = describes(
    "purge_create",
    "Purge keys, or everything, at every edge",
    path="",
    success=202,
    shows=PurgeTaken,
    takes=PurgeOrder,
    has_etag=False,
    errors=ON_NEW - {409},
    description="For staff. What carries the keys is invalidated here first; then the edges are told.",
    examples=[OpenApiExample("A post, gone", {"keys": ["post:42"], "hard": True}, request_only=True)],
)
shows_purges: Final = extend_schema(
    operation_id="purge_status",
    summary="Show what waits for each edge, and what fails",
    tags=["writing"],
    responses={200: PurgesShown, **problems(frozenset({400, 401, 403, 503}))},
)
