"""What must hold for every answer that Django gives itself?

Two rules, as the outermost middleware. A write is relayed before it is acknowledged (P1), and
no answer leaves without saying whether it may be stored (RFC 9205 §4.9.1): what does not
say so is `no-store`. Representations being built get their fields from the front instead.
"""

from __future__ import annotations

from collections.abc import Callable

from django.conf import settings
from django.db import DatabaseError, InterfaceError
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase

from caching.building import is_building
from caching.edges import groups
from caching.headers import PUBLIC_FIELDS
from caching.relaying import relay
from caching.surrogate_keys import EVERYTHING
from caching.tiered import fleet as tiered_fleet
from caching.tiered.l1 import is_change

_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})
_JSON = ("application/json", "application/problem+json", "application/vnd.oai.openapi")

GetResponse = Callable[[HttpRequest], HttpResponseBase]


class RelayBeforeAnswer:
    """Invalidate what a request has changed, in the database or in Django's cache, before its client hears.

    Any request may change the cache: a session, a count. Nobody waits who has changed nothing. Where
    answers carry `Cache-Groups`, a write's answer says which of them it may have made outdated.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self._get_response = get_response
        self._names_groups = "cache-groups" in settings.READPATH["EDGE_LABELS"]

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer, and relay first what an unsafe method may have changed."""
        is_safe = request.method in _SAFE_METHODS
        begun_at = relay.position() if self._names_groups and not is_safe else None
        with tiered_fleet.deferring():
            response = self._get_response(request)
            # Errors too: a view may have committed before it failed.
            if not is_safe:
                relay.acknowledge()
        # A refusal has changed nothing; an error may have come after a commit.
        if begun_at is not None and not 400 <= response.status_code < 500:
            heard = relay.heard_since(begun_at)
            # Where nobody can tell, all is named, but not for strangers: they cannot have written, and
            # would have every cache on their way drop all that it keeps.
            if heard is not None or _is_known(request):
                _name_groups(response, heard)
        return response


def _is_known(request: HttpRequest) -> bool:
    user = getattr(request, "user", None)
    try:
        return user is not None and user.is_authenticated
    except (DatabaseError, InterfaceError):
        # Who has a session is looked up at first need; the write has succeeded all the same.
        return True


def _name_groups(response: HttpResponseBase, heard: frozenset[str] | None) -> None:
    """Say which groups of answers are outdated: all of them if nobody can tell."""
    keys = {EVERYTHING} if heard is None else {key for key in heard if not is_change(key)}
    if keys:
        response[groups.FIELD] = groups.group_invalidation(keys)


class ExplicitCacheability:
    """Give an answer that says nothing about storing it `no-store`, and JSON our common fields."""

    def __init__(self, get_response: GetResponse) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer, with the fields that are missing."""
        response = self._get_response(request)
        if is_building():
            return response
        if not response.has_header("Cache-Control"):
            response["Cache-Control"] = "no-store"
        _say_length(response)
        if str(response.get("Content-Type", "")).startswith(_JSON) or _is_empty(response):
            _set_public_fields(response)
        return response


def _say_length(response: HttpResponseBase) -> None:
    """Say how long the content is where Django's own middleware was not reached (a host that is not ours)."""
    if isinstance(response, HttpResponse) and response.content and not response.has_header("Content-Length"):
        response["Content-Length"] = str(len(response.content))


def _is_empty(response: HttpResponseBase) -> bool:
    return isinstance(response, HttpResponse) and not response.content and not response.has_header("Location")


def _set_public_fields(response: HttpResponseBase) -> None:
    for name, value in PUBLIC_FIELDS:
        response[name.decode()] = value.decode()
