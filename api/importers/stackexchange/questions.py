"""How does a question become a post?

* It is published, from the moment at which it was asked. A closed question too: closing stops
  answers, but everybody still reads it on the site, and archiving it here would hide it.
* A deleted one (only some dumps have any) is deleted softly here.
* Its score is the dump's, which is the sum of the up and down votes already: in the dumps we
  tried that held for each of 3,648 posts. Counting the votes again would double it.
* The slug is made of the first title and stays, so that links to the post do.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from api.content.html import excerpt_of, plain_text, sanitise
from api.content.slugs import SlugPool
from api.importers.compact import IdMap, IdSet
from api.importers.merging import Merged, Merger
from api.importers.report import Tally
from api.importers.stackexchange.authors import Authors, Writer
from api.importers.stackexchange.dump import Row
from api.importers.stackexchange.fields import (
    Malformed,
    figure_in,
    licence_of,
    moment_in,
    number_in,
    optional_moment_in,
    tags_in,
)
from api.importers.stackexchange.identities import Addresses, keys_by_id
from api.importers.stackexchange.tags import Tags
from api.models import Post

_CONTENT: Final = ("title", "body", "text", "excerpt", "licence", "author_id", "updated_at")
_FIGURES: Final = ("score", "view_count")
_FINAL: Final = ("deleted_at",)
_LONGEST_TITLE: Final = 250


@dataclass(frozen=True, slots=True)
class Question:
    """A question that has been read: the post to be, and who and what belongs to it."""

    post: Post
    writer: Writer
    tags: list[str]


class Questions:
    """Writes questions as posts, a batch at a time."""

    def __init__(
        self, addresses: Addresses, category: int, authors: Authors, tags: Tags, tally: Tally
    ) -> None:
        self._addresses = addresses
        self._category = category
        self._authors = authors
        self._tags = tags
        self._tally = tally
        self._seen = IdSet()
        self._slugs = SlugPool(Post)
        self.keys: IdMap = keys_by_id(Post, addresses.questions)
        self._merger = Merger(Post, self.keys, _CONTENT, _FIGURES, _FINAL, complete=self._give_slugs)

    def write(self, rows: Sequence[Row]) -> None:
        """Write a batch of rows of Posts.xml that are questions."""
        questions = self._read(rows)
        self._authors.settle([question.writer for question in questions.values()])
        self._tags.settle(name for question in questions.values() for name in question.tags)
        for question in questions.values():
            question.post.author_id = self._authors.key_of(question.writer)
        merged = self._merger.merge({number: question.post for number, question in questions.items()})
        self._tie_tags(
            {number: questions[number].tags for number in questions.keys() - merged.edited_here}, merged
        )
        merged.count(self._tally)

    def _tie_tags(self, tags: Mapping[int, Sequence[str]], merged: Merged) -> None:
        numbers = {self.keys.get(number) or 0: number for number in sorted(tags)}
        changed = self._tags.tie({key: tags[number] for key, number in numbers.items()})
        merged.add_updated({numbers[key] for key in changed} - merged.created)

    def _read(self, rows: Sequence[Row]) -> dict[int, Question]:
        questions: dict[int, Question] = {}
        self._tally.read += len(rows)
        for row in rows:
            try:
                number = number_in(row, "Id")
                if self._seen.add(number):
                    questions[number] = self._question(number, row)
                else:
                    self._tally.skip("a second row with the same id")
            except Malformed as reason:
                self._tally.skip(str(reason))
        return questions

    def _question(self, number: int, row: Row) -> Question:
        created_at = moment_in(row, "CreationDate")
        address = f"{self._addresses.questions}{number}"
        body = sanitise(row.get("Body", ""), base_url=address)
        text = plain_text(body)
        post = Post(
            source_url=address,
            category_id=self._category,
            title=_title(row, text) or f"Question {number}",
            body=body,
            text=text,
            excerpt=excerpt_of(text),
            licence=licence_of(row, created_at),
            status=Post.Status.PUBLISHED,
            created_at=created_at,
            published_at=created_at,
            updated_at=optional_moment_in(row, "LastEditDate") or created_at,
            deleted_at=optional_moment_in(row, "DeletionDate"),
            score=figure_in(row, "Score"),
            view_count=figure_in(row, "ViewCount", least=0),
        )
        writer = Writer.of(row, "OwnerUserId", "OwnerDisplayName", created_at)
        return Question(post, writer, tags_in(row))

    def _give_slugs(self, posts: Sequence[Post]) -> None:
        for post, slug in zip(posts, self._slugs.take([post.title for post in posts]), strict=True):
            post.slug = slug


def _title(row: Row, text: str) -> str:
    """Return the title, or the text's beginning where there is none."""
    return " ".join(row.get("Title", "").split())[:_LONGEST_TITLE] or excerpt_of(text, 100)
