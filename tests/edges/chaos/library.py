"""What is there to write and to read?

Each thing has a number of its own, and its text says which state it is in: `Title 7.3` is post
number 7 in state 3. So a page can be checked without knowing what kind of page it is.
"""

from __future__ import annotations

from dataclasses import dataclass

from tests.writer import Writer

_FILL = """
from rest_framework.authtoken.models import Token
users = [factories.make_user() for _ in range({authors})]
authors = [factories.make_author(name=f"Author {{n}}.0", user=user) for n, user in enumerate(users)]
categories = [factories.make_category() for _ in range({categories})]
tags = [factories.make_tag() for _ in range({tags})]
posts = [
    factories.make_post(
        author=authors[n % {authors}], category=categories[n % {categories}], tags=[tags[n % {tags}]],
        title=f"Title {{n}}.0", excerpt="", body="<p>Written once.</p>", text="Written once.",
        comment_count=1,
    )
    for n in range({posts})
]
comments = [
    factories.make_comment(post=post, author=post.author, body=f"<p>Comment {{n}}.0</p>")
    for n, post in enumerate(posts)
]
result = dict(
    posts=[post.pk for post in posts], slugs=[post.slug for post in posts],
    authors=[author.pk for author in authors], categories=[row.pk for row in categories],
    tags=[row.pk for row in tags], comments=[row.pk for row in comments],
    tokens=[Token.objects.create(user=user).key for user in users],
)
"""


@dataclass(frozen=True)
class Library:
    """What is there at first, by number; what the writers add is in none of these lists."""

    posts: list[int]
    slugs: list[str]
    authors: list[int]
    categories: list[int]
    tags: list[int]
    comments: list[int]
    tokens: list[str]

    def author_of(self, post: int) -> int:
        """Return the number of a post's author, who wrote the comments on it as well."""
        return post % len(self.authors)

    def urls(self) -> list[str]:
        """Return what is read from the beginning; readers follow the links that they find.

        No list is ordered by what may lag, and none is of what is trending.
        """
        found = ["/api/v1/posts/", "/api/v1/posts/?limit=5", "/api/v1/posts/?limit=100"]
        found += [f"/api/v1/{plural}/" for plural in ("authors", "categories", "tags")]
        found += ["/api/v1/posts/?search=written"]
        for name, pks in (("author", self.authors), ("category", self.categories), ("tag", self.tags)):
            plural = {"author": "authors", "category": "categories", "tag": "tags"}[name]
            for pk in pks:
                found += [f"/api/v1/posts/?{name}={pk}", f"/api/v1/posts/?{name}={pk}&limit=3"]
                found += [f"/api/v1/{plural}/{pk}/"]
        for number, (pk, slug) in enumerate(zip(self.posts, self.slugs, strict=True)):
            found += [f"/api/v1/posts/{pk}/", f"/api/v1/posts/{slug}/", f"/api/v1/posts/{pk}/comments/"]
            found += [
                f"/api/v1/posts/{pk}/?fields=title,author",
                f"/api/v1/comments/{self.comments[number]}/",
            ]
        return found


def fill(writer: Writer, *, posts: int, authors: int = 5, categories: int = 3, tags: int = 6) -> Library:
    """Put it into the database; return once all of it was relayed."""
    sizes = {"posts": posts, "authors": authors, "categories": categories, "tags": tags}
    library = Library(**writer.run(_FILL.format(**sizes)))
    writer.settle()
    return library
