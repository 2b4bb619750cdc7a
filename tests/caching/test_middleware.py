"""A write is relayed before it is answered (P1), and every answer says whether it may be stored."""

import pytest
from django.contrib.auth.models import AnonymousUser, User
from django.http import HttpResponse, StreamingHttpResponse
from django.test import RequestFactory

from caching.building import collecting
from caching.middleware import ExplicitCacheability, RelayBeforeAnswer
from caching.relaying import relay
from caching.tiered.l1 import change_key

REQUEST = RequestFactory()
GROUPS = "Cache-Group-Invalidation"


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


class Hearing:
    """A relay that relays at once, whose process has heard of `heard` then."""

    def __init__(self, heard):
        self.heard = heard
        self.relayed_from = None

    def position(self):
        return 7

    def acknowledge(self):
        self.relayed_from = self.heard

    def heard_since(self, position):
        assert position == 7
        return self.relayed_from


@pytest.fixture
def naming_groups(settings):
    """Return a function that lets a request be answered, and returns the groups that the answer names."""
    settings.READPATH = settings.READPATH | {"EDGE_LABELS": ["xkey", "cache-groups"]}

    def named(heard, *, method="PATCH", status=200, by=None):
        relay.activate(Hearing(heard))
        request = REQUEST.generic(method, "/")
        request.user = by or User(username="an editor")
        return RelayBeforeAnswer(lambda _: HttpResponse(status=status))(request).get(GROUPS)

    yield named
    relay.deactivate()


def test_a_write_names_the_groups_that_were_invalidated_while_it_ran(naming_groups):
    assert naming_groups(frozenset({"post:1"})) == '"any", "post:1", "post:any"'


def test_where_nobody_can_tell_all_groups_are_named(naming_groups):
    assert naming_groups(None) == '"all"'


def test_where_nobody_can_tell_a_stranger_makes_no_cache_drop_everything(naming_groups):
    assert naming_groups(None, by=AnonymousUser()) is None


@pytest.mark.parametrize(
    ("status", "is_named"), [(201, True), (302, True), (401, False), (409, False), (500, True)]
)
def test_a_refusal_has_changed_nothing_but_an_error_may_have(naming_groups, status, is_named):
    named = naming_groups(frozenset({"post:1"}), status=status)

    assert (named is not None) is is_named


def test_what_invalidates_nothing_names_nothing(naming_groups):
    assert naming_groups(frozenset()) is None


def test_values_of_the_cache_are_nobodys_group(naming_groups):
    """The counts of a throttle, a session: no answer carries them."""
    change = change_key(":1:throttle_write_7")

    assert naming_groups(frozenset({change})) is None
    assert naming_groups(frozenset({change, "post:1"})) == '"any", "post:1", "post:any"'


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS", "TRACE"])
def test_the_answer_to_a_safe_request_names_no_groups(naming_groups, method):
    assert naming_groups(frozenset({"post:1"}), method=method) is None


def test_where_answers_carry_no_groups_none_are_named(naming_groups, settings):
    settings.READPATH = settings.READPATH | {"EDGE_LABELS": ["xkey"]}

    assert naming_groups(frozenset({"post:1"})) is None


def test_a_process_that_serves_no_reads_names_no_groups(naming_groups):
    relay.deactivate()

    assert RelayBeforeAnswer(lambda _: HttpResponse())(REQUEST.post("/")).get(GROUPS) is None


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
