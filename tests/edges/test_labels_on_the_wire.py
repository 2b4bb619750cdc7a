"""Answers that an edge may keep say what they depend on, in every dialect that is on; nothing else does.

Rows T1, T3, T4 and T12 of the HTTP contract, and what edges may keep for how long.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import Any

import http_sf
import httpx
import pytest
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.test import override_settings

from api.edges import labelling
from caching.labels import DIALECTS, purged_with
from caching.surrogate_keys import EVERYTHING
from tests.http.assertions import lifetimes
from tests.http.content import LIST, POST, ROUTES, Library, fill
from tests.http.reading import read_into_memory
from tests.processes import ROOT, environment
from tests.server import Server, running_server
from tests.writer import Writer

NAMES = tuple(dialect.field.decode() for dialect in DIALECTS.values())
DAY = 86_400
HOUR = 3600  # A 404 is purged as well, but anybody can have any number of them.
UNTOLD = 300


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    labelled = {"READPATH_EDGE_LABELS": ", ".join(DIALECTS), "READPATH_EDGE_TTL": str(DAY)}
    with running_server(**labelled) as running:
        yield running


@pytest.fixture(scope="module")
def writer(server: Server) -> Iterator[Writer]:
    with Writer(server) as writing:
        yield writing


@pytest.fixture(scope="module")
def http(server: Server) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=server.url, headers={"Accept-Encoding": "identity"}, timeout=30) as client:
        yield client


@pytest.fixture(scope="module")
def library(writer: Writer) -> Library:
    return fill(writer)


def labels_of(response: httpx.Response) -> set[str]:
    """Return the labels of an answer, which are the same in every dialect."""
    said = {
        "surrogate-key": response.headers["surrogate-key"].split(" "),
        "xkey": response.headers["xkey"].split(" "),
        "cache-tag": response.headers["cache-tag"].split(","),
        "cache-groups": [
            group for group, _ in http_sf.parse(response.headers["cache-groups"].encode(), tltype="list")
        ],
    }
    assert set(said) == set(NAMES)
    labels = said["xkey"]
    assert len(set(labels)) == len(labels)
    assert all(found == labels for found in said.values()), said
    return set(labels)


def labelled_by(response: httpx.Response) -> dict[str, str]:
    return {name: response.headers[name] for name in NAMES if name in response.headers}


@pytest.mark.parametrize("name", ROUTES)
def test_t1_t4_every_route_names_the_same_labels_in_every_dialect(
    name: str, library: Library, http: httpx.Client
) -> None:
    response = http.get(library.url(ROUTES[name]))

    assert response.status_code == 200
    assert EVERYTHING in labels_of(response)


def test_t1_a_page_is_found_by_every_row_on_it(library: Library, http: httpx.Client) -> None:
    response = http.get(LIST)
    labels = labels_of(response)

    rows = response.json()["results"]
    assert rows
    for row in rows:
        for key in (f"post:{row['id']}", f"author:{library.author}", f"category:{library.category}", "posts"):
            assert labels & purged_with([key]), key


@pytest.mark.parametrize("name", ROUTES)
def test_head_and_304_repeat_the_labels(name: str, library: Library, http: httpx.Client) -> None:
    url = library.url(ROUTES[name])
    full = http.get(url)
    head = http.head(url)
    unchanged = http.get(url, headers={"If-None-Match": full.headers["etag"]})

    assert unchanged.status_code == 304
    assert len(labelled_by(full)) == len(NAMES)
    assert labelled_by(head) == labelled_by(unchanged) == labelled_by(full)


@pytest.mark.parametrize("coding", ["br", "gzip", "zstd"])
def test_every_coding_has_the_labels_of_the_others(coding: str, library: Library, http: httpx.Client) -> None:
    plain = http.get(LIST)
    coded = http.get(LIST, headers={"Accept-Encoding": coding})

    assert coded.headers["content-encoding"] == coding
    assert labelled_by(coded) == labelled_by(plain)


@pytest.mark.parametrize(
    ("url", "key"),
    [
        ("/api/v1/posts/nothing/", "post:slug=nothing"),
        ("/api/v1/posts/999999/", "post:999999"),
        ("/api/v1/posts/?author=nothing", "author:slug=nothing"),
    ],
)
def test_c11_a_404_is_found_by_what_would_end_it(
    url: str, key: str, library: Library, http: httpx.Client
) -> None:
    response = http.get(url)

    assert response.status_code == 404
    assert labels_of(response) & purged_with([key])


def test_c12_a_redirect_falls_with_everything_alone(library: Library, http: httpx.Client) -> None:
    response = http.get("/api/v1/posts?limit=5")

    assert response.status_code == 308
    assert labels_of(response) == {EVERYTHING}


@pytest.mark.parametrize(
    ("method", "url", "headers", "status"),
    [
        pytest.param("GET", "/api/v1/posts/?unknown=1", {}, 400, id="400"),
        pytest.param("POST", LIST, {}, 401, id="401"),
        pytest.param("GET", "/nowhere/", {}, 404, id="404 of no route"),
        pytest.param("DELETE", LIST, {}, 405, id="405"),
        pytest.param("GET", LIST, {"Accept-Encoding": "identity;q=0, compress"}, 406, id="406"),
        pytest.param("GET", LIST, {"If-Match": '"x"'}, 412, id="412"),
        pytest.param("OPTIONS", LIST, {}, 200, id="OPTIONS"),
        pytest.param("GET", "/healthz/live", {}, 200, id="alive"),
        pytest.param("GET", "/healthz/ready", {}, 200, id="ready"),
    ],
)
def test_what_nobody_may_keep_has_no_labels(
    method: str, url: str, headers: dict[str, str], status: int, library: Library, http: httpx.Client
) -> None:
    response = http.request(method, url, headers=headers)

    assert response.status_code in {status, 204}
    assert "no-store" in response.headers["cache-control"]
    assert labelled_by(response) == {}


def test_what_is_private_has_no_labels(library: Library, http: httpx.Client) -> None:
    response = http.get("/api/v1/drafts/draft/", headers=library.authorization)

    assert response.status_code == 200
    assert labelled_by(response) == {}


@pytest.mark.parametrize(
    ("url", "most"),
    [
        pytest.param(LIST, DAY, id="a list by date"),
        pytest.param("/api/v1/posts/?ordering=published_at", DAY, id="from the oldest"),
        pytest.param("/api/v1/posts/?search=ale", DAY, id="a search"),
        pytest.param(POST, DAY, id="one post"),
        pytest.param("/api/v1/posts/trending/", UNTOLD, id="trending"),
        pytest.param("/api/v1/posts/?ordering=-score", UNTOLD, id="by score"),
        pytest.param("/api/v1/posts/?ordering=-view_count", UNTOLD, id="by views"),
        pytest.param("/api/v1/posts/?ordering=-score&category={category}", UNTOLD, id="filtered, by score"),
        pytest.param("/api/v1/posts/nothing/", HOUR, id="a 404"),
    ],
)
def test_what_a_write_is_purged_for_is_kept_for_long_and_what_changes_by_itself_is_not(
    url: str, most: int, library: Library, http: httpx.Client
) -> None:
    response = http.get(library.url(url))

    for name in ("cdn-cache-control", "surrogate-control"):
        assert lifetimes(response.headers[name])["max-age"] == most
    assert lifetimes(response.headers["cache-control"])["max-age"] == 5


@pytest.fixture
def scheduled_at(library: Library, writer: Writer) -> Iterator[float]:
    """Schedule a post for as long as the test takes; return the moment."""
    moment = writer.run(
        "from datetime import timedelta\n"
        "soon = timezone.now() + timedelta(seconds=600)\n"
        "factories.make_post(slug='scheduled', published_at=soon)\n"
        "result = soon.timestamp()"
    )
    writer.settle()
    yield moment
    writer.run("Post.objects.filter(slug='scheduled').delete()")
    writer.settle()


@pytest.mark.parametrize(
    "url",
    [
        pytest.param(LIST, id="the list that it will be in"),
        pytest.param("/api/v1/posts/scheduled/", id="the 404 that it will end"),
    ],
)
def test_nobody_keeps_an_answer_beyond_the_next_scheduled_post(
    url: str, scheduled_at: float, http: httpx.Client
) -> None:
    """No write will happen then, and so nobody will be purged."""
    asked_at = time.time()
    response = read_into_memory(http, url)

    for name in ("cdn-cache-control", "surrogate-control"):
        said = lifetimes(response.headers[name])
        for stale in ("stale-while-revalidate", "stale-if-error"):
            assert 0 < said["max-age"] + said[stale] <= scheduled_at - asked_at


def test_t12_without_being_asked_nothing_is_said_of_labels() -> None:
    """By default what depends on what is nobody's business, and no byte longer on its way."""
    with running_server() as running, Writer(running) as writing:
        library = fill(writing)
        with httpx.Client(base_url=running.url, timeout=30) as client:
            for template in (*ROUTES.values(), "/api/v1/posts/nothing/", "/api/v1/posts"):
                response = client.get(library.url(template))
                assert labelled_by(response) == {}, template
            token = {**library.authorization, "Content-Type": "application/json"}
            url = library.url(POST)
            written = client.patch(url, headers=token, content=json.dumps({"title": "Another"}))
    assert written.status_code == 200
    assert "cache-group-invalidation" not in written.headers


@pytest.mark.parametrize(
    ("options", "need"),
    [
        pytest.param({"EDGE_LABELS": ["surrogatekey"]}, "need dialects among surrogate-key", id="a dialect"),
        pytest.param({"EDGE_LABELS": ["xkey"], "EDGE_LABEL_BYTES": 100}, "need a budget of at", id="bytes"),
    ],
)
def test_a_setting_that_means_nothing_is_refused_in_one_line(options: dict[str, Any], need: str) -> None:
    with (
        override_settings(READPATH={**settings.READPATH, **options}),
        pytest.raises(ImproperlyConfigured, match=need) as refused,
    ):
        labelling()

    assert str(refused.value).startswith("READPATH_EDGE_LABELS, READPATH_EDGE_LABEL_BYTES: ")
    assert "\n" not in str(refused.value)


def test_nothing_is_served_with_a_setting_that_means_nothing() -> None:
    """It is found out at the start, and not by the first reader."""
    done = subprocess.run(
        [sys.executable, "-c", "import settings.asgi"],
        cwd=ROOT,
        env=environment(READPATH_EDGE_LABELS="xkey, surrogatekey"),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )

    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].endswith("got 'surrogatekey'")
