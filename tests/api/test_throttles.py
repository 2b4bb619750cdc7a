"""One client can only write so often, and reading costs it nothing."""

from __future__ import annotations

from typing import Any

import pytest
from rest_framework.settings import api_settings
from rest_framework.test import APIClient

from tests.api.writers import DRAFTS, POSTS, Writer, assert_problem, make_writer
from tests.factories import make_post


@pytest.fixture
def _three_a_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(api_settings.DEFAULT_THROTTLE_RATES, "write", "3/min")


def exhaust(send: Any) -> None:
    for _ in range(3):
        assert send().status_code != 429


@pytest.mark.usefixtures("_three_a_minute")
def test_write_too_many_is_429_and_says_when_to_go_on(writer: Writer) -> None:
    url = f"{POSTS}{make_post().pk}/like/"
    exhaust(lambda: writer.put(url))
    response = writer.delete(url)
    assert_problem(response, 429)
    assert 1 <= int(response["Retry-After"]) <= 60


@pytest.mark.usefixtures("_three_a_minute")
def test_limit_is_a_clients_own(writer: Writer, stranger: Writer) -> None:
    url = f"{POSTS}{make_post().pk}/like/"
    exhaust(lambda: writer.put(url))
    assert stranger.put(url).status_code == 200


@pytest.mark.usefixtures("_three_a_minute")
def test_reads_are_never_counted(writer: Writer) -> None:
    post = make_post(author=writer.author)
    for _ in range(5):
        assert writer.get(f"{POSTS}{post.pk}/").status_code == 200
        assert writer.get(DRAFTS).status_code == 200
        assert writer.client.options(f"{POSTS}{post.pk}/").status_code == 204
    exhaust(lambda: writer.put(f"{POSTS}{post.pk}/like/"))
    assert writer.get(f"{POSTS}{post.pk}/").status_code == 200


@pytest.mark.usefixtures("_three_a_minute")
@pytest.mark.parametrize("token", [None, "Token wrong"])
@pytest.mark.django_db
def test_clients_without_a_good_token_are_counted_by_address(token: str | None) -> None:
    client = APIClient()
    headers = {} if token is None else {"Authorization": token}
    exhaust(lambda: client.post(POSTS, {}, format="json", headers=headers))
    assert_problem(client.post(POSTS, {}, format="json", headers=headers), 429)
    elsewhere = client.post(POSTS, {}, format="json", headers=headers, REMOTE_ADDR="192.0.2.7")
    assert_problem(elsewhere, 401)


@pytest.mark.usefixtures("_three_a_minute")
@pytest.mark.django_db
def test_address_is_the_one_that_our_proxies_saw(monkeypatch: pytest.MonkeyPatch) -> None:
    client = APIClient()

    def send(forwarded: str) -> Any:
        return client.post(POSTS, {}, format="json", headers={"X-Forwarded-For": forwarded})

    exhaust(lambda: send("203.0.113.1"))
    assert send("203.0.113.2").status_code == 429  # No proxy is trusted: anyone can write that.
    monkeypatch.setattr(api_settings, "NUM_PROXIES", 1)
    assert send("203.0.113.1, 203.0.113.3").status_code == 401
    exhaust(lambda: send("203.0.113.9, 203.0.113.4"))
    assert send("203.0.113.8, 203.0.113.4").status_code == 429


@pytest.mark.usefixtures("_three_a_minute")
def test_a_refused_write_counts_as_well(writer: Writer) -> None:
    exhaust(lambda: writer.post(POSTS, {"title": 5}))
    assert_problem(writer.post(POSTS, {"title": 5}), 429)


@pytest.mark.django_db
def test_rate_of_none_is_no_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(api_settings.DEFAULT_THROTTLE_RATES, "write", None)
    writer, url = make_writer(), f"{POSTS}{make_post().pk}/like/"
    assert {writer.put(url).status_code for _ in range(150)} == {200}
