"""A little of everything that the API shows, for tests that only read."""

from __future__ import annotations

from dataclasses import dataclass

from tests.writer import Writer

POSTS = 30  # More than one page of the default size.
CATEGORY = "shelf"
TAG = "hops"

FILL = f"""
from datetime import timedelta
from rest_framework.authtoken.models import Token
user = factories.make_user(username="ann")
author = factories.make_author(name="Ann", slug="ann", user=user)
other = factories.make_author(name="Bob", slug="bob", user=factories.make_user(username="bob"))
category = factories.make_category(name="Shelf", slug="{CATEGORY}")
tag = factories.make_tag(name="hops", slug="{TAG}")
long = "<p>" + "to be, or not to be, that is the question; " * 40 + "</p>"
recently = timezone.now().replace(microsecond=0) - timedelta(hours=2)
posts = [
    factories.make_post(author=author, category=category, tags=[tag], slug=f"ale-{{n}}", title=f"Ale {{n}}",
                        body=long, published_at=recently - timedelta(minutes=n))
    for n in range({POSTS})
]
comments = [factories.make_comment(post=posts[0], author=other) for _ in range(5)]
draft = factories.make_post(author=author, category=category, status="draft", slug="draft")
result = dict(
    post=posts[0].pk, comment=comments[0].pk, author=author.pk, category=category.pk, tag=tag.pk,
    token=Token.objects.create(user=user).key,
    other_token=Token.objects.create(user=other.user).key,
)
"""


@dataclass(frozen=True)
class Library:
    """What is there, and where."""

    post: int
    comment: int
    author: int
    category: int
    tag: int
    token: str
    other_token: str

    @property
    def authorization(self) -> dict[str, str]:
        """The credentials of the author of all posts."""
        return {"Authorization": f"Token {self.token}"}

    def url(self, template: str) -> str:
        """Return a URL in which `{post}` and the like are replaced by what is there."""
        return template.format(
            post=self.post, comment=self.comment, author=self.author, category=self.category, tag=self.tag
        )


def fill(writer: Writer) -> Library:
    """Write it all, and return once everything of it has been relayed."""
    library = Library(**writer.run(FILL))
    writer.settle()
    return library


POST = "/api/v1/posts/{post}/"
LIST = "/api/v1/posts/"
SMALL = "/api/v1/tags/{tag}/?fields=id,slug,name"  # Too small to be worth a coding.

# One URL of every public route, by the route's name.
ROUTES = {
    "post-list": LIST,
    "post-trending": "/api/v1/posts/trending/",
    "post-detail": POST,
    "post-comments": "/api/v1/posts/{post}/comments/",
    "comment-detail": "/api/v1/comments/{comment}/",
    "author-list": "/api/v1/authors/",
    "author-detail": "/api/v1/authors/ann/",
    "category-list": "/api/v1/categories/",
    "category-detail": "/api/v1/categories/{category}/",
    "tag-list": "/api/v1/tags/",
    "tag-detail": "/api/v1/tags/hops/",
}
