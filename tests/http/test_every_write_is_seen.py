"""P2: whatever changes the database, the next read shows it, and nothing else is thrown away.

The writer is another process that the server knows nothing of. Before each write the watched
URLs are in memory; after it, those that show what was written change, the others stay hits.
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count

import httpx
import pytest

from tests.http.reading import is_hit, read_into_memory, read_until
from tests.server import Server
from tests.writer import Writer

_numbers = count(1)

SETUP = """
author = factories.make_author(name="Ann {n}", slug="ann-{n}")
other_author = factories.make_author(name="Bob {n}", slug="bob-{n}")
category = factories.make_category(slug="shelf-{n}")
other_category = factories.make_category(slug="cellar-{n}")
tag = factories.make_tag(slug="hops-{n}", name="hops")
other_tag = factories.make_tag(slug="malt-{n}", name="malt")
post = factories.make_post(author=author, category=category, tags=[tag], slug="old-{n}", title="Old {n}")
other = factories.make_post(author=other_author, category=other_category, tags=[other_tag], slug="other-{n}")
draft = factories.make_post(author=author, category=category, status="draft", slug="draft-{n}")
comment = factories.make_comment(post=post, author=author, body="<p>Old remark {n}</p>")
result = dict(n={n}, post=post.pk, other=other.pk, draft=draft.pk, comment=comment.pk, author=author.pk,
              category=category.pk, tag=tag.pk)
