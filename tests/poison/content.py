"""What is there to be poisoned? For every attack a post, an author of two, a tag and a draft of its own."""

from __future__ import annotations

import json
import shutil
from contextlib import closing
from pathlib import Path

from tests import migrated
from tests.poison.case import EVIL, Case
from tests.server import Server

SECRET = "known-to-the-author-alone"
TOKEN = "0123456789abcdef0123456789abcdef01234567"
# Second posts and drafts have the number of the first and this.
_SECOND = 1_000_000
_DRAFT = 2_000_000

_FILL = """
from datetime import timedelta
from rest_framework.authtoken.models import Token
from django.db import connection
from django.utils import timezone
from api.models import Author, Category, Post, PostTag, Tag
from caching.models import Outbox
from tests import factories
numbers = range(1, {count} + 1)
writer = factories.make_author(name="Writer", slug="writer", user=factories.make_user(username="writer"))
Token.objects.create(user=writer.user, key="{token}")
category = factories.make_category(name="Shelf", slug="shelf")
long = "to be, or not to be, that is the question; " * 20
moment = timezone.now().replace(microsecond=0) - timedelta(days=1000)
Author.objects.bulk_create(Author(id=n + 10, name=f"Ann {{n}}", slug=f"ann-{{n}}") for n in numbers)
Tag.objects.bulk_create(Tag(id=n, name=f"tag {{n}}", slug=f"tag-{{n}}") for n in numbers)
def post(n, shift, title, **columns):
    text = f"{{title}} {{n}}: {{long}}"
    return Post(
        id=n + shift, title=f"{{title}} {{n}}", slug=f"{{title.lower()}}-{{n}}", text=text,
        excerpt=text[:100], body=f"<p>{{text}}</p>",
        published_at=moment + timedelta(minutes=n), category=category,
        **{{"author_id": n + 10, "status": "published", **columns}},
    )
rows = [post(n, 0, "First") for n in numbers] + [post(n, {second}, "Second") for n in numbers]
rows += [post(n, {draft}, "{secret}", author=writer, status="draft") for n in numbers]
Post.objects.bulk_create(rows, batch_size=500)
PostTag.objects.bulk_create([PostTag(post_id=n, tag_id=n) for n in numbers], batch_size=500)
Outbox.objects.all().delete()
# What a write-ahead log still holds would stay behind when the file is copied.
connection.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)")
"""


def filled(directory: Path, count: int) -> Path:
    """Make a database with as many things of each kind; return the file, to be copied."""
    server = Server(directory)
    with closing(server):
        shutil.copy(migrated.sqlite(), server.database)
        server.python(_FILL.format(count=count, token=TOKEN, secret=SECRET, second=_SECOND, draft=_DRAFT))
    return server.database


def told(text: str, case: Case, number: int) -> str:
    """Replace what a case's text leaves open by what belongs to the attack of this number."""
    for name, value in {
        "victim": case.victim,
        "other": f"/api/v1/posts/{number + _SECOND}/",
        "post": str(number),
        "author": str(number + 10),
        "draft": str(number + _DRAFT),
        "token": TOKEN,
        "evil": EVIL,
    }.items():
        text = text.replace(f"{{{name}}}", value)
    return text


def quoted(text: str) -> str:
    """Return a text for a failure's message: all of it visible, and not too long."""
    shown = json.dumps(text)
    return shown if len(shown) < 300 else f"{shown[:300]}… ({len(text)} bytes)"
