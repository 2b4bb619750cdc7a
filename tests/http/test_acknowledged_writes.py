"""P1: once a write was answered, no read shows what was there before.

No test here waits for anything: the read that follows the answer must be right.
"""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from itertools import count
from typing import Any

import httpx
import pytest

from tests.http.reading import read_into_memory
from tests.server import Server
from tests.writer import Writer

_numbers = count(1)

SETUP = """
from rest_framework.authtoken.models import Token
user = factories.make_user()
author = factories.make_author(user=user, slug="writer-{n}")
category = factories.make_category(slug="shelf-{n}")
tag = factories.make_tag(slug="hops-{n}")
post = factories.make_post(author=author, category=category, tags=[tag], slug="post-{n}", title="Title 0")
comment = factories.make_comment(post=post, author=author)
draft = factories.make_post(author=author, category=category, status="draft", slug="draft-{n}")
token = Token.objects.create(user=user).key
result = dict(n={n}, token=token, post=post.pk, comment=comment.pk, draft=draft.pk)
"""


@dataclass
class Scene:
    """What one test writes to and reads from."""

    names: dict[str, Any]
    http: httpx.Client

    def url(self, template: str) -> str:
        return "/api/v1" + template.format(**self.names)

    def write(self, method: str, template: str, **content: Any) -> httpx.Response:
        headers = {"Authorization": f"Token {self.names['token']}"}
        response = self.http.request(method, self.url(template), headers=headers, json=content or None)
        assert response.is_success, response.text
        return response

    def warm(self, *templates: str) -> None:
        for template in templates:
            read_into_memory(self.http, self.url(template))

    def read(self, template: str) -> httpx.Response:
        return self.http.get(self.url(template))


@pytest.fixture
def scene(writer: Writer, http: httpx.Client) -> Scene:
    names = writer.run(SETUP.replace("{n}", str(next(_numbers))))
    writer.settle()
    return Scene(names, http)


LISTS = (
    "/posts/?limit=50",
    "/posts/?author=writer-{n}",
    "/posts/?category=shelf-{n}",
    "/posts/?tag=hops-{n}",
)


def test_an_edit_shows(scene: Scene) -> None:
    scene.warm("/posts/{post}/", "/posts/post-{n}/", *LISTS)
    scene.write("PATCH", "/posts/{post}/", title="Edited")
    for template in ("/posts/{post}/", "/posts/post-{n}/", *LISTS):
        assert '"Edited"' in scene.read(template).text, template


def test_a_deletion_shows(scene: Scene) -> None:
    scene.warm("/posts/{post}/", "/posts/{post}/comments/", "/comments/{comment}/", *LISTS)
    scene.write("DELETE", "/posts/{post}/")
    for template in ("/posts/{post}/", "/posts/{post}/comments/", "/comments/{comment}/"):
        assert scene.read(template).status_code == 404, template
    for template in LISTS:
        assert f'"post-{scene.names["n"]}"' not in scene.read(template).text, template


def test_a_publication_shows(scene: Scene) -> None:
    assert scene.read("/posts/draft-{n}/").status_code == 404
    scene.warm("/posts/draft-{n}/", *LISTS[:3])
    scene.write("POST", "/posts/{draft}/publish/")
    assert scene.read("/posts/draft-{n}/").status_code == 200
    for template in LISTS[:3]:
        assert f'"draft-{scene.names["n"]}"' in scene.read(template).text, template


def test_archiving_shows(scene: Scene) -> None:
    scene.warm("/posts/{post}/", *LISTS)
    scene.write("POST", "/posts/{post}/archive/")
    assert scene.read("/posts/{post}/").status_code == 404


def test_a_new_post_takes_the_place_of_a_404(scene: Scene) -> None:
    assert scene.read("/posts/brand-new-{n}/").status_code == 404
    scene.warm("/posts/brand-new-{n}/")
    created = scene.write(
        "POST",
        "/posts/",
        title="Brand new",
        slug=f"brand-new-{scene.names['n']}",
        body="<p>b</p>",
        category=f"shelf-{scene.names['n']}",
    ).json()
    scene.http.post(
        f"/api/v1/posts/{created['id']}/publish/",
        headers={"Authorization": f"Token {scene.names['token']}"},
    ).raise_for_status()
    assert scene.read("/posts/brand-new-{n}/").status_code == 200


def test_a_comment_shows_and_is_counted(scene: Scene) -> None:
    scene.warm("/posts/{post}/comments/", "/posts/{post}/")
    before = scene.read("/posts/{post}/").json()["comment_count"]
    scene.write("POST", "/posts/{post}/comments/", body="<p>Freshly said</p>")
    assert "Freshly said" in scene.read("/posts/{post}/comments/").text
    assert scene.read("/posts/{post}/").json()["comment_count"] == before + 1


def test_a_like_is_counted(scene: Scene) -> None:
    scene.warm("/posts/{post}/")
    scene.write("PUT", "/posts/{post}/like/")
    assert scene.read("/posts/{post}/").json()["like_count"] == 1
    scene.write("DELETE", "/posts/{post}/like/")
    assert scene.read("/posts/{post}/").json()["like_count"] == 0


def test_what_a_client_held_before_the_write_is_not_confirmed(scene: Scene) -> None:
    held = scene.http.get(scene.url("/posts/{post}/")).headers["etag"]
    scene.write("PATCH", "/posts/{post}/", title="Other")
    after = scene.http.get(scene.url("/posts/{post}/"), headers={"If-None-Match": held})
    assert after.status_code == 200


def test_readers_beside_a_writer_never_see_the_past(scene: Scene, server: Server) -> None:
    """Each read that begins after write k was answered shows k or later, and nothing but what was written."""
    acknowledged = 0
    writes = 150
    finished = threading.Event()
    failures: list[str] = []
    reads = 0

    def read() -> None:
        nonlocal reads
        with httpx.Client(base_url=server.url, timeout=30) as http:
            while not finished.is_set():
                floor = acknowledged
                for template in ("/posts/{post}/", "/posts/?author=writer-{n}&fields=title"):
                    text = http.get(scene.url(template)).text
                    title = text.partition('"title":"Title ')[2].partition('"')[0]
                    reads += 1
                    if not title.isdigit() or not floor <= int(title) <= acknowledged + 1:
                        failures.append(f"{template}: Title {title} after {floor} was acknowledged")
                        return

    readers = [threading.Thread(target=read) for _ in range(4)]
    for reader in readers:
        reader.start()
    began = time.monotonic()
    for number in range(1, writes + 1):
        scene.write("PATCH", "/posts/{post}/", title=f"Title {number}")
        acknowledged = number
        if failures or time.monotonic() - began > 60:
            break
    finished.set()
    for reader in readers:
        reader.join(timeout=30)
    assert not failures
    assert reads > writes