"""

POST = "/api/v1/posts/{post}/"
SLUG = "/api/v1/posts/old-{n}/"
OTHER = "/api/v1/posts/{other}/"
POSTS = "/api/v1/posts/?limit=50"
OF_AUTHOR = "/api/v1/posts/?author=ann-{n}"
OF_OTHER_AUTHOR = "/api/v1/posts/?author=bob-{n}"
ON_SHELF = "/api/v1/posts/?category=shelf-{n}"
IN_CELLAR = "/api/v1/posts/?category=cellar-{n}"
TAGGED = "/api/v1/posts/?tag=hops-{n}"
OTHER_TAGGED = "/api/v1/posts/?tag=malt-{n}"
COMMENTS = "/api/v1/posts/{post}/comments/"
COMMENT = "/api/v1/comments/{comment}/"
DRAFT = "/api/v1/posts/{draft}/"
DRAFT_SLUG = "/api/v1/posts/draft-{n}/"
NEW_SLUG = "/api/v1/posts/new-{n}/"
AUTHOR = "/api/v1/authors/{author}/"
AUTHORS = "/api/v1/authors/?limit=100"
CATEGORY = "/api/v1/categories/{category}/"
TAG = "/api/v1/tags/{tag}/"
SEARCH = "/api/v1/posts/?search=old"


@dataclass(frozen=True)
class Expected:
    """What an answer must be: its status, a text it shows, a text it does not show."""

    status: int = 200
    text: str = ""
    absent: str = ""

    def spelled(self, spell: Callable[[str], str]) -> Expected:
        return Expected(self.status, spell(self.text), spell(self.absent))

    def __call__(self, response: httpx.Response) -> bool:
        body = response.text
        is_absent = not self.absent or self.absent not in body
        return response.status_code == self.status and self.text in body and is_absent


def shows(text: str) -> Expected:
    return Expected(text=text)


def hides(text: str) -> Expected:
    return Expected(absent=text)


gone = Expected(status=404)
found = Expected()


@dataclass(frozen=True)
class Case:
    """A write; what each watched URL answers after it; which URLs it leaves in memory."""

    write: str
    after: dict[str, Expected]
    unaffected: tuple[str, ...] = field(default=(OTHER,))


CASES = {
    "save": Case(
        "post.title = 'New'; post.save()",
        {
            POST: shows('"New"'),
            SLUG: shows('"New"'),
            POSTS: shows('"New"'),
            TAGGED: shows('"New"'),
            SEARCH: hides('"Old {n}"'),
        },
        (OTHER, OTHER_TAGGED, AUTHOR),
    ),
    "delete": Case(
        "post.delete()",
        {
            POST: gone,
            SLUG: gone,
            POSTS: hides('"old-{n}"'),
            OF_AUTHOR: hides('"old-{n}"'),
            TAGGED: hides('"old-{n}"'),
            COMMENTS: gone,
            COMMENT: gone,
        },
        (OTHER, IN_CELLAR),
    ),
    "soft delete": Case(
        "post.deleted_at = timezone.now(); post.save()",
        {
            POST: gone,
            POSTS: hides('"old-{n}"'),
            ON_SHELF: hides('"old-{n}"'),
            TAGGED: hides('"old-{n}"'),
            COMMENTS: gone,
            COMMENT: gone,
        },
    ),
    "update()": Case(
        "Post.objects.filter(pk=post.pk).update(title='New')",
        {POST: shows('"New"'), POSTS: shows('"New"')},
        (OTHER, OF_OTHER_AUTHOR),
    ),
    "update() with an expression": Case(
        "from django.db.models import F; Post.objects.filter(pk=post.pk).update(score=F('score') + 41)",
        {POST: shows('"score":41'), OF_AUTHOR: shows('"score":41')},
    ),
    "bulk_create": Case(
        "Post.objects.bulk_create([Post(title='New', slug='new-{n}', body='b', author=author,"
        " category=category,"
        " status='published', published_at=timezone.now())])",
        {
            NEW_SLUG: found,
            POSTS: shows('"new-{n}"'),
            OF_AUTHOR: shows('"new-{n}"'),
            ON_SHELF: shows('"new-{n}"'),
        },
        (OTHER, POST, IN_CELLAR, OF_OTHER_AUTHOR, TAGGED),
    ),
    "bulk_update": Case(
        "post.title = 'New'; Post.objects.bulk_update([post], ['title'])", {POST: shows('"New"')}
    ),
    "m2m add": Case(
        "post.tags.add(other_tag)",
        {POST: shows('"malt"'), OTHER_TAGGED: shows('"old-{n}"')},
        (OTHER, TAG, IN_CELLAR),
    ),
    "m2m remove": Case(
        "post.tags.remove(tag)", {POST: hides('"hops"'), TAGGED: hides('"old-{n}"')}, (OTHER, OTHER_TAGGED)
    ),
    "m2m clear": Case("post.tags.clear()", {POST: hides('"hops"'), TAGGED: hides('"old-{n}"')}),
    "m2m set": Case(
        "post.tags.set([other_tag])",
        {POST: hides('"hops"'), TAGGED: hides('"old-{n}"'), OTHER_TAGGED: shows('"old-{n}"')},
    ),
    "cascade": Case(
        "comment.author = None; comment.save(); author.comments.all().delete();"
        " Post.objects.filter(pk=post.pk)"
        ".delete()",
        {COMMENT: gone, COMMENTS: gone},
    ),
    "author deleted": Case(
        "author.delete()",
        {AUTHOR: gone, POST: shows('"author":null'), POSTS: hides('"ann-{n}"'), OF_AUTHOR: gone},
    ),
    "author renamed": Case(
        "author.name = 'New Ann'; author.save()",
        {
            AUTHOR: shows("New Ann"),
            POST: shows("New Ann"),
            POSTS: shows("New Ann"),
            COMMENTS: shows("New Ann"),
            AUTHORS: shows("New Ann"),
        },
        (OTHER, OF_OTHER_AUTHOR),
    ),
    "author counter": Case(
        "Author.objects.filter(pk=author.pk).update(post_count=77)",
        {AUTHOR: shows('"post_count":77'), AUTHORS: shows('"post_count":77')},
        (OTHER, POST, POSTS, OF_AUTHOR),
    ),
    "category renamed": Case(
        "category.name = 'New shelf'; category.save()",
        {CATEGORY: shows("New shelf"), POST: shows("New shelf"), ON_SHELF: shows("New shelf")},
        (OTHER, IN_CELLAR),
    ),
    "category moved": Case(
        "post.category = other_category; post.save()",
        {ON_SHELF: hides('"old-{n}"'), IN_CELLAR: shows('"old-{n}"'), POST: shows("cellar-{n}")},
        (OTHER, OTHER_TAGGED),
    ),
    "tag renamed": Case(
        "tag.name = 'New hops'; tag.save()",
        {TAG: shows("New hops"), POST: shows("New hops"), TAGGED: shows("New hops")},
        (OTHER, OTHER_TAGGED),
    ),
    "tag slug changed": Case("tag.slug = 'leaf-{n}'; tag.save()", {TAGGED: gone, POST: shows("leaf-{n}")}),
    "slug changed": Case(
        "post.slug = 'new-{n}'; post.save()", {SLUG: gone, NEW_SLUG: found, POST: shows('"new-{n}"')}
    ),
    "published": Case(
        "draft.status = 'published'; draft.save()",
        {DRAFT: found, DRAFT_SLUG: found, POSTS: shows('"draft-{n}"'), OF_AUTHOR: shows('"draft-{n}"')},
        (OTHER, POST, IN_CELLAR),
    ),
    "archived": Case(
        "post.status = 'archived'; post.save()",
        {POST: gone, POSTS: hides('"old-{n}"'), TAGGED: hides('"old-{n}"')},
    ),
    "redated": Case(
        "from datetime import timedelta; post.published_at -= timedelta(days=9000); post.save()",
        {OF_AUTHOR: shows('"published_at":"19'), POST: shows('"published_at":"19')},
        (OTHER, OTHER_TAGGED),
    ),
    "comment added": Case(
        "factories.make_comment(post=post, body='<p>New remark</p>')",
        {COMMENTS: shows("New remark")},
        (OTHER, COMMENT, POSTS),
    ),
    "comment edited": Case(
        "comment.body = '<p>New remark</p>'; comment.save()",
        {COMMENTS: shows("New remark"), COMMENT: shows("New remark")},
        (OTHER, POST, POSTS),
    ),
    "comment removed": Case(
        "comment.deleted_at = timezone.now(); comment.save()",
        {COMMENTS: hides("Old remark"), COMMENT: gone},
        (OTHER, POST),
    ),
    "raw SQL": Case(
        "connection.cursor().execute('UPDATE api_post SET title = %s WHERE id = %s', ['New', post.pk])",
        {POST: shows('"New"'), POSTS: shows('"New"')},
    ),
    "raw SQL delete": Case(
        "c = connection.cursor(); c.execute('DELETE FROM api_posttag WHERE post_id = %s', [post.pk])",
        {POST: hides('"hops"'), TAGGED: hides('"old-{n}"')},
    ),
    "one transaction over several tables": Case(
        "with transaction.atomic():\n    author.name = 'New Ann'; author.save()\n"
        "    post.title = 'New'; post.save()",
        {POST: shows('"New"'), AUTHOR: shows("New Ann")},
    ),
}


def _set_up(writer: Writer, number: int) -> dict[str, int]:
    names: dict[str, int] = writer.run(SETUP.replace("{n}", str(number)))
    writer.settle()
    return names


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_a_write_shows_in_the_next_read(case: Case, writer: Writer, http: httpx.Client) -> None:
    number = next(_numbers)
    names = _set_up(writer, number)

    def spelled(text: str) -> str:
        for name, value in names.items():
            text = text.replace("{" + name + "}", str(value))
        return text

    watched = [spelled(url) for url in (*case.after, *case.unaffected)]
    for url in watched:
        read_into_memory(http, url)
    writer.run(spelled(case.write))
    for url, expected in case.after.items():
        read_until(http, spelled(url), expected.spelled(spelled))
    for url in case.unaffected:
        assert is_hit(http.get(spelled(url))), f"{url} was thrown away without need"


@pytest.mark.parametrize("undo", ["transaction.set_rollback(True)", "raise RuntimeError('on purpose')"])
def test_a_transaction_that_is_rolled_back_invalidates_nothing(
    undo: str, writer: Writer, http: httpx.Client
) -> None:
    names = _set_up(writer, next(_numbers))
    url = POST.replace("{post}", str(names["post"]))
    before = read_into_memory(http, url)
    writer.run(
        "try:\n    with transaction.atomic():\n"
        "        Post.objects.filter(pk=post.pk).update(title='Never')\n"
        f"        {undo}\nexcept RuntimeError:\n    pass",
    )
    # A later write to another row is relayed after whatever the first had left behind.
    other = OTHER.replace("{other}", str(names["other"]))
    writer.run("Post.objects.filter(pk=other.pk).update(title='Later')")
    read_until(http, other, shows('"Later"'))
    after = http.get(url)
    assert is_hit(after)
    assert after.content == before.content


@pytest.mark.skipif(shutil.which("sqlite3") is None, reason="the sqlite3 shell is not installed")
def test_an_update_typed_into_the_database_shell_shows(
    server: Server, writer: Writer, http: httpx.Client
) -> None:
    names = _set_up(writer, next(_numbers))
    url = POST.replace("{post}", str(names["post"]))
    read_into_memory(http, url)
    subprocess.run(
        [
            "sqlite3",
            server.database,
            f"PRAGMA busy_timeout=5000; UPDATE api_post SET title = 'Typed' WHERE id = {names['post']}",
        ],
        check=True,
        timeout=20,
        capture_output=True,
    )
    read_until(http, url, shows('"Typed"'))


def test_a_write_that_changes_no_watched_column_leaves_everything_in_memory(
    writer: Writer, http: httpx.Client
) -> None:
    names = _set_up(writer, next(_numbers))
    url = POST.replace("{post}", str(names["post"]))
    read_into_memory(http, url)
    writer.run("Post.objects.filter(pk=post.pk).update(view_count=9999)")
    other = OTHER.replace("{other}", str(names["other"]))
    writer.run("Post.objects.filter(pk=other.pk).update(title='Later')")
    read_until(http, other, shows('"Later"'))
    assert is_hit(http.get(url))
