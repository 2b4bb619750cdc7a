"""What an editor saves is what every worker's admin shows next, though each keeps rows of its own."""

from __future__ import annotations

import re
from collections.abc import Iterator

import httpx
import pytest

from tests.fleet import Fleet, is_possible, running_fleet
from tests.redis import PATIENCE, wait_until

pytestmark = pytest.mark.skipif(not is_possible(), reason="redis-server or PostgreSQL is not installed")

LOGIN, CATEGORIES = "/admin/login/", "/admin/api/category/"
PASSWORD = "only for this test"
_MAKE = f"""
from django.contrib.auth import get_user_model
from api.models import Category
get_user_model().objects.create_superuser("editor", password="{PASSWORD}")
Category.objects.create(pk=1, name="name-0", slug="one")
"""


@pytest.fixture(scope="module")
def fleet() -> Iterator[Fleet]:
    with running_fleet(workers=2, READPATH_REDIS_TIMEOUT="0.5") as running:
        running.python(_MAKE)
        yield running


@pytest.fixture
def browsers(fleet: Fleet) -> Iterator[list[httpx.Client]]:
    """Return browsers of one editor, on a connection each: the kernel spreads them over the workers."""
    opened = [httpx.Client(base_url=fleet.url, timeout=PATIENCE) for _ in range(6)]
    first = opened[0]
    first.get(LOGIN)
    said = {"username": "editor", "password": PASSWORD, "next": "/admin/", **_token(first)}
    assert first.post(LOGIN, data=said).status_code == 302
    for one in opened[1:]:
        one.cookies.update(first.cookies)
    yield opened
    for one in opened:
        one.close()


def _token(browser: httpx.Client) -> dict[str, str]:
    return {"csrfmiddlewaretoken": browser.cookies["csrftoken"]}


def shown(browser: httpx.Client) -> set[str]:
    """Return the names in the list of categories."""
    answer = browser.get(CATEGORIES)
    assert answer.status_code == 200
    return set(re.findall(r"name-\d+", answer.text))


def save(browser: httpx.Client, name: str) -> None:
    form = {"name": name, "slug": "one", "description": "", "source_url": "", **_token(browser)}
    assert browser.post(f"{CATEGORIES}1/change/", data=form).status_code == 302


def test_what_was_saved_is_shown_by_every_worker_at_once(browsers: list[httpx.Client]) -> None:
    for number in range(1, 21):
        save(browsers[number % 6], f"name-{number}")
        for browser in browsers:
            assert shown(browser) == {f"name-{number}"}


def test_rows_are_kept_until_something_is_heard(fleet: Fleet, browsers: list[httpx.Client]) -> None:
    save(browsers[0], "name-100")
    for _ in range(2):
        assert all(shown(browser) == {"name-100"} for browser in browsers)
    with fleet.cluster.connect() as database:
        # As no writer can: past the triggers.
        database.execute("SET session_replication_role = replica")
        database.execute("UPDATE api_category SET name = 'name-101'")
    assert any("name-100" in shown(browser) for browser in browsers)
    fleet.manage("invalidate", "--all")
    wait_until(
        lambda: all(shown(browser) == {"name-101"} for browser in browsers), "the old rows are still kept"
    )


def test_without_redis_the_database_is_asked(fleet: Fleet, browsers: list[httpx.Client]) -> None:
    for browser in browsers:
        shown(browser)
    fleet.redis.kill()
    try:
        with fleet.cluster.connect() as database:
            database.execute("UPDATE api_category SET name = 'name-200'")
        # As soon as the leases have run out, and for as long as Redis is gone.
        wait_until(lambda: all(shown(one) == {"name-200"} for one in browsers), "the database is not asked")
        assert all(shown(browser) == {"name-200"} for browser in browsers)
    finally:
        fleet.redis.start()
    save(browsers[0], "name-201")
    assert all(shown(browser) == {"name-201"} for browser in browsers)
