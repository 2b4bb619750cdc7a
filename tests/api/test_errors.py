"""Every failure is a problem document with the fields that its status needs, and tells no secrets."""

from __future__ import annotations

import pytest
from django.core import exceptions as django_exceptions
from django.db import InterfaceError, OperationalError, connection
from django.http import Http404
from django.http.request import UnreadablePostError
from django.test import override_settings
from django.urls import path
from rest_framework import exceptions
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.test import APIClient
from rest_framework.views import APIView

from api import errors
from api.urls import urlpatterns as real_urlpatterns
from caching.parameters import BadParameter

RAISED: dict[str, Exception] = {}


class Raising(APIView):
    """Raises what the test put there."""

    def get(self, request: Request) -> Response:
        """Fail."""
        raise RAISED["now"]


def plain(request):
    """Fail outside DRF."""
    raise RAISED["now"]


urlpatterns = [*real_urlpatterns, path("raising/", Raising.as_view()), path("plain/", plain)]
handler400, handler403, handler404, handler500 = (
    errors.bad_request,
    errors.permission_denied,
    errors.not_found,
    errors.server_error,
)


@pytest.fixture
def raising(settings):
    """Return a function that answers a request whose view raises the exception."""
    settings.ROOT_URLCONF = __name__
    settings.DEBUG = False

    def answer(exception: Exception, url: str = "/raising/"):
        RAISED["now"] = exception
        return APIClient(raise_request_exception=False).get(url)

    return answer


def assert_problem(response, status: int) -> dict:
    body = response.json()
    assert (response.status_code, body["status"]) == (status, status)
    assert response["Content-Type"] == "application/problem+json"
    assert {"type", "title", "status", "detail", "instance"} <= set(body)
    assert response["Cache-Control"] == "no-store"
    assert "Traceback" not in response.content.decode()
    return body


@pytest.mark.parametrize(
    ("exception", "status"),
    [
        (BadParameter("limit", "limit: need an integer"), 400),
        (exceptions.ParseError("JSON parse error"), 400),
        (exceptions.NotAuthenticated(), 401),
        (exceptions.AuthenticationFailed(), 401),
        (exceptions.PermissionDenied(), 403),
        (django_exceptions.PermissionDenied("secret"), 403),
        (exceptions.NotFound("there is no such post"), 404),
        (Http404("secret"), 404),
        (exceptions.MethodNotAllowed("PUT"), 405),
        (exceptions.NotAcceptable(), 406),
        (django_exceptions.RequestDataTooBig("secret"), 413),
        (exceptions.UnsupportedMediaType("text/plain"), 415),
        (django_exceptions.TooManyFieldsSent("secret"), 400),
        (django_exceptions.SuspiciousOperation("secret"), 400),
        (UnreadablePostError("secret"), 400),
        (exceptions.Throttled(wait=3.2), 429),
        (OperationalError("secret"), 503),
        (InterfaceError("secret"), 503),
        (exceptions.APIException("we failed"), 500),
        (ZeroDivisionError("secret"), 500),
    ],
)
def test_every_exception_becomes_a_problem(raising, exception, status):
    body = assert_problem(raising(exception), status)
    assert body["instance"] == "/raising/"
    assert "secret" not in str(body)


@pytest.mark.parametrize(
    ("exception", "status"),
    [
        (Http404("secret"), 404),
        (django_exceptions.PermissionDenied("secret"), 403),
        (django_exceptions.SuspiciousOperation("secret"), 400),
        (django_exceptions.RequestDataTooBig("secret"), 413),
        (OperationalError("secret"), 503),
        (ZeroDivisionError("secret"), 500),
    ],
)
def test_what_fails_outside_the_api_is_a_problem_too(raising, exception, status):
    assert "secret" not in str(assert_problem(raising(exception, "/plain/"), status))


def test_a_bad_parameter_is_named(raising):
    assert assert_problem(raising(BadParameter("limit", "limit: no")), 400)["parameter"] == "limit"
    assert "parameter" not in assert_problem(raising(BadParameter(None, "the query is not UTF-8")), 400)


@pytest.mark.parametrize(
    ("exception", "found"),
    [
        (exceptions.ValidationError({"title": ["too long"]}), {"title": ["too long"]}),
        (exceptions.ValidationError(["no"]), ["no"]),
        (django_exceptions.ValidationError({"slug": ["taken"]}), {"slug": ["taken"]}),
        (django_exceptions.ValidationError("no"), ["no"]),
    ],
)
def test_a_validation_error_tells_member_by_member(raising, exception, found):
    assert assert_problem(raising(exception), 400)["errors"] == found


def test_statuses_carry_the_fields_they_need(raising):
    assert raising(exceptions.NotAuthenticated())["WWW-Authenticate"] == "Token"
    assert raising(exceptions.Throttled(wait=3.2))["Retry-After"] == "4"
    assert raising(exceptions.Throttled())["Retry-After"] == "5"
    assert raising(OperationalError())["Retry-After"] == "5"
    assert raising(OperationalError(), "/plain/")["Retry-After"] == "5"
    assert raising(exceptions.MethodNotAllowed("PUT"))["Allow"] == "GET, HEAD, OPTIONS"


@pytest.mark.parametrize(
    "path",
    [
        "/nothing",
        "/api/",
        "/api/v1/",
        "/api/v1/posts/UPPER/",
        "/api/v1/comments/x/",
        "/api/v2/posts/",
        "/%00",
    ],
)
def test_a_url_that_is_none_of_ours_is_a_problem(client, path):
    assert_problem(client.get(path), 404)


@pytest.mark.django_db
@pytest.mark.parametrize("method", ["delete", "put", "patch", "post"])
def test_a_method_that_is_not_there_is_told_which_are(client, method):
    response = getattr(client, method)("/api/v1/authors/")
    assert_problem(response, 405)
    assert response["Allow"] == "GET, HEAD, OPTIONS"


@override_settings(ALLOWED_HOSTS=["example.org"])
def test_a_foreign_host_is_a_bad_request(client):
    assert_problem(client.get("/nothing/", HTTP_HOST="evil.example"), 400)


@pytest.mark.django_db
def test_a_lost_database_is_a_503_that_says_when_to_come_back(client):
    def lost(execute, sql, params, many, context):
        raise OperationalError("could not connect to server at 10.0.0.7")

    with connection.execute_wrapper(lost):
        response = client.get("/api/v1/posts/")
    assert "10.0.0.7" not in str(assert_problem(response, 503))
    assert response["Retry-After"] == "5"


@pytest.mark.parametrize(
    "query",
    [
        "x=1",
        "limit=5&limit=5",
        "limit=05",
        "cursor=x",
        "author=1&tag=1",
        "ordering=id",
        "search=",
        "fields=x",
        "%ff=1",
    ],
)
def test_a_bad_query_is_refused_without_a_database(client, query):
    # This test did not ask for one, so that touching it would fail.
    assert_problem(client.get(f"/api/v1/posts/?{query}"), 400)
