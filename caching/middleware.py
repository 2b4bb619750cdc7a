"""What must hold for every answer that Django gives itself?

Two rules, as the outermost middleware. A write is relayed before it is acknowledged (P1), and
no answer leaves without saying whether it may be stored (RFC 9205 §4.9.1): what does not
say so is `no-store`. Representations being built get their fields from the front instead.
"""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase

from caching.building import is_building
from caching.headers import PUBLIC_FIELDS
from caching.relaying import relay
from caching.tiered import fleet as tiered_fleet

_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})
_JSON = ("application/json", "application/problem+json", "application/vnd.oai.openapi")

GetResponse = Callable[[HttpRequest], HttpResponseBase]


class RelayBeforeAnswer:
    """Invalidate what a request has changed, in the database or in Django's cache, before its client hears.

    Any request may change the cache: a session, a count. Nobody waits who has changed nothing.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer, and relay first what an unsafe method may have changed."""
        with tiered_fleet.deferring():
            response = self._get_response(request)
            # Errors too: a view may have committed before it failed.
            if request.method not in _SAFE_METHODS:
                relay.acknowledge()
        return response


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
