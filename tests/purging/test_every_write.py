"""Whichever way the database is changed, the edges hear of it, under its old values and its new ones."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection, transaction

from api.models import Author, Post, PostTag
from caching.models import Outbox
from caching.purge_queue import MOST_OF_A_KIND
from tests.factories import make_author, make_category, make_comment, make_post, make_tag
from tests.purging.purging import Workers, purging, relay, until_settled
from tests.purging.receivers import Receiver

pytestmark = pytest.mark.usefixtures("database")


class Library:
    """A post of one author, with one tag, and another author and tag for it to move to."""

    def __init__(self) -> None:
        self.author, self.other = make_author(), make_author()
        self.tag, self.other_tag = make_tag(), make_tag()
        self.post = make_post(author=self.author, tags=[self.tag])
        self.posts = [make_post(author=self.author) for _ in range(2)]

    def spelled(self, template: str) -> str:
        """Return a key, or the beginning of one, with the numbers of these rows."""
        return template.format(
            post=self.post.pk,
            first=self.posts[0].pk,
            second=self.posts[1].pk,
            author=self.author.pk,
            other=self.other.pk,
            tag=self.tag.pk,
            other_tag=self.other_tag.pk,
        )


def rename(library: Library) -> None:
    library.author.name = "Another"
    library.author.save()


def move(library: Library) -> None:
    library.post.author = library.other
    library.post.save()


def bulk_create(library: Library) -> None:
    Author.objects.bulk_create([Author(name="New", slug="new")])


def bulk_update(library: Library) -> None:
    for post in library.posts:
        post.title = "Another"
    Post.objects.bulk_update(library.posts, ["title"])


def raw(library: Library) -> None:
    with connection.cursor() as cursor:
        cursor.execute("UPDATE api_post SET title = 'Raw' WHERE id = %s", [library.post.pk])


def retag(library: Library) -> None:
    PostTag.objects.filter(post=library.post).delete()
    PostTag.objects.create(post=library.post, tag=library.other_tag)


Write = Callable[[Library], Any]
WRITES: dict[str, tuple[Write, list[str], list[str]]] = {
    "save": (rename, ["author:{author}", "authors"], []),
    "update()": (
        lambda library: Post.objects.filter(author=library.author).update(title="Another"),
        ["post:{post}", "post:{first}", "post:{second}"],
        [],
    ),
    "bulk_create": (bulk_create, ["authors", "author:slug=new"], []),
    "bulk_update": (bulk_update, ["post:{first}", "post:{second}"], []),
    "raw SQL": (raw, ["post:{post}"], []),
    "another author": (move, ["post:{post}", "posts:author={author}:", "posts:author={other}:"], []),
    "another tag": (retag, ["post:{post}", "posts:tag={tag}:", "posts:tag={other_tag}:"], []),
    "delete": (
        lambda library: library.posts[0].delete(),
        ["post:{first}", "posts:author={author}:"],
        ["post:{first}"],
    ),
    "hide": (
        lambda library: Post.objects.filter(pk=library.post.pk).update(status="archived"),
        ["post:{post}", "posts:author={author}:", "posts:tag={tag}:"],
        ["post:{post}"],
    ),
}


@pytest.mark.parametrize(("write", "keys", "gone"), WRITES.values(), ids=WRITES)
def test_an_edge_hears_of_every_write(
    receiver: Receiver, write: Write, keys: list[str], gone: list[str]
) -> None:
    library, workers = Library(), Workers()
    changed, dropped = ([library.spelled(template) for template in templates] for templates in (keys, gone))
    Outbox.objects.all().delete()
    with purging(receiver.edge("a"), workers=workers):
        write(library)
        relay(workers)
        until_settled()
    told = receiver.told()
    for key in changed:
        assert any(one == key or (key.endswith(":") and one.startswith(key)) for one in told), key
    hard = set().union(*(call.keys for call in receiver.calls if call.is_hard))
    assert {key for key in hard if not key.endswith("any")} == set(dropped)


def test_what_was_rolled_back_is_purged_nowhere(receiver: Receiver) -> None:
    author, workers = make_author(), Workers()
    Outbox.objects.all().delete()
    with purging(receiver.edge("a"), workers=workers):
        with transaction.atomic():
            Author.objects.filter(pk=author.pk).update(name="Never")
            transaction.set_rollback(True)
        Outbox.objects.create(key="post:1")
        relay(workers)
        until_settled()
    assert receiver.told() == {"post:1", "post:any", "any"}


def test_an_edge_hears_of_what_falls_with_a_row(receiver: Receiver) -> None:
    workers = Workers()
    post = make_post()
    comments = [make_comment(post=post) for _ in range(2)]
    Outbox.objects.all().delete()
    with purging(receiver.edge("a"), workers=workers):
        gone = {f"comment:{comment.pk}" for comment in comments} | {f"post:{post.pk}"}
        post.delete()
        relay(workers)
        until_settled()
    hard = set().union(*(call.keys for call in receiver.calls if call.is_hard))
    assert {key for key in hard if not key.endswith("any")} == gone


def test_many_rows_changed_by_one_statement_become_few_calls(receiver: Receiver) -> None:
    workers = Workers()
    author, category = make_author(), make_category()
    for _ in range(3):
        make_post(author=author, category=category)
    rows = [Author(name=f"Author {number}", slug=f"author-{number}-of-many") for number in range(700)]
    Author.objects.bulk_create(rows)
    Outbox.objects.all().delete()
    with purging(receiver.edge("a"), workers=workers):
        with transaction.atomic():
            Author.objects.update(name="One")
            Post.objects.update(title="One")
        relay(workers)
        until_settled()
    told = receiver.told()
    assert {"author:*", "author:any", "authors"} <= told
    assert len({key for key in told if key.startswith("author:")}) < MOST_OF_A_KIND
    assert len(receiver.calls) <= 2
