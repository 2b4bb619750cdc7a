"""Who writes? A few threads, through the API and with SQL, and never two at once to one thing.

A request whose answer is lost is sent again until it is answered: all but new things are said
absolutely, so that twice is once. A new comment whose answer was lost may be there or not; nobody
writes to it again. What is refused, because its post has just gone, has not happened.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from http.client import HTTPConnection, HTTPException
from typing import Any

import psycopg

from tests.edges.chaos.history import GONE, History
from tests.edges.chaos.sharing import Lost, Refused, Writers, begun, is_public

PATIENCE = 60.0  # Seconds until a write has to be answered, faults and all.
_PAUSE = 0.05  # Seconds between two attempts.


class Writer:
    """One thread that writes."""

    def __init__(self, writers: Writers, port: int, connecting: dict[str, str]) -> None:
        self._writers = writers
        self._library = writers.library
        self._port = port
        self._connecting = connecting
        self._http: HTTPConnection | None = None
        self._sql: psycopg.Connection[Any] | None = None
        self._ways: dict[str, Callable[[float], None]] = {
            "title by API": self._title,
            "title by SQL": self._title_by_sql,
            "tags by API": self._tags,
            "tags by SQL": self._tags_by_sql,
            "archived or published by API": self._archive_or_publish,
            "archived or published by SQL": self._archive_or_publish_by_sql,
            "new comment": self._new_comment,
            "comment by API": self._comment,
            "comment deleted by API": self._comment_deleted,
            "comment deleted by SQL": self._comment_deleted_by_sql,
            "new post": self._new_post,
            "post deleted by API": self._post_deleted,
            "author renamed by SQL": self._author_renamed,
            "tag renamed by SQL": self._tag_renamed,
            "all posts of an author by SQL": self._all_posts_of_an_author,
        }

    def run(self) -> None:
        """Write until there is nothing left to write."""
        try:
            while (write := self._writers.next()) is not None:
                try:
                    self._ways[write.how](write.dice)
                except (Refused, Lost):
                    self._writers.counted(write, "refused")
                else:
                    self._writers.counted(write, "acknowledged")
        except BaseException as error:  # noqa: BLE001 - told by whoever waits for this thread.
            self._writers.failures.append(error)
        finally:
            self._hang_up()

    # Posts.

    def _title(self, dice: float) -> None:
        with self._post(dice) as (number, history), begun(history) as state:
            self._post_asked("PATCH", number, history, "", {"title": f"Title {number}.{state}"})

    def _title_by_sql(self, dice: float) -> None:
        with self._post(dice) as (number, history), begun(history) as state:
            self._execute(
                "UPDATE api_post SET title = %s, updated_at = now() WHERE id = %s",
                [f"Title {number}.{state}", history.pk],
            )

    def _tags(self, dice: float) -> None:
        with self._post(dice) as (number, history):
            tags = self._library.tags
            first = int(dice * 1e6) % len(tags)
            self._post_asked("PATCH", number, history, "", {"tags": tags[first : first + 2]})

    def _tags_by_sql(self, dice: float) -> None:
        with self._post(dice) as (_, history):
            tag = self._library.tags[int(dice * 1e6) % len(self._library.tags)]
            values = [history.pk, tag]
            if dice < 0.5:
                self._execute("DELETE FROM api_posttag WHERE post_id = %s AND tag_id = %s", values)
            else:
                insert = "INSERT INTO api_posttag (post_id, tag_id) VALUES (%s, %s) ON CONFLICT DO NOTHING"
                self._execute(insert, values)

    def _archive_or_publish(self, dice: float) -> None:
        with self._turned(dice) as (number, history):
            self._turn(history, lambda action: self._post_asked("POST", number, history, f"{action}/", {}))

    def _archive_or_publish_by_sql(self, dice: float) -> None:
        with self._turned(dice) as (_, history):
            statement = "UPDATE api_post SET status = %s WHERE id = %s"
            status = {"archive": "archived", "publish": "published"}
            self._turn(history, lambda action: self._execute(statement, [status[action], history.pk]))

    def _turned(self, dice: float) -> AbstractContextManager[tuple[int, History]]:
        """Choose a post: every other time one that is hidden, so that most are not."""
        hidden = [number for number in self._writers.living["post"] if self._is_hidden(number)]
        if int(dice * 1e6) % 2 and hidden:
            return self._writers.held("post", dice, lambda number, _: self._is_hidden(number))
        return self._writers.held("post", dice)

    def _is_hidden(self, number: int) -> bool:
        return not is_public(number, self._writers.histories.of["post", number])

    def _turn(self, history: History, act: Callable[[str], object]) -> None:
        """Take a post out of public sight, or show it again."""
        if history.states[-1] == GONE:
            last = next(state for state in reversed(history.states) if state != GONE)
            with begun(history, last):
                act("publish")
        else:
            with begun(history, GONE):
                act("archive")

    def _new_post(self, dice: float) -> None:
        number = self._writers.number()
        library = self._library
        fields = {
            "title": f"Title {number}.0",
            "body": "<p>Written later.</p>",
            "category": library.categories[number % len(library.categories)],
            "tags": [library.tags[int(dice * 1e6) % len(library.tags)]],
        }
        made = self._asked("POST", "posts/", library.author_of(number), fields)
        history = self._writers.histories.add(("post", number), made["id"], GONE)
        with history.lock:
            with begun(history, 0):
                self._post_asked("POST", number, history, "publish/", {})
            self._writers.living["post"].append(number)

    def _post_deleted(self, dice: float) -> None:
        with self._post(dice) as (number, history), begun(history, GONE):
            self._post_asked("DELETE", number, history, "")
            self._writers.over("post", number)

    def _all_posts_of_an_author(self, dice: float) -> None:
        author = self._library.authors[int(dice * len(self._library.authors))]
        self._execute("UPDATE api_post SET score = score + 1 WHERE author_id = %s", [author])

    # Comments.

    def _new_comment(self, dice: float) -> None:
        number = self._writers.number()
        with self._post(dice) as (post, history):
            comment = self._writers.histories.add(("comment", number), 0)
            body = {"body": f"<p>Comment {number}.0</p>"}
            made = self._post_asked("POST", post, history, "comments/", body, once=True)
            comment.pk = made["id"]
        self._writers.post_of_comment[number] = post
        self._writers.living["comment"].append(number)

    def _comment(self, dice: float) -> None:
        suits = self._is_under_public_post
        with self._writers.held("comment", dice, suits) as (number, history), begun(history) as state:
            self._comment_asked("PATCH", number, history, {"body": f"<p>Comment {number}.{state}</p>"})

    def _comment_deleted(self, dice: float) -> None:
        suits = self._is_under_public_post
        with self._writers.held("comment", dice, suits) as (number, history), begun(history, GONE):
            self._comment_asked("DELETE", number, history)
            self._writers.over("comment", number)

    def _comment_deleted_by_sql(self, dice: float) -> None:
        with self._writers.held("comment", dice) as (number, history), begun(history, GONE):
            self._execute("DELETE FROM api_comment WHERE id = %s", [history.pk])
            self._writers.over("comment", number)

    # Names.

    def _author_renamed(self, dice: float) -> None:
        with self._writers.held("author", dice) as (number, history), begun(history) as state:
            statement = "UPDATE api_author SET name = %s WHERE id = %s"
            self._execute(statement, [f"Author {number}.{state}", history.pk])

    def _tag_renamed(self, dice: float) -> None:
        tag = self._library.tags[int(dice * len(self._library.tags))]
        self._execute("UPDATE api_tag SET name = %s WHERE id = %s", [f"tag {dice:.6f}", tag])

    # How.

    @contextmanager
    def _post(self, dice: float) -> Iterator[tuple[int, History]]:
        """Choose a post that the public sees."""
        with self._writers.held("post", dice, is_public) as (number, history):
            yield number, history

    def _is_under_public_post(self, number: int, comment: History) -> bool:
        del comment
        post = self._writers.post_of_comment[number]
        return is_public(post, self._writers.histories.of["post", post])

    def _post_asked(
        self,
        method: str,
        number: int,
        history: History,
        below: str,
        fields: dict[str, Any] | None = None,
        *,
        once: bool = False,
    ) -> Any:
        path = f"posts/{history.pk}/{below}"
        return self._asked(method, path, self._library.author_of(number), fields, once=once)

    def _comment_asked(
        self, method: str, number: int, history: History, fields: dict[str, Any] | None = None
    ) -> Any:
        author = self._library.author_of(self._writers.post_of_comment[number])
        return self._asked(method, f"comments/{history.pk}/", author, fields)

    def _asked(
        self, method: str, path: str, author: int, fields: dict[str, Any] | None, *, once: bool = False
    ) -> Any:
        """Send a request until it is answered; return what the answer says."""
        began = time.monotonic()
        is_first = True
        while True:
            try:
                status, body = self._sent(method, path, author, fields)
            except (OSError, HTTPException) as error:
                self._hang_up()
                why = repr(error)
            else:
                self._writers.longest = max(self._writers.longest, time.monotonic() - began)
                # Who asks twice to delete hears that it is not there.
                if 200 <= status < 300 or (status == 404 and method == "DELETE" and not is_first):
                    return json.loads(body) if body else None
                if status < 500:
                    raise Refused(f"{status} to {method} {path}: {body[:200]!r}")
                why = f"{status}: {body[:200]!r}"
            self._writers.attempts_lost += 1
            is_first = False
            if once:
                raise Lost(why)
            assert time.monotonic() - began < PATIENCE, f"{method} {path} for {PATIENCE} s: {why}"
            time.sleep(_PAUSE)

    def _sent(self, method: str, path: str, author: int, fields: dict[str, Any] | None) -> tuple[int, bytes]:
        if self._http is None:
            self._http = HTTPConnection("127.0.0.1", self._port, timeout=PATIENCE / 2)
        headers = {"Authorization": f"Token {self._library.tokens[author]}"}
        if fields is not None:
            headers["Content-Type"] = "application/json"
        body = None if fields is None else json.dumps(fields)
        self._http.request(method, f"/api/v1/{path}", body, headers)
        response = self._http.getresponse()
        return response.status, response.read()

    def _execute(self, statement: str, values: Sequence[Any]) -> None:
        """Run a statement and commit it, until that has succeeded."""
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                if self._sql is None:
                    self._sql = psycopg.connect(**self._connecting, autocommit=True)
                self._sql.execute(statement, values)
            except psycopg.Error:
                assert time.monotonic() < deadline, statement
                self._writers.attempts_lost += 1
                self._hang_up()
                time.sleep(_PAUSE)
            else:
                return

    def _hang_up(self) -> None:
        for connection in (self._http, self._sql):
            if connection is not None:
                with suppress(psycopg.Error):
                    connection.close()
        self._http = self._sql = None


def started(
    writers: Writers, threads: int, *, port: int, connecting: dict[str, str]
) -> list[threading.Thread]:
    """Let so many threads write."""
    found = [
        threading.Thread(target=Writer(writers, port, connecting).run, name=f"writer {number}")
        for number in range(threads)
    ]
    for thread in found:
        thread.start()
    return found
