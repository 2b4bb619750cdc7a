"""What does one generated post look like, with its tags, comments and likes?

Skewed like a real site's: views follow Zipf's law (exponent 1), scores and likes follow the
views, comment counts have a heavy tail, authors, categories and tags are drawn by rank. Some
posts are drafts or archived, and a few will appear in the days after `until`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import Final

from api.content.html import excerpt_of
from api.importers.generated.cast import Cast
from api.importers.generated.prose import Prose, title_and_opening
from api.models import Post

_DRAFT_EVERY: Final = 33
_ARCHIVED_EVERY: Final = 50
_SCHEDULED_EVERY: Final = 97
_MOST_SCHEDULED: Final = 50  # More, and there were always one about to appear.
_FEWEST_VIEWS: Final = 25
_MOST_VIEWS: Final = 2_000_000_000
_MOST_COMMENTS: Final = 300
_MOST_LIKES: Final = 200
_TAGS_CARRIED: Final = (1, 1, 2, 2, 2, 3, 3, 4, 5)
_PARAGRAPHS: Final = (1, 2, 3, 3, 3, 4, 4, 5, 5, 6, 10)


@dataclass(frozen=True, slots=True)
class Span:
    """The years over which posts are spread, more and more of them each year."""

    since: datetime
    until: datetime
    posts: int

    def moment(self, place: float) -> datetime:
        """Return the moment of the post at `place`, between 0 and the number of posts."""
        passed = (self.until - self.since) * (place / self.posts) ** (2 / 3)
        # Milliseconds, as in real data. Rounded down, so that no moment lies after `until`.
        return self.since + timedelta(milliseconds=passed // timedelta(milliseconds=1))

    def after(self, moment: datetime, random: Random, *, days: float) -> datetime:
        """Return a moment some days later on average, but not after `until`."""
        later = moment + timedelta(milliseconds=int(random.expovariate(1 / days) * 86_400_000))
        return min(later, max(moment, self.until))


@dataclass(slots=True)
class Draft:
    """A post to be; the keys are given when it is written."""

    title: str
    body: str
    text: str
    excerpt: str
    author: int
    category: int
    status: str
    created_at: datetime
    updated_at: datetime
    published_at: datetime | None
    score: int
    view_count: int
    tags: list[int]
    comments: list[Remark]
    likes: list[tuple[int, datetime]]

    @property
    def listed(self) -> int:
        """What the database will say of it: may the public see it, once it is due?"""
        return int(self.status == Post.Status.PUBLISHED and self.published_at is not None)


@dataclass(slots=True)
class Remark:
    """A comment to be; `parent` is the place of the comment that it answers."""

    author: int
    parent: int | None
    body: str
    created_at: datetime
    score: int


class PostMaker:
    """Makes the post of a number: the same for the same seed, span and cast."""

    def __init__(self, prose: Prose, cast: Cast, span: Span) -> None:
        self._prose = prose
        self._cast = cast
        self._span = span
        self._scheduled_every = max(_SCHEDULED_EVERY, span.posts // _MOST_SCHEDULED)

    def make(self, number: int, random: Random) -> Draft:
        """Return the post of a number, which counts from 0."""
        created_at = self._span.moment(number + random.random())
        status, published_at = self._state(number, created_at, random)
        is_public = status == Post.Status.PUBLISHED and published_at == created_at
        title, opening = title_and_opening(random)
        passages = random.choices(self._prose.paragraphs, k=random.choice(_PARAGRAPHS))
        text = "\n".join((opening, *(passage.text for passage in passages)))
        views = min(int(_FEWEST_VIEWS / (1 - random.random())), _MOST_VIEWS) if is_public else 0
        is_edited = random.random() < 0.3
        return Draft(
            title=title,
            body="\n".join((f"<p>{opening}</p>", *(passage.html for passage in passages))),
            text=text,
            # What comes later does not show in it, and need not be looked at.
            excerpt=excerpt_of(text[:400]),
            author=self._cast.authors.draw(random)[0],
            category=self._cast.categories.draw(random)[0],
            status=status,
            created_at=created_at,
            updated_at=self._span.after(created_at, random, days=60) if is_edited else created_at,
            published_at=published_at,
            score=round(random.gauss(0.5, 1) * math.log2(1 + views / _FEWEST_VIEWS)),
            view_count=views,
            tags=sorted(set(self._cast.tags.draw(random, random.choice(_TAGS_CARRIED)))),
            comments=self._remarks(created_at, random) if is_public else [],
            likes=self._likes(created_at, views, random) if is_public else [],
        )

    def _state(self, number: int, created_at: datetime, random: Random) -> tuple[str, datetime | None]:
        if number % _DRAFT_EVERY == 7:
            return Post.Status.DRAFT.value, None
        if number % _ARCHIVED_EVERY == 13:
            return Post.Status.ARCHIVED.value, created_at
        if number % self._scheduled_every == 60:
            ahead = timedelta(seconds=random.randint(3_600, 30 * 86_400))
            return Post.Status.PUBLISHED.value, self._span.until + ahead
        return Post.Status.PUBLISHED.value, created_at

    def _remarks(self, since: datetime, random: Random) -> list[Remark]:
        number = min(int((0.5 / (1 - random.random())) ** 0.8), _MOST_COMMENTS)
        authors = self._cast.authors.draw(random, number) if number else []
        moment = since
        remarks: list[Remark] = []
        for place, author in enumerate(authors):
            moment = self._span.after(moment, random, days=4)
            is_reply = place > 0 and random.random() < 0.35
            parent = random.randrange(place) if is_reply else None
            body = random.choice(self._prose.remarks).html
            score = int(random.paretovariate(1.2)) - 1
            remarks.append(Remark(author, parent, body, moment, min(score, 1_000)))
        return remarks

    def _likes(self, since: datetime, views: int, random: Random) -> list[tuple[int, datetime]]:
        number = min(int(math.sqrt(views) * random.random() / 3), _MOST_LIKES)
        authors: Sequence[int] = sorted(set(self._cast.authors.draw(random, number))) if number else ()
        return [(author, self._span.after(since, random, days=30)) for author in authors]
