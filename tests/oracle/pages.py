"""Which versions does a page show?

A page is taken apart into pairs of a register and what is seen of it. Fields of one row that
are written together must agree, and so must rows that one transaction writes together: a page
that is half of one state and half of another is torn.
"""

from __future__ import annotations

import re
from typing import Any

import orjson

from tests.oracle.library import Library, Url
from tests.oracle.registers import Kind, Register

_NUMBERED = re.compile(r"(?:<p>)?(Title|Excerpt|Body|First|Comment|Author|Pair) (\d+)\.(\d+)(?:</p>)?")

# What a page shows: register -> what is seen of it.
Seen = dict[int, int]


class Impossible(Exception):
    """A page shows what nobody has written, or contradicts itself."""


class Pages:
    """Takes the pages of a library apart."""

    def __init__(self, library: Library, registers: list[Register]) -> None:
        self._index = {(register.kind, register.subject): register.index for register in registers}
        self._post = {pk: index for index, pk in enumerate(library.posts)}
        self._first_comments = library.comments
        self._coming_and_going = library.coming_and_going
        self._author_of = library.author_of
        self._first_of = {post: first for first in library.pairs for post in (first, first + 1)}

    def seen(self, url: Url, status: int, body: bytes) -> Seen:
        """Return what an answer shows; raise if it shows what cannot be."""
        if status == 404:
            if url.subject not in self._coming_and_going:
                raise Impossible("404 for what was never taken away")
            return {self._index[Kind.EXISTS, url.subject]: 0}
        try:
            return self._shown(url, orjson.loads(body))
        except (KeyError, TypeError, ValueError) as error:
            raise Impossible(f"not a page of this kind ({error!r}): {body[:200]!r}") from error

    def _shown(self, url: Url, content: Any) -> Seen:
        seen: Seen = {}
        if url.kind == "post":
            self._post_seen(seen, content, url.subject)
        elif url.kind == "posts":
            shown = [self._post_seen(seen, row, self._known(row)) for row in content["results"]]
            if len(set(shown)) != len(shown):
                raise Impossible(f"a post is on the page twice: {shown}")
            for post in url.flickering:
                self._add(seen, Kind.EXISTS, post, int(post in shown))
        elif url.kind == "comment":
            self._comment_seen(seen, content, url)
        else:
            for row in content["results"]:
                self._comment_seen(seen, row, url)
        return seen

    def _known(self, row: dict[str, Any]) -> int:
        post = self._post.get(row["id"])
        if post is None:
            raise Impossible(f"post {row['id']} does not exist")
        return post

    def _post_seen(self, seen: Seen, row: dict[str, Any], post: int) -> int:
        # A post that comes and goes is never edited: its text must be that of version 0.
        text = Kind.EXISTS if post in self._coming_and_going else Kind.TEXT
        for field, word in (("title", "Title"), ("excerpt", "Excerpt"), ("body", "Body")):
            if field in row:
                version = _version(row[field], word, post)
                if text is Kind.EXISTS and version:
                    raise Impossible(f"{row[field]!r} was never written")
                self._add(seen, text, post, 1 if text is Kind.EXISTS else version)
        if "score" in row:
            self._add(seen, Kind.SCORES, 0, row["score"])
        if author := row.get("author"):
            index = self._author_of(post)
            self._add(seen, Kind.NAME, index, _version(author["name"], "Author", index))
        if "licence" in row and (first := self._first_of.get(post)) is not None:
            self._add(seen, Kind.PAIR, first, _version(row["licence"], "Pair", first))
        if text is Kind.TEXT:
            if "comment_count" in row:
                self._add(seen, Kind.COMMENTS, post, row["comment_count"] - 1)
            if "like_count" in row:
                self._add(seen, Kind.LIKES, post, row["like_count"])
        return post

    def _comment_seen(self, seen: Seen, row: dict[str, Any], url: Url) -> None:
        post = url.subject
        if row["id"] == self._first_comments[post]:
            self._add(seen, Kind.FIRST, post, _version(row["body"], "First", post))
            if url.kind == "newest comment":
                self._add(seen, Kind.COMMENTS, post, 0)
        else:
            self._add(seen, Kind.COMMENTS, post, _version(row["body"], "Comment", post))

    def _add(self, seen: Seen, kind: Kind, subject: int, value: int) -> None:
        register = self._index[kind, subject]
        if seen.setdefault(register, value) != value:
            raise Impossible(f"torn: {kind.value} of {subject} is {seen[register]} and {value} on one page")


def _version(text: str, word: str, subject: int) -> int:
    found = _NUMBERED.fullmatch(text)
    if found is None or found[1] != word or int(found[2]) != subject:
        raise Impossible(f"{text!r} is not of {word} {subject}")
    return int(found[3])
