"""A service on SQLite, without Redis, tells its edges too: of writes, and of what staff order."""

from __future__ import annotations

import json
from collections.abc import Iterator

import httpx
import pytest
from django.conf import settings
from django.test import override_settings

from api import read_path
from caching.coherence import Coherence
from caching.l1 import L1
from tests.purging.receivers import TOKEN, Receiver
from tests.server import Server, running_server

_PREPARED = """
from rest_framework.authtoken.models import Token
from tests import factories
import json
author = factories.make_author(user=factories.make_user())
staff = factories.make_user(is_staff=True)
tokens = [Token.objects.create(user=user).key for user in (author.user, staff)]
print(json.dumps([*tokens, factories.make_post(author=author).pk]))
"""


@pytest.fixture
def server(receiver: Receiver) -> Iterator[Server]:
    """Return a server behind one edge."""
    edges = f"cdn={receiver.url}&rebound=0"
    with running_server(READPATH_EDGES=edges, READPATH_PURGE_TOKEN=TOKEN) as running:
        receiver.until_told("all")
        yield running


def test_edges_hear_of_writes_and_of_orders(server: Server, receiver: Receiver) -> None:
    author, staff, post = json.loads(server.python(_PREPARED))
    receiver.until_told(f"post:{post}")
    with httpx.Client(base_url=server.url, timeout=20.0) as client:
        written = client.patch(
            f"/api/v1/posts/{post}/", json={"title": "Two"}, headers={"Authorization": f"Token {author}"}
        )
        assert written.status_code == 200
        receiver.until_told(f"post:{post}", times=2)
        ordered = client.post(
            "/api/v1/purges/",
            json={"keys": ["tag:77"], "hard": True},
            headers={"Authorization": f"Token {staff}"},
        )
        assert (ordered.status_code, ordered.json()) == (202, {"keys": 1, "edges": ["cdn"]})
        receiver.until_told("tag:77")
        assert [call.is_hard for call in receiver.calls if "tag:77" in call.keys] == [True]
        assert client.get("/healthz/ready").json()["edges"]["cdn"]["reason"] == ""
    assert TOKEN not in server.log.read_text()


@pytest.mark.parametrize(("edges", "purger"), [([], True), (["cdn=purge://127.0.0.1:1"], False)])
def test_where_there_is_no_edge_or_it_is_for_others_to_do_no_worker_purges(
    edges: list[str], *, purger: bool
) -> None:
    read_path.edges.edges.cache_clear()
    try:
        with override_settings(READPATH={**settings.READPATH, "EDGES": edges, "PURGER": purger}):
            assert read_path._purging(Coherence(L1(1))) is None
    finally:
        read_path.edges.edges.cache_clear()
