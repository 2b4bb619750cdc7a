"""A write is relayed before it is answered (P1), and every answer says whether it may be stored."""

import pytest
from django.http import HttpResponse, StreamingHttpResponse
from django.test import RequestFactory

from caching.building import collecting
from caching.middleware import ExplicitCacheability, RelayBeforeAnswer
from caching.relaying import relay

REQUEST = RequestFactory()


@pytest.fixture
def events():
    """Return what happened, in order; the process's relay notes when it is asked."""
    happened = []

    class Acknowledging:
        def acknowledge(self):
            happened.append("relayed")

    relay.activate(Acknowledging())
    yield happened
    relay.deactivate()


def ask(method, events, *, status=200):
    def view(request):
        events.append("written")
        return HttpResponse(status=status)

    response = RelayBeforeAnswer(view)(REQUEST.generic(method, "/"))
    events.append("answered")
    return response


@pytest.mark.parametrize("status", [200, 201, 204, 400, 409, 500])
@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "BREW"])
def test_an_unsafe_request_is_relayed_before_it_is_answered_whatever_came_of_it(method, status, events):
    assert ask(method, events, status=status).status_code == status
    assert events == ["written", "relayed", "answered"]


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS", "TRACE"])
def test_a_safe_request_waits_for_nobody(method, events):
    ask(method, events)

    assert events == ["written", "answered"]


def fields_of(response):
    return ExplicitCacheability(lambda request: response)(REQUEST.get("/")).headers


@pytest.mark.parametrize("content_type", ["application/json", "application/problem+json", "text/html"])
def test_what_does_not_say_so_may_not_be_stored(content_type):
    assert fields_of(HttpResponse(b"x", content_type=content_type))["Cache-Control"] == "no-store"


def test_what_says_so_is_left_as_it_is():
    fields = fields_of(HttpResponse(b"x", headers={"Cache-Control": "max-age=9"}, content_type="text/css"))

    assert fields["Cache-Control"] == "max-age=9"


@pytest.mark.parametrize(
    "response",
    [
        pytest.param(HttpResponse(b"{}", content_type="application/json"), id="JSON"),
        pytest.param(HttpResponse(b"{}", content_type="application/problem+json"), id="problem"),
        pytest.param(HttpResponse(status=204), id="nothing"),
    ],
)
def test_json_has_the_fields_that_public_reads_have(response):
    fields = fields_of(response)

    assert fields["Vary"] == "Accept-Encoding"
    assert fields["X-Content-Type-Options"] == "nosniff"
    assert fields["Access-Control-Allow-Origin"] == "*"


@pytest.mark.parametrize(
    "response",
    [
        pytest.param(HttpResponse("<p>", content_type="text/html"), id="HTML"),
        pytest.param(StreamingHttpResponse([b"x"], content_type="text/css"), id="a file"),
        pytest.param(HttpResponse(status=302, headers={"Location": "/"}), id="a redirect"),
    ],
)
def test_pages_for_people_are_not_opened_to_other_origins(response):
    assert "Access-Control-Allow-Origin" not in fields_of(response)


def test_a_representation_that_is_being_built_gets_its_fields_from_the_front():
    with collecting():
        assert "Cache-Control" not in fields_of(HttpResponse(b"{}", content_type="application/json"))
