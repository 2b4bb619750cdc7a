"""What do all unsafe requests have in common? The way to the write, and the answer to it.

The order of the checks is the order in which a request is turned away:

    405   no such method here                  before anyone is asked for a token
    401   a wrong token                        429   too many writes
    401   none, 403 not an author
    411, 413, 415, 400                         the body as a whole: read before any lock is taken
    ── transaction begins, the row is locked ──
    404   not there, or not for these eyes     403   somebody else's
    428, 412                                   preconditions (RFC 9110 §13.2.1: before the content)
    400                                        the members of the body
    ── the write; the representation is rendered; commit ──
    200, 201, 204

`Writing` is mixed into a view in front of its reading half. Safe requests pass through it
untouched and look at no credentials: public reads are the same for everyone.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, Final

from django.db import IntegrityError
from django.http import HttpResponse
from django.utils import timezone
from rest_framework import serializers
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import (
    APIException,
    AuthenticationFailed,
    MethodNotAllowed,
    ParseError,
    PermissionDenied,
)
from rest_framework.permissions import SAFE_METHODS
from rest_framework.request import Request
from rest_framework.response import Response

from api.authentication import ByToken
from api.models import Author
from api.parsers import JSONObjectParser, load_body
from api.permissions import WritesNeedAnAuthor, author_of
from api.preconditions import check_preconditions, identity_etag, require_if_match
from api.renderers import render
from api.representations import Representation
from api.throttles import WriteThrottle
from api.views.public import AnswersOptions

JSON: Final = "application/json"


class Conflict(APIException):
    """Another write came in between (RFC 9110 §15.5.10)."""

    status_code = 409
    default_detail = "another write came in between; look at the thing again and repeat this one"
    default_code = "conflict"


class Guarded(AnswersOptions):
    """A view that asks who it is, but not for a method that it does not have."""

    authentication_classes = [ByToken]

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Turn away unknown methods first: 405 whoever asks."""
        method = str(request.method).lower()
        if method not in self.http_method_names or not hasattr(self, method):
            raise MethodNotAllowed(str(request.method))
        super().initial(request, *args, **kwargs)

    @property
    def default_response_headers(self) -> dict[str, str]:
        """Nothing: DRF's `Allow` belongs on 405 and OPTIONS, which say it themselves."""
        return {}


class Writing(Guarded):
    """A view with unsafe methods. `now` is when the request was taken in hand."""

    parser_classes = [JSONObjectParser]
    permission_classes = [WritesNeedAnAuthor]
    throttle_classes = [WriteThrottle]
    now: datetime

    def get_authenticators(self) -> list[BaseAuthentication]:
        """Return none for a safe method: what anyone may read does not depend on who asks."""
        if self.request is not None and self.request.method in SAFE_METHODS:
            return []
        return super().get_authenticators()

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Turn away what can be turned away without a look at the database's content."""
        super().initial(request, *args, **kwargs)
        if request.method in SAFE_METHODS:
            return
        if request.META.get("QUERY_STRING"):
            raise ParseError("a write takes no query parameters")
        load_body(request)
        self.now = timezone.now()

    def perform_authentication(self, request: Request) -> None:
        """Ask who it is, and count those whose token is wrong by their address."""
        try:
            super().perform_authentication(request)
        except AuthenticationFailed:
            super().check_throttles(request)
            raise

    def check_permissions(self, request: Request) -> None:
        """Count the request before it may be refused: refusing costs a query, too."""
        super().check_throttles(request)
        super().check_permissions(request)

    def check_throttles(self, request: Request) -> None:
        """Do nothing: the request was counted before its permissions were checked."""

    @property
    def author(self) -> Author:
        """The author whom the client writes as; a view that `needs_author` has one."""
        author = author_of(self.request.user)
        if author is None:
            raise PermissionDenied(WritesNeedAnAuthor.message)
        return author

    def require_if_match(self) -> None:
        """Raise if a write to an existing thing must be conditional and is not (428)."""
        require_if_match(self.request)

    def check_preconditions(
        self,
        current: Callable[[], Representation | None],
        changed_at: datetime | None = None,
    ) -> None:
        """Raise if the request is about another representation than the current one (412)."""
        check_preconditions(self.request, current, changed_at)

    def handle_exception(self, exc: Exception) -> Response:
        """Answer 409 if the database refused what had been checked: all of the transaction is undone."""
        return super().handle_exception(Conflict() if isinstance(exc, IntegrityError) else exc)


def checked(serializer_class: type[serializers.Serializer[Any]], request: Request) -> dict[str, Any]:
    """Return the members of the request's body as the serializer understands them, or raise."""
    serializer = serializer_class(data=request.data)
    serializer.is_valid(raise_exception=True)
    return dict(serializer.validated_data)


def list_as_read(view: Any, **segments: str) -> Representation:
    """Return the list that a POST adds to, as a GET of the same URL shows it."""
    shown = view.respond(view.request.path, {}, now=view.now, **segments)
    return Representation(render(shown.data), view.request.path)


def represented(current: Representation, *, status: int = 200) -> HttpResponse:
    """Answer with a representation, and the ETag to make the next write conditional with.

    `Content-Location` says that this is what a GET there would give (RFC 9110 §8.7).
    """
    response = HttpResponse(current.body, status=status, content_type=JSON)
    response["ETag"] = identity_etag(current.body)
    response["Content-Location"] = current.location
    if status == 201:
        response["Location"] = current.location
    return response


def done() -> HttpResponse:
    """Answer that there is nothing to show."""
    response = HttpResponse(status=204)
    del response["Content-Type"]
    return response
