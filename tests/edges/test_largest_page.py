"""The page with the most labels passes proxies as they come, and falls with a change of any row on it.

What is sent is what the service makes of such a page; a small server that answers with it stands
for the service, so that each labelling is a path of one origin.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import timedelta
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import httpx
import pytest
from django.conf import settings
from django.db import models
from django.test import override_settings

from api.builds import PublicReads
from api.edges import labelling
from api.models import Author, Category, Post, PostTag, Tag
from api.surrogate_keys import collecting_rows
from api.urls import READS
from caching.answer import hit
from caching.coherence import Coherence
from caching.django_builds import DjangoBuilds
from caching.entry import Entry
from caching.l1 import L1
from caching.labels import DIALECTS, purged_with
from caching.models import Outbox
from caching.purge_queue import coalesced
from tests import migrated
from tests.api.building import build, target_of
from tests.databases import as_default, sqlite_file
from tests.edges.proxies import Nginx, Proxy, Varnish, running
from tests.factories import FIRST_MOMENT

LARGEST = 100  # Posts on a page.
TAGS = 5  # Of each post, no two of which share one.
FIRST_ID = 10_000_000  # Identifiers get long in the course of the years.
FIRST_PAGE = f"/api/v1/posts/?limit={LARGEST}"
LABELLINGS = {**{name: [name] for name in DIALECTS}, "all": list(DIALECTS)}
BUDGET = settings.READPATH["EDGE_LABEL_BYTES"]
UNLIMITED = 1_000_000
# What there is one of for each post of the page, and its column that readers see.
SHOWN: dict[type[models.Model], str] = {Post: "title", Author: "name", Category: "name", Tag: "name"}


class DefaultNginx(Nginx):
    """nginx that does nothing but pass on: no line about buffers."""

    def configure(self) -> None:
        (self.directory / "nginx.conf").write_text(f"""
            daemon off;
            pid {self.directory}/nginx.pid;
            events {{}}
            http {{
                access_log off;
                client_body_temp_path {self.directory}/body;
                proxy_temp_path {self.directory}/temporary;
                fastcgi_temp_path {self.directory}/fastcgi;
                uwsgi_temp_path {self.directory}/uwsgi;
                scgi_temp_path {self.directory}/scgi;
                server {{
                    listen 127.0.0.1:{self.port};
                    location / {{ proxy_pass http://127.0.0.1:{self.origin}; }}
                }}
            }}
        """)


class DefaultVarnish(Varnish):
    """Varnish with a backend, and no other line of configuration."""

    def configure(self) -> None:
        """Write nothing."""

    def command(self) -> list[str]:
        return [
            *("varnishd", "-F", "-a", f"127.0.0.1:{self.port}", "-b", f"127.0.0.1:{self.origin}"),
            *("-n", str(self.directory / "work"), "-j", "none", "-p", "vsl_space=20M"),
        ]


class Origin(ThreadingHTTPServer):
    """Answers with the entry that is kept under a path, and counts."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Answering)
        self.entries: dict[str, Entry] = {}
        self.answered = 0


class _Answering(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = 65_536  # Head and body in one piece: else the network waits for the other's word in between.
    server: Origin

    def do_GET(self) -> None:
        entry = self.server.entries.get(self.path)
        if entry is None:
            self.send_response(200)  # Whoever asks whether anybody is here.
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        self.server.answered += 1
        fields = [(name.lower().encode(), value.encode()) for name, value in self.headers.items()]
        found = hit(entry, fields, method="GET", now=time.time())
        assert found is not None
        status, answer, body = found
        self.send_response_only(status)
        self.send_header("Date", self.date_time_string())
        for name, value in answer:
            self.send_header(name.decode(), value.decode())
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def serving() -> Iterator[Origin]:
    with Origin() as origin:
        thread = Thread(target=origin.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        yield origin
        origin.shutdown()
        thread.join(20)


@pytest.fixture(scope="module")
def page(tmp_path_factory: Any, django_db_blocker: Any) -> Iterator[str]:
    """Return the URL of a full page in the midst of a list; no two posts have anything in common."""
    path = tmp_path_factory.mktemp("largest") / "readpath.sqlite3"
    shutil.copy(migrated.sqlite(), path)
    with django_db_blocker.unblock(), as_default(sqlite_file(path)):
        fill(2 * LARGEST + 1)
        yield build(FIRST_PAGE).document["next"]


def fill(posts: int) -> None:
    """Write posts, each with an author, a category and tags of its own."""
    numbers = range(FIRST_ID, FIRST_ID + posts)
    Author.objects.bulk_create(Author(pk=n, name=f"Author {n}", slug=f"author-{n}") for n in numbers)
    Category.objects.bulk_create(Category(pk=n, name=f"Category {n}", slug=f"category-{n}") for n in numbers)
    Post.objects.bulk_create(
        Post(
            pk=n,
            title=f"Post {n}",
            slug=f"post-{n}",
            status="published",
            published_at=FIRST_MOMENT + timedelta(minutes=n - FIRST_ID),
            author_id=n,
            category_id=n,
        )
        for n in numbers
    )
    tags = range(FIRST_ID, FIRST_ID + TAGS * posts)
    Tag.objects.bulk_create(Tag(pk=n, name=f"tag {n}", slug=f"tag-{n}") for n in tags)
    PostTag.objects.bulk_create(PostTag(post_id=FIRST_ID + (n - FIRST_ID) // TAGS, tag_id=n) for n in tags)
    Outbox.objects.all().delete()


def entry_of(url: str, dialects: list[str], budget: int) -> Entry:
    """Return what the service keeps for the URL if it is configured to label answers so."""
    entries: list[Entry] = []
    coherence = Coherence(L1(1))
    coherence.trust()
    told = settings.READPATH | {"EDGE_LABELS": dialects, "EDGE_LABEL_BYTES": budget}
    with override_settings(READPATH=told):
        builds = DjangoBuilds(
            PublicReads(READS),
            coherence,
            lambda entry, _, **__: bool(entries.append(entry)) or True,
            observing=collecting_rows,
            labelling=labelling(),
        )
        builds(target_of(url), coherence.begin())
    (entry,) = entries
    return entry


@pytest.fixture(scope="module")
def origin(page: str) -> Iterator[Origin]:
    """Serve the page under a path for each labelling, and once without a budget."""
    with serving() as running:
        for name, dialects in LABELLINGS.items():
            running.entries[f"/{name}"] = entry_of(page, dialects, BUDGET)
        running.entries["/unlimited"] = entry_of(page, ["xkey"], UNLIMITED)
        yield running


def labels_of(entry: Entry, dialect: str) -> set[str]:
    """Return the labels that the entry carries in this dialect."""
    value = dict(entry.fields)[DIALECTS[dialect].field].decode()
    return {label.strip('"') for label in value.replace(",", " ").split()}


@pytest.fixture(scope="module")
def changes(page: str) -> dict[str, frozenset[str]]:
    """Change each row that the page shows, in turn; return what a purger sends for each of them."""
    shown = {key for key in entry_of(page, [], BUDGET).surrogate_keys if key[-1].isdigit()}
    sent = {}
    for model, column in SHOWN.items():
        for row in model._default_manager.all():
            key = f"{model.__name__.lower()}:{row.pk}"
            if key in shown:
                model._default_manager.filter(pk=row.pk).update(**{column: f"Another {row.pk}"})
                labels = Outbox.objects.values_list("key", flat=True)
                sent[key] = purged_with(coalesced(labels))
                Outbox.objects.all().delete()
    return sent


@pytest.fixture(scope="module", params=[DefaultNginx, DefaultVarnish], ids=["nginx", "Varnish"])
def proxy(origin: Origin, request: pytest.FixtureRequest) -> Iterator[Proxy]:
    with running(request.param, origin=origin.server_port) as started:
        yield started


@pytest.mark.parametrize("name", LABELLINGS)
def test_it_passes_a_proxy_as_it_comes(origin: Origin, proxy: Proxy, name: str) -> None:
    answer = httpx.get(f"{proxy.url}/{name}")

    assert answer.status_code == 200
    assert len(answer.json()["results"]) == LARGEST
    for dialect in LABELLINGS[name]:
        field = DIALECTS[dialect].field
        assert answer.headers[field.decode()].encode() == dict(origin.entries[f"/{name}"].fields)[field]


def test_with_all_its_labels_it_would_be_refused(proxy: Proxy) -> None:
    assert httpx.get(f"{proxy.url}/unlimited").status_code in {502, 503}


def test_a_change_of_any_row_is_said_with_a_label_that_it_carries(
    origin: Origin, changes: dict[str, frozenset[str]]
) -> None:
    assert len(changes) == LARGEST * (3 + TAGS)
    for name, dialects in LABELLINGS.items():
        for dialect in dialects:
            labels = labels_of(origin.entries[f"/{name}"], dialect)
            assert [key for key, sent in changes.items() if labels.isdisjoint(sent)] == []


def test_a_change_of_any_row_takes_it_out_of_varnish(
    origin: Origin, changes: dict[str, frozenset[str]]
) -> None:
    """By the recipe, and each row in turn: between two changes the page has come back."""
    with (
        running(Varnish, origin=origin.server_port) as varnish,
        closing(HTTPConnection("127.0.0.1", varnish.port, timeout=20)) as connection,
    ):

        def ask(method: str, path: str, **fields: str) -> str | None:
            connection.request(method, path, headers=fields)
            answer = connection.getresponse()
            answer.read()
            assert answer.status == 200
            return answer.headers["xkey-purged"]

        ask("GET", "/xkey")
        for key, sent in changes.items():
            origin.answered = 0
            # Varnish may count one that was purged before, and that its expiry has not come to yet.
            assert ask("PURGE", "/", **{"xkey-purge": " ".join(sent)}) != "0", key
            ask("GET", "/xkey")
            assert origin.answered == 1, f"whoever asks after {key} gets it from the service"
