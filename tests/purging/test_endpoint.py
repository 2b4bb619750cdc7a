"""Staff may have keys purged over HTTP, and see how the edges stand; nobody else may."""

from __future__ import annotations

from typing import Any

import pytest
from rest_framework.settings import api_settings
from rest_framework.test import APIClient

from caching import purge_queue
from caching.models import Outbox
from caching.purging import due
from caching.surrogate_keys import surrogate_key
from tests.api.writers import Writer, assert_problem, make_writer

URL = "/api/v1/purges/"
LONG_LABEL = f"post:slug={'long-' * 20}"

pytestmark = pytest.mark.django_db


@pytest.fixture
def staff() -> Writer:
    """Return a client of staff without an author."""
    return make_writer(is_staff=True, is_author=False)


@pytest.fixture(autouse=True)
def _nothing_waits(db: None) -> None:
    Outbox.objects.all().delete()


@pytest.fixture
def _edge() -> None:
    purge_queue.register({"cdn": None})


def recorded() -> set[str]:
    return set(Outbox.objects.values_list("key", flat=True))


@pytest.mark.usefixtures("_edge")
@pytest.mark.parametrize(
    ("order", "labels"),
    [
        pytest.param({"keys": ["post:42", "posts", "post:42"]}, {"post:42", "posts"}, id="keys"),
        pytest.param({"keys": ["post:42"], "hard": True}, {"post:42!"}, id="hard"),
        pytest.param({"keys": ["post:*"]}, {"post:*"}, id="coarse"),
        pytest.param({"keys": [LONG_LABEL]}, {surrogate_key(LONG_LABEL)}, id="by slug"),
        pytest.param({"all": True}, {"all"}, id="all"),
        pytest.param({"all": True, "hard": True}, {"all!"}, id="all, hard"),
        pytest.param({"keys": ["post:42"], "all": False, "hard": False}, {"post:42"}, id="said in full"),
    ],
)
def test_order_of_staff_is_taken(staff: Writer, order: dict[str, Any], labels: set[str]) -> None:
    for _ in range(2):
        response = staff.post(URL, order)
        assert (response.status_code, response.json()) == (202, {"keys": len(labels), "edges": ["cdn"]})
        assert response["Cache-Control"] == "private, no-store"
        assert recorded() == labels


@pytest.mark.parametrize(
    "order",
    [
        {},
        {"keys": []},
        {"keys": ["post:42"], "all": True},
        {"all": False},
        {"all": "true"},
        {"keys": "post:42"},
        {"keys": [42]},
        {"keys": ["Post:42"]},
        {"keys": ["post:42!"]},
        {"keys": ["post:42 post:43"]},
        {"keys": ["post:42\n"]},
        {"keys": [""]},
        {"keys": ["x" * 33]},
        {"keys": ["post:slug=a b"]},
        {"keys": [f"post:{number}" for number in range(257)]},
        {"keys": ["post:42"], "hard": 1},
        {"keys": ["post:42"], "soft": True},
    ],
    ids=lambda order: str(order)[:60],
)
def test_what_is_no_order_is_refused_and_purges_nothing(staff: Writer, order: dict[str, Any]) -> None:
    assert "errors" in assert_problem(staff.post(URL, order), 400)
    assert recorded() == set()


def test_order_takes_no_parameters_and_neither_does_a_look(staff: Writer) -> None:
    assert_problem(staff.post(f"{URL}?all=1", {"all": True}), 400)
    assert_problem(staff.get(f"{URL}?all=1"), 400)
    assert recorded() == set()


@pytest.mark.usefixtures("_edge")
def test_look_shows_what_waits_and_what_fails(staff: Writer) -> None:
    due.fail("cdn", "it is out of reach", retry_in=0.5)
    response = staff.get(URL)
    assert response.status_code == 200
    assert response["Cache-Control"] == "private, no-store"
    shown = response.json()["edges"]["cdn"]
    assert (shown["waiting"], shown["failures"], shown["reason"]) == (1, 1, "it is out of reach")
    assert shown["purged_ago"] is None


@pytest.mark.parametrize("method", ["get", "post"])
def test_others_may_neither_purge_nor_look(method: str) -> None:
    for token, status in ((None, 401), ("Token wrong", 401)):
        headers = {} if token is None else {"Authorization": token}
        response = getattr(APIClient(), method)(URL, headers=headers)
        assert_problem(response, status)
        assert response["WWW-Authenticate"] == "Token"
    assert_problem(getattr(make_writer(is_author=False), method)(URL), 403)
    assert recorded() == set()


def test_orders_are_counted_and_looks_are_not(staff: Writer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(api_settings.DEFAULT_THROTTLE_RATES, "write", "2/min")
    for _ in range(4):
        assert staff.get(URL).status_code == 200
    for _ in range(2):
        assert staff.post(URL, {"keys": ["post:42"]}).status_code == 202
    response = staff.post(URL, {"keys": ["post:43"]})
    assert_problem(response, 429)
    assert 1 <= int(response["Retry-After"]) <= 60
    assert recorded() == {"post:42"}


def test_other_methods_are_not_allowed_whoever_asks(staff: Writer) -> None:
    for client in (staff.client, APIClient()):
        response = client.delete(URL)
        assert_problem(response, 405)
        assert response["Allow"] == "GET, POST, HEAD, OPTIONS"
    options = APIClient().options(URL)
    assert (options.status_code, options["Allow"]) == (204, "GET, POST, HEAD, OPTIONS")


def test_order_may_not_insist_that_there_is_nothing(staff: Writer) -> None:
    assert_problem(staff.post(URL, {"keys": ["post:42"]}, **{"If-None-Match": "*"}), 412)
    assert recorded() == set()
