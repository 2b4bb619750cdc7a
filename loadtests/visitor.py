"""How does a user carry out an errand? One request, timed from when it was due.

What comes back is counted by outcome, and compared with the ledger. A GET on a kept connection
that the server has just closed is asked again at once on another, as browsers and edges do
(RFC 9110 §9.2.2); that takes its time, which counts. A write may not be repeated, so writers open
a connection for each.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from time import perf_counter
from typing import Any

import orjson
from locust import FastHttpUser, constant, task
from locust.exception import StopUser

from loadtests import tally as names
from loadtests.errands import Errand
from loadtests.ledger import shown_in
from loadtests.mix import Kind
from loadtests.outcomes import Outcome, outcome_of
from loadtests.running import Running


@dataclass(frozen=True, slots=True)
class Question:
    """A request, and which statuses are right."""

    path: str
    method: str = "GET"
    expected: Collection[int] = (200,)
    fields: Mapping[str, str] = field(default_factory=dict)
    document: Any = None

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


class Visitor(FastHttpUser):
    """A user of some kind: takes errands of that kind, one after the other."""

    abstract = True
    kind: Kind
    wait_time = constant(0)
    concurrency = 1  # One connection for each user.
    network_timeout = 30.0
    connection_timeout = 30.0

    @property
    def running(self) -> Running:
        """The run that this user takes part in."""
        return self.environment.running

    @task
    def next_errand(self) -> None:
        """Wait for an errand and carry it out."""
        errand = self.running.pump.queues[self.kind].get()
        if errand is None:
            raise StopUser
        if self.running.pump.now() - errand.due > names.AT_ONCE:
            self.running.tally.count(errand.cell, names.WAITED)
        with self.running.under_way(errand):
            self.carry_out(errand)

    def carry_out(self, errand: Errand) -> None:
        """Ask what the errand says."""
        raise NotImplementedError

    @contextmanager
    def read(self, errand: Errand, question: Question) -> Iterator[Any]:
        """Send a read and yield the response, None if it was not what was expected."""
        began = perf_counter()
        with self._asked(errand, question) as response:
            if response is None:
                self.answered(errand, Outcome.FAILED)
                yield None
                return
            said = _line(response, "cache-status")
            outcome = outcome_of(said, behind_edge=self.running.through.has_edge)
            self.answered(errand, outcome)
            self.running.tally.count(errand.cell, names.BYTES, _length(response, question))
            if "If-None-Match" in question.fields:
                self.running.tally.count(errand.cell, names.CONDITIONAL)
            if response.status_code == 304:
                self.running.tally.count(errand.cell, names.NOT_MODIFIED)
            yield response
            if response.status_code == 200 and question.method == "GET" and self.running.ledger:
                self.check(errand, dict(shown_in(orjson.loads(response.content))), began=began)

    @contextmanager
    def write(self, errand: Errand, question: Question) -> Iterator[Any]:
        """Send a write and yield the response, None if it was not what was expected."""
        fields = {"Authorization": f"Token {self.running.token}", "Connection": "close"}
        with self._asked(errand, replace(question, fields=fields)) as response:
            self.answered(errand, Outcome.FAILED if response is None else Outcome.WRITE)
            yield response

    def answered(self, errand: Errand, outcome: Outcome) -> None:
        """Count an errand that has come to its end now."""
        self.running.tally.answered(errand.cell, outcome, self.running.pump.now() - errand.due)

    def check(self, errand: Errand, shown: Mapping[int, int], *, began: float) -> None:
        """Compare what an answer shows with what had been acknowledged before it was asked for."""
        checked, stale = self.running.ledger.check(shown, began=began)
        if checked:
            self.running.tally.count(errand.cell, names.CHECKED)
        if not stale:
            return
        through, worst = self.running.through, max(stale, key=lambda read: read.late)
        self.running.tally.late(errand.cell, worst.late)
        counted = through.counted_as(worst.late)
        self.running.tally.count(errand.cell, counted)
        if counted == names.STALE_READS and not through.expires:
            self.running.tally.example(f"{errand.path} at {errand.due:.1f} s: {worst}")

    @contextmanager
    def _asked(self, errand: Errand, question: Question) -> Iterator[Any]:
        wish = errand.wish
        with self.client.request(
            question.method,
            question.path,
            name=wish.write.value if wish.write else f"{self.kind.value}: {wish.family.value}",
            headers={"Accept-Encoding": "gzip", **question.fields},
            json=question.document,
            catch_response=True,
            allow_redirects=False,
        ) as response:
            # Locust counts from when it was sent; we from when it was due.
            response.request_meta["response_time"] = (self.running.pump.now() - errand.due) * 1000
            if response.status_code in question.expected:
                response.success()
                yield response
                return
            reason = _reason(response)
            response.failure(reason)
            if response.status_code >= 500:
                self.running.tally.count(errand.cell, names.SERVER_ERRORS)
            self.running.tally.example(f"{question} at {errand.due:.1f} s: {reason}")
            yield None


def _line(response: Any, name: str) -> str:
    """Return a field as one line, nothing if it is not there; each edge may have added one of its own."""
    return ", ".join(response.headers.getlist(name))


def _length(response: Any, question: Question) -> int:
    """Return how many bytes the body had on the wire."""
    if question.method == "HEAD" or response.status_code == 304:
        return 0
    return int(response.headers.get("content-length") or len(response.content))


def _reason(response: Any) -> str:
    """Say why a request failed, in few words that do not differ from case to case."""
    if response.status_code:
        return f"status {response.status_code}"
    return f"{type(response.error).__name__}: {response.error}"[:200]
