"""Who asks? Six kinds of users, each with a reason of its own to ask."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from time import perf_counter
from typing import Any, Final

import orjson

from loadtests.client import NEXT
from loadtests.errands import FIRST_PAGE, Errand, post_path
from loadtests.ledger import marked, shown_in
from loadtests.mix import Kind, Write
from loadtests.visitor import Question, Visitor

_READABLE: Final = (200, 304)
_TRIES: Final = 12  # Draws of something that is held already.
_HELD_BY_BROWSER: Final = 200
_HELD_BY_EDGE: Final = 20_000


def _next_page(response: Any) -> str | None:
    found = NEXT.search(response.headers.get("link") or "")
    return found[1] if found else None


class DetailReader(Visitor):
    """Came from elsewhere, reads one thing, or what is said about it."""

    kind = Kind.DETAIL_READER

    def carry_out(self, errand: Errand) -> None:
        """Read it; what is not there has to be a 404."""
        expected = (404,) if errand.wish.is_missing else (200,)
        with self.read(errand, Question(errand.path, errand.wish.method, expected)):
            pass


class ListBrowser(Visitor):
    """Opens lists, and sometimes the page after."""

    kind = Kind.LIST_BROWSER
    following: str | None = None

    def carry_out(self, errand: Errand) -> None:
        """Open a list, or go on in the one seen last."""
        path = self.following if errand.goes_on and self.following else errand.path
        with self.read(errand, Question(path, errand.wish.method)) as response:
            self.following = _next_page(response) if response is not None else None


class Crawler(Visitor):
    """Walks every page of the list of posts, and each post that it shows."""

    kind = Kind.CRAWLER

    def on_start(self) -> None:
        """Begin at the first page."""
        self.to_do: list[str] = []
        self.following: str = FIRST_PAGE

    def carry_out(self, errand: Errand) -> None:
        """Ask for the next thing that was linked to."""
        if self.to_do:
            with self.read(errand, Question(self.to_do.pop())):
                return
        with self.read(errand, Question(self.following)) as response:
            if response is not None:
                self.following = _next_page(response) or FIRST_PAGE
                rows = orjson.loads(response.content)["results"]
                self.to_do = [post_path(row["id"]) for row in rows]


@dataclass(frozen=True, slots=True)
class Held:
    """What a client keeps of an answer: its validator, and which marks it showed."""

    etag: str
    shown: Mapping[int, int]


class Keeper(Visitor):
    """Keeps answers, and asks with their validators whether they are still right."""

    abstract = True
    held: OrderedDict[str, Held]
    most: int

    def carry_out(self, errand: Errand) -> None:
        """Ask again for something that is held; at first there is nothing yet."""
        path = self._chosen(errand)
        held = self.held.get(path)
        fields = {"If-None-Match": held.etag} if held else {}
        began = perf_counter()
        with self.read(errand, Question(path, errand.wish.method, _READABLE, fields)) as response:
            if response is None:
                return
            if response.status_code == 200 and errand.wish.method == "GET":
                self._keep(path, response)
            elif held and response.status_code == 304:
                # A 304 vouches for what is held, so that is what must not be older than a write.
                self.check(errand, held.shown, began=began)

    def _chosen(self, errand: Errand) -> str:
        path = errand.path
        for _ in range(_TRIES):
            if path in self.held:
                return path
            path = self.running.again.of(errand.wish.family)
        return errand.path

    def _keep(self, path: str, response: Any) -> None:
        etag = response.headers.get("etag")
        if etag is None:
            return
        self.held[path] = Held(etag, dict(shown_in(orjson.loads(response.content))))
        self.held.move_to_end(path)
        if len(self.held) > self.most:
            self.held.popitem(last=False)


class Revalidator(Keeper):
    """A browser: what it holds is its own."""

    kind = Kind.REVALIDATOR
    most = _HELD_BY_BROWSER

    def on_start(self) -> None:
        """Begin with nothing."""
        self.held = OrderedDict()


class Edge(Keeper):
    """A connection of an edge: what the edge holds came over all of them."""

    kind = Kind.EDGE
    most = _HELD_BY_EDGE
    held = OrderedDict()


class Writer(Visitor):
    """Edits posts, comments on them, likes them; knows what was acknowledged."""

    kind = Kind.WRITER

    def on_start(self) -> None:
        """Begin having liked nothing."""
        self.liked: set[int] = set()

    def carry_out(self, errand: Errand) -> None:
        """Write."""
        if errand.wish.write is Write.EDIT:
            self._edit(errand)
        elif errand.wish.write is Write.COMMENT:
            document = {"body": f"<p>Said under load, {errand.due:.3f} seconds into the run.</p>"}
            with self.write(errand, Question(f"{errand.path}comments/", "POST", (201,), document=document)):
                pass
        else:
            self._like(errand)

    def _edit(self, errand: Errand) -> None:
        ledger = self.running.ledger
        mark = ledger.begin(errand.post)
        if mark is None:
            return  # Somebody else is at it, or nobody knows what became of the last one.
        title = marked(self.running.titles[errand.post], mark)
        with self.write(errand, Question(errand.path, "PATCH", document={"title": title})) as response:
            if response is not None:
                ledger.acknowledge(errand.post, mark, now=perf_counter())

    def _like(self, errand: Errand) -> None:
        likes = errand.post not in self.liked
        method = "PUT" if likes else "DELETE"
        with self.write(errand, Question(f"{errand.path}like/", method)) as response:
            if response is not None:
                (self.liked.add if likes else self.liked.discard)(errand.post)
