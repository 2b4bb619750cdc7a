"""How is a whole site imported? All of it or nothing, in one transaction."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from functools import partial
from typing import Final

from django.db import IntegrityError, transaction

from api.content.slugs import free_slug
from api.counters import reconcile
from api.importers.compact import IdSet
from api.importers.report import Report
from api.importers.stackexchange.authors import Authors
from api.importers.stackexchange.dump import Dump, Row
from api.importers.stackexchange.fields import ANSWER, QUESTION, Malformed, in_batches, number_in
from api.importers.stackexchange.identities import Addresses
from api.importers.stackexchange.profiles import Profiles
from api.importers.stackexchange.questions import Questions
from api.importers.stackexchange.replies import Place, Replies, read_answer, read_comment
from api.importers.stackexchange.tags import Tags
from api.importers.stackexchange.votes import Votes
from api.importers.statistics import refresh_statistics
from api.models import Category

# The tables in the order in which they are read. Posts come twice, as an answer may precede its question.
PASSES: Final = ("Users", "Posts", "Posts", "Comments", "Votes")
_BATCH: Final = 500


def import_dump(dump: Dump, advance: Callable[[int], object]) -> Report:
    """Import a dump and put the counters right; tell `advance` the bytes read as it goes."""
    with transaction.atomic(), closing(Profiles()) as profiles:
        category = _category(dump.site)
        site = _Site(dump, category.pk, profiles, advance)
        report = site.import_all()
        refresh_statistics()
        reconcile()
    return report


def _category(site: str) -> Category:
    """Return the site's category, locked: another import of the same site waits for this one."""
    address = f"https://{site}"
    if not Category.objects.filter(source_url=address).exists():
        # The other import may have made it just now: the slug is unique, and it has had it.
        with suppress(IntegrityError), transaction.atomic():
            Category.objects.create(source_url=address, name=site, slug=free_slug(Category, site))
    return Category.objects.select_for_update(no_key=True).filter(source_url=address).order_by("pk")[0]


class _Site:
    """The import of one site, table by table."""

    def __init__(
        self, dump: Dump, category: int, profiles: Profiles, advance: Callable[[int], object]
    ) -> None:
        self._dump = dump
        self._profiles = profiles
        self._advance = advance
        self._report = Report(f"{dump.site}:")
        addresses, tally = Addresses(dump.site), self._report.tally
        self._authors = Authors(dump.site, addresses, profiles, tally("users"))
        tags = Tags(tally("tags"))
        self._questions = Questions(addresses, category, self._authors, tags, tally("questions"))
        read = partial(read_answer, base_url=f"{addresses.site}/")
        self._answers = Replies(
            addresses.answers, self._place_of_answer, read, self._authors, tally("answers")
        )
        self._comments = Replies(
            addresses.comments, self._place_of_comment, read_comment, self._authors, tally("comments")
        )
        self._votes = Votes(self._questions.keys, self._is_post, self._authors, tally("votes"))
        self._other_posts = IdSet()

    def import_all(self) -> Report:
        """Read every table once, the posts twice."""
        self._profiles.read(self._rows("Users"), self._report.tally("users"))
        for write, rows in (
            (self._questions.write, self._posts_of_type(QUESTION)),
            (self._answers.write, self._posts_of_type(ANSWER)),
            (self._comments.write, self._rows("Comments")),
            (self._votes.write, self._rows("Votes")),
        ):
            for batch in in_batches(rows, _BATCH):
                write(batch)
        self._authors.count_the_silent()
        return self._report

    def _rows(self, table: str) -> Iterator[Row]:
        return self._dump.rows(table, self._advance)

    def _posts_of_type(self, wanted: str) -> Iterator[Row]:
        for row in self._rows("Posts"):
            kind = row.get("PostTypeId")
            if kind == wanted:
                yield row
            elif kind not in (QUESTION, ANSWER) and wanted == QUESTION:
                self._note_other_post(row)

    def _note_other_post(self, row: Row) -> None:
        tally = self._report.tally("other posts")
        tally.read += 1
        tally.skip("neither question nor answer (tag wikis and the like)")
        with suppress(Malformed):
            self._other_posts.add(number_in(row, "Id"))

    def _is_post(self, number: int) -> bool:
        return number in self._questions.keys or number in self._answers.keys or number in self._other_posts

    def _place_of_answer(self, row: Row) -> Place | None:
        post = self._questions.keys.get(number_in(row, "ParentId"))
        return None if post is None else Place(post)

    def _place_of_comment(self, row: Row) -> Place | None:
        number = number_in(row, "PostId")
        post = self._questions.keys.get(number)
        if post is not None:
            return Place(post)
        post = self._answers.posts.get(number)
        return None if post is None else Place(post, parent=self._answers.keys.get(number))
