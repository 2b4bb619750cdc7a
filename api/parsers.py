"""What does the body of a request say? One JSON object of bounded size, or it is refused.

The bound holds for what is read, not for what the client announces: a body is read up to
one byte more than allowed. A body whose length is not announced does not reach Django's
stream at all, so the views refuse it (`LengthRequired`) rather than take it for empty.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import IO, Any, Final

import orjson
from django.conf import settings
from rest_framework.exceptions import APIException, ParseError
from rest_framework.parsers import BaseParser
from rest_framework.request import Request

_NO_LENGTH: Final = ("", None)


class ContentTooLarge(APIException):
    """The body is longer than this service reads (RFC 9110 §15.5.14)."""

    status_code = 413
    default_code = "content_too_large"


class LengthRequired(APIException):
    """The body's length is not announced (RFC 9110 §15.5.12)."""

    status_code = 411
    default_detail = "the body needs a Content-Length"
    default_code = "length_required"


class JSONObjectParser(BaseParser):
    """Parses a JSON object (RFC 8259); its encoding is UTF-8 whatever a charset parameter says."""

    media_type = "application/json"

    def parse(
        self,
        stream: IO[Any],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> dict[str, Any]:
        """Return the members of the object, or raise what the client is to be told."""
        del media_type, parser_context
        longest = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
        body = stream.read(longest + 1)
        if len(body) > longest:
            raise ContentTooLarge(f"the body may have {longest:,} bytes")
        try:
            document = orjson.loads(body)
        except orjson.JSONDecodeError as error:
            raise ParseError(f"the body is not JSON: {error}") from None
        if not isinstance(document, dict):
            raise ParseError("the body must be a JSON object")
        return document


def load_body(request: Request) -> None:
    """Read the request's body into `request.data`: its members, an empty dictionary if it has none."""
    announced = request.META.get("CONTENT_LENGTH")
    if announced in _NO_LENGTH and request.META.get("HTTP_TRANSFER_ENCODING"):
        raise LengthRequired
    if announced not in _NO_LENGTH and _is_longer(str(announced), settings.DATA_UPLOAD_MAX_MEMORY_SIZE):
        # Before a byte of it is read, and before its media type is looked at.
        raise ContentTooLarge(f"the body may have {settings.DATA_UPLOAD_MAX_MEMORY_SIZE:,} bytes")
    _ = request.data  # Parsed on first use, which must not be under a lock.


def _is_longer(announced: str, longest: int) -> bool:
    return announced.isascii() and announced.isdigit() and int(announced[:20]) > longest
