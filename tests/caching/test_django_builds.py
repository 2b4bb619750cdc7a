"""A build sees nothing of any client, and keeps what may be kept (P9, P10)."""

import io
from contextlib import contextmanager

import orjson
import pytest
from django.db import InterfaceError, OperationalError, connection
from django.http import HttpResponse, StreamingHttpResponse

from caching.answer import Answer
from caching.building import changes_at, depends_on, is_building
from caching.coherence import Coherence
from caching.django_builds import DjangoBuilds
from caching.entry import Entry
from caching.l1 import L1
from caching.routes import Target, cache_key
from tests.caching.entries import NOW
from tests.caching.origin import SHORT_LIVED, THINGS, target_of

pytestmark = pytest.mark.django_db

BODY = b'{"id":1}'


class Handler:
    """Answers like Django's own handler, by one view."""

    def __init__(self, view):
        self.view = view
        self.requests = []

    def get_response(self, request):
        self.requests.append(request)
        return self.view(request)


def answers(request):
    depends_on(["thing:1"])
    return HttpResponse(BODY, content_type="application/json")


def builds_of(view, **options):
    coherence = Coherence(L1(10_000_000))
    coherence.trust()
    handler = Handler(view)

    def store(entry, start):
        return coherence.store(entry, start=start.position)

    return DjangoBuilds(handler, store, clock=lambda: NOW, **options), coherence, handler


def built(view, target=None, **options):
    builds, coherence, _ = builds_of(view, **options)
    return builds(target or target_of(1), coherence.begin()), coherence


def test_the_request_is_made_from_the_cache_key_alone(settings):
    settings.ALLOWED_HOSTS = [".example.org"]
    builds, coherence, handler = builds_of(answers)
    values = {"limit": "5", "page": "2"}
    builds(Target(THINGS, "/things/", values, cache_key("/things/", values)), coherence.begin())
    (request,) = handler.requests

    assert (request.method, request.get_full_path()) == ("GET", "/things/?limit=5&page=2")
    assert request.get_host() == "example.org"
    assert request.is_secure()
    assert request.COOKIES == {}
    assert request.body == b""
    assert {name for name in request.META if name.startswith("HTTP_")} == set()
    assert not isinstance(request.META["wsgi.input"], io.TextIOBase)


@pytest.mark.parametrize("hosts", [[], ["*"]])
def test_where_any_host_will_do_it_is_a_constant(settings, hosts):
    settings.ALLOWED_HOSTS = hosts
    builds, coherence, handler = builds_of(answers)
    builds(target_of(1), coherence.begin())

    assert handler.requests[0].META["SERVER_NAME"] == "localhost"


def test_an_answer_becomes_an_entry_with_its_dependencies():
    def view(request):
        changes_at(NOW + 7)
        response = answers(request)
        response["Link"] = '</things/?page=2>; rel="next"'
        response["Set-Cookie"] = "secret=1"
        response["Vary"] = "Cookie"
        return response

    landing, coherence = built(view)
    entry, fields = landing.result, dict(landing.result.variants["identity"].full)

    assert landing.is_stored
    assert coherence.l1.get(b"/things/1/") is entry
    assert entry.variants["identity"].body == BODY
    assert {"thing:1", "thing:*"} <= entry.surrogate_keys
    assert entry.changes_at == NOW + 7
    assert fields[b"link"] == b'</things/?page=2>; rel="next"'
    assert b"set-cookie" not in fields
    assert fields[b"vary"] == b"Accept-Encoding"


def test_a_404_is_kept_for_a_short_while():
    landing, _ = built(lambda request: HttpResponse(b"{}", status=404))

    assert landing.is_stored
    assert landing.result.policy is SHORT_LIVED


@pytest.mark.parametrize("status", [201, 301, 400, 401, 403, 405, 410, 429, 500, 503])
def test_any_other_answer_is_not_kept(status):
    def view(request):
        return HttpResponse(b"{}", status=status, headers={"Retry-After": "9"})

    landing, coherence = built(view)

    assert isinstance(landing.result, Answer)
    assert not landing.is_stored
    assert landing.result.status == status
    assert dict(landing.result.fields)[b"cache-control"] == b"no-store"
    assert dict(landing.result.fields)[b"retry-after"] == b"9"
    assert len(coherence.l1) == 0


def test_what_a_write_has_overtaken_is_answered_and_not_kept():
    def view(request):
        coherence.invalidate({"thing:1"})
        return answers(request)

    builds, coherence, _ = builds_of(view)
    landing = builds(target_of(1), coherence.begin())

    assert isinstance(landing.result, Entry)
    assert not landing.is_stored
    assert len(coherence.l1) == 0


@pytest.mark.parametrize(
    "error", [OperationalError("gone"), InterfaceError("closed")], ids=["gone", "closed"]
)
def test_without_a_database_it_is_503_and_says_when_to_come_back(error, monkeypatch):
    monkeypatch.setattr(connection, "close", lambda: None)  # The test's own transaction goes on.

    def view(request):
        raise error

    landing, _ = built(view)

    assert landing.result.status == 503
    assert b"retry-after" in dict(landing.result.fields)
    assert orjson.loads(landing.result.body)["status"] == 503


def test_a_failure_of_our_own_is_500_and_tells_nothing(caplog):
    def view(request):
        raise ZeroDivisionError("a secret")

    landing, _ = built(view)

    assert landing.result.status == 500
    assert b"secret" not in landing.result.body
    assert "a secret" in caplog.text


def test_an_answer_that_streams_is_a_mistake_that_is_noticed(caplog):
    landing, _ = built(lambda request: StreamingHttpResponse([b"x"]))

    assert landing.result.status == 500
    assert "need a response with a body in memory" in caplog.text


def test_reads_are_observed_inside_the_snapshot_while_it_is_built():
    events = []

    @contextmanager
    def observing():
        events.append(("observing", is_building(), len(connection.savepoint_ids)))
        yield
        events.append("observed")

    def view(request):
        events.append(("reading", is_building(), len(connection.savepoint_ids)))
        return answers(request)

    built(view, observing=observing)

    depth = events[0][2]
    assert events == [("observing", True, depth), ("reading", True, depth + 1), "observed"]
    assert not is_building()
