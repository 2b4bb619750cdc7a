"""What is there to read and to write, and under which URLs?

Posts that stay, each with a first comment, and a few that come and go; the latter are the newest,
so every list that may show them shows them first, and one that does not show them says that they
are gone. Authors, categories and tags are dealt out in turn.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from tests.oracle.registers import Kind, Register
from tests.writer import Writer

LISTED = 100  # Posts on a page that shows all of them.

_FILL = """
from rest_framework.authtoken.models import Token
users = [factories.make_user() for _ in range({authors})]
authors = [factories.make_author(name=f"Author {{n}}.0", user=user) for n, user in enumerate(users)]
categories = [factories.make_category() for _ in range({categories})]
tags = [factories.make_tag() for _ in range({tags})]
posts = []
for n in range({posts} + {flickering}):
    posts.append(factories.make_post(
        author=authors[n % {authors}], category=categories[n % {categories}], tags=[tags[n % {tags}]],
        title=f"Title {{n}}.0", excerpt=f"Excerpt {{n}}.0", body=f"<p>Body {{n}}.0</p>",
        text=f"Body {{n}}.0", licence=f"Pair {{n - n % 2}}.0", comment_count=1,
    ))
comments = [factories.make_comment(post=post, author=post.author, body=f"<p>First {{n}}.0</p>")
            for n, post in enumerate(posts)]
result = dict(
    posts=[post.pk for post in posts], slugs=[post.slug for post in posts],
    authors=[author.pk for author in authors], categories=[row.pk for row in categories],
    tags=[row.pk for row in tags], comments=[row.pk for row in comments],
    tokens=[Token.objects.create(user=user).key for user in users],
)
"""


@dataclass(frozen=True)
class Url:
    """One URL that is read, what kind of page it is, and which posts a write to it makes interesting."""

    path: str
    kind: str
    subject: int = -1  # The index of the post that a page is about.
    flickering: tuple[int, ...] = ()  # The posts that are on the page, or are gone.


@dataclass(frozen=True)
class Library:
    """What is there, by index; the last `flickering` posts come and go."""

    flickering: int
    posts: list[int]
    slugs: list[str]
    authors: list[int]
    categories: list[int]
    tags: list[int]
    comments: list[int]
    tokens: list[str]

    @property
    def staying(self) -> range:
        """The posts that stay."""
        return range(len(self.posts) - self.flickering)

    @property
    def coming_and_going(self) -> range:
        """The posts that come and go."""
        return range(len(self.posts) - self.flickering, len(self.posts))

    def author_of(self, post: int) -> int:
        """Return the index of a post's author."""
        return post % len(self.authors)

    @property
    def pairs(self) -> range:
        """The posts that stay and have a neighbour to be written with, the first of each two."""
        return range(0, len(self.staying) - 1, 2)

    def registers(self) -> list[Register]:
        """Return all that is written, the raw ones last."""
        found: list[tuple[Kind, int]] = []
        for post in self.staying:
            found += [(kind, post) for kind in (Kind.TEXT, Kind.COMMENTS, Kind.LIKES, Kind.FIRST)]
        found += [(Kind.EXISTS, post) for post in self.coming_and_going]
        found += [(Kind.SCORES, 0)]
        found += [(Kind.NAME, author) for author in range(len(self.authors))]
        found += [(Kind.PAIR, post) for post in self.pairs]
        return [Register(index, kind, subject) for index, (kind, subject) in enumerate(found)]

    @property
    def raw(self) -> int:
        """How many of the registers are written with SQL."""
        return 1 + len(self.authors) + len(self.pairs)

    def urls(self) -> list[Url]:
        """Return all that is read."""
        found = []
        for post, (pk, slug) in enumerate(zip(self.posts, self.slugs, strict=True)):
            found += [Url(f"/api/v1/posts/{reference}/", "post", post) for reference in (pk, slug)]
            if post in self.staying:
                found += [
                    Url(f"/api/v1/posts/{pk}/?fields=title,excerpt,score,comment_count", "post", post),
                    Url(f"/api/v1/posts/{pk}/comments/?limit=1&ordering=-created_at", "newest comment", post),
                    Url(f"/api/v1/posts/{pk}/comments/?limit=1", "first comment", post),
                    Url(f"/api/v1/comments/{self.comments[post]}/", "comment", post),
                ]
        return found + self._lists()

    def _lists(self) -> list[Url]:
        everything = tuple(self.coming_and_going)
        found = [
            Url(f"/api/v1/posts/{query}", "posts", flickering=everything)
            for query in ("", "?limit=10", f"?limit={LISTED}", f"?limit={LISTED}&search=body")
        ]
        for name, rows in (("author", self.authors), ("category", self.categories), ("tag", self.tags)):
            for index, pk in enumerate(rows):
                shown = tuple(post for post in everything if post % len(rows) == index)
                found.append(Url(f"/api/v1/posts/?{name}={pk}&limit={LISTED}", "posts", flickering=shown))
        return found

    def shows(self, url: Url, post: int) -> bool:
        """Tell whether a write to a post may change what a URL shows."""
        if url.subject >= 0:
            return url.subject == post
        for name, rows in (("author", self.authors), ("category", self.categories), ("tag", self.tags)):
            if f"?{name}=" in url.path:
                return f"?{name}={rows[post % len(rows)]}&" in url.path
        return True

    def write(self, path: Path) -> None:
        """Write it down for another process."""
        path.write_text(json.dumps(asdict(self)))


def read(path: Path) -> Library:
    """Return the library that was written down."""
    return Library(**json.loads(path.read_text()))


def fill(
    writer: Writer, *, posts: int = 21, flickering: int = 3, authors: int = 6, is_relayed: bool = True
) -> Library:
    """Put the library into the database; return once all of it was relayed, if somebody does that."""
    sizes = {"posts": posts, "flickering": flickering, "authors": authors, "categories": 2, "tags": 3}
    filled = writer.run(_FILL.format(**sizes))
    if is_relayed:
        writer.settle()
    return Library(flickering=flickering, **filled)
