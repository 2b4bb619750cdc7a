"""How does an error look? As `application/problem+json` (RFC 9457), for every status."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Final

import orjson

CONTENT_TYPE: Final = "application/problem+json"


def problem(status: int, detail: str, *, instance: str | None = None, **members: Any) -> dict[str, Any]:
    """Return the members of a problem document; `type` is about:blank, so `title` is the status's phrase."""
    document: dict[str, Any] = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
    }
    if instance is not None:
        document["instance"] = instance
    document.update(members)
    return document


def encoded(document: Mapping[str, Any]) -> bytes:
    """Return the document as JSON."""
    return orjson.dumps(dict(document))
