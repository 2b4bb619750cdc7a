"""How does every failure become one `application/problem+json` (RFC 9457)?

DRF's exceptions and Django's own, refused parameters, a database that is away, and what
nobody expected: each has a status, the header fields that its status needs (RFC 9110 §15)
and words for the client. What went wrong inside stays inside; the log has it.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Final

from django.core.exceptions import (
    PermissionDenied,
    RequestDataTooBig,
    SuspiciousOperation,
    TooManyFieldsSent,
    TooManyFilesSent,
)
from django.core.exceptions import ValidationError as ModelValidationError
from django.db import InterfaceError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse
from django.http.multipartparser import MultiPartParserError
from django.http.request import RawPostDataException, UnreadablePostError
from rest_framework import exceptions
from rest_framework.views import set_rollback

from api.parsers import ContentTooLarge
from caching.parameters import BadParameter
from caching.problems import CONTENT_TYPE, encoded, problem

RETRY_AFTER: Final = 5  # Seconds; about what a database needs to come back from a restart.
DATABASE_IS_AWAY: Final = (OperationalError, InterfaceError)

_TOO_LARGE: Final = "the request's content is too large"
_UNREADABLE: Final = (
    TooManyFieldsSent,
    TooManyFilesSent,
    SuspiciousOperation,
    MultiPartParserError,
    UnreadablePostError,
    RawPostDataException,
)

# The first that fits: too large a body is suspicious, too.
_WORDS: Final[tuple[tuple[Any, Callable[[], exceptions.APIException]], ...]] = (
    (Http404, exceptions.NotFound),
    (PermissionDenied, exceptions.PermissionDenied),
    (RequestDataTooBig, partial(ContentTooLarge, _TOO_LARGE)),
    (_UNREADABLE, partial(exceptions.ParseError, "the request's content cannot be read")),
)


def problem_answer(
    request: HttpRequest | None,
    status: int,
    detail: str,
    fields: Mapping[str, str] | None = None,
    **members: Any,
) -> HttpResponse:
    """Return a problem document about the request as a response."""
    instance = request.path if request is not None else None
    body = encoded(problem(status, detail, instance=instance, **members))
    return HttpResponse(body, status=status, content_type=CONTENT_TYPE, headers=dict(fields or {}))


def problem_response(exc: Exception, context: Mapping[str, Any]) -> HttpResponse | None:
    """Answer what a view raised; None for what nobody expected, which Django then reports.

    This is DRF's `EXCEPTION_HANDLER`.
    """
    set_rollback()
    request = context.get("request")
    if isinstance(exc, BadParameter):
        return problem_answer(request, 400, str(exc), None, **_unless_none("parameter", exc.parameter))
    if isinstance(exc, DATABASE_IS_AWAY):
        return _unavailable(request)
    known = _as_api_exception(exc)
    if known is None:
        return None
    errors = known.detail if isinstance(known, exceptions.ValidationError) else None
    fields = _fields_of(known, context)
    return problem_answer(
        request, known.status_code, _detail_of(known), fields, **_unless_none("errors", errors)
    )


def problem_about(exc: Exception, path: str) -> tuple[int, bytes, dict[str, str]]:
    """Return status, body and fields of the answer to a public read of this path that raised.

    Raises what is no answer of the API's.
    """
    if isinstance(exc, BadParameter):
        members = _unless_none("parameter", exc.parameter)
        return 400, encoded(problem(400, str(exc), instance=path, **members)), {}
    known = _as_api_exception(exc)
    if known is None:
        raise exc
    body = encoded(problem(known.status_code, _detail_of(known), instance=path))
    return known.status_code, body, _fields_of(known, {})


def _unless_none(name: str, value: Any) -> dict[str, Any]:
    return {} if value is None else {name: value}


def _as_api_exception(exc: Exception) -> exceptions.APIException | None:
    """Return DRF's word for an exception, None if there is none."""
    if isinstance(exc, exceptions.APIException):
        return exc
    if isinstance(exc, ModelValidationError):
        return exceptions.ValidationError(exc.message_dict if hasattr(exc, "error_dict") else exc.messages)
    return next((word() for kinds, word in _WORDS if isinstance(exc, kinds)), None)


def _detail_of(known: exceptions.APIException) -> str:
    if isinstance(known, exceptions.ValidationError):
        return "the request's content is not valid; see errors"
    detail = known.detail
    return str(detail) if isinstance(detail, str) else "; ".join(str(part) for part in detail)


def _fields_of(known: exceptions.APIException, context: Mapping[str, Any]) -> dict[str, str]:
    """Return the fields that the status needs: who may try, with what, and when."""
    fields = {}
    if known.status_code == 401:
        fields["WWW-Authenticate"] = getattr(known, "auth_header", None) or "Token"
    if isinstance(known, exceptions.MethodNotAllowed):
        fields["Allow"] = ", ".join(context["view"].allowed_methods)
    wait = getattr(known, "wait", None)
    if wait is not None or known.status_code in {429, 503}:
        fields["Retry-After"] = str(max(1, math.ceil(wait if wait is not None else RETRY_AFTER)))
    return fields


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer what Django itself finds wrong with a request, such as its host."""
    if isinstance(exception, RequestDataTooBig):
        return problem_answer(request, 413, _TOO_LARGE)
    return problem_answer(request, 400, "the request cannot be understood")


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer what Django itself refuses."""
    del exception
    return problem_answer(request, 403, "you may not do this")


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer a request for a URL that is none of ours."""
    del exception
    return problem_answer(request, 404, "there is nothing at this URL")


def server_error(request: HttpRequest) -> HttpResponse:
    """Answer after a failure of our own; Django has logged it."""
    if isinstance(sys.exception(), DATABASE_IS_AWAY):
        return _unavailable(request)
    return problem_answer(request, 500, "the service failed; it is not your fault")


def _unavailable(request: HttpRequest | None) -> HttpResponse:
    retry = {"Retry-After": str(RETRY_AFTER)}
    return problem_answer(request, 503, "the database cannot be reached; try again in a few seconds", retry)
