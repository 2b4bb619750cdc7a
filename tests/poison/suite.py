"""What comes of all cases, sent to one target? Attack, then ask as anybody would, and compare.

Each case has two turns, with things of its own to attack:

    cold    nothing is stored            attack, attack again, then ask in every ordinary way
    warm    the answers are stored now   attack once more, then ask again

What the answers have to be is what a second origin says that has the same content and has never
been attacked. Many cases run at a time: whatever one leaves behind may harm another, as in life.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Final

from tests.http.wire import Answer
from tests.poison.case import COMMENTS, DRAFT, LIST, MISSING, POST, TAG, Case
from tests.poison.content import told
from tests.poison.exchange import ASKED, Ask, Client, attack
from tests.poison.verdict import Judge, private
from tests.poison.wire import Wire

_AT_A_TIME: Final = 24
_COLD: Final = tuple(ASKED)
_PRIVATE: Final = ("GET",)
_WARM: Final = ("GET", "GET, gzip", "HEAD")
_NOBODY: Final = (POST, LIST, COMMENTS, TAG, MISSING, DRAFT)  # Attacked by nobody, in the first turn.


@dataclass(frozen=True, slots=True)
class Poisoned:
    """A wrong answer to somebody who did nothing wrong."""

    kind: str
    case: Case
    turn: str
    asked: str
    wrong: tuple[str, ...]
    statuses: tuple[int, ...]

    def __str__(self) -> str:
        said = ", ".join(map(str, self.statuses)) or "nothing"
        attack = f"{self.kind}: {self.case.name} ({self.turn}; the attacker got {said})"
        return f"{attack}: {self.asked}: {self.wrong}"


class Reference:
    """What an origin says that nobody attacks; asked once for each URL and way of asking."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._known: dict[tuple[str, Ask], Answer] = {}

    def answer(self, url: str, way: Ask, *fields: str) -> Answer:
        """Return what is right."""
        known = self._known.get((url, way))
        if known is None:
            with Client(self._port) as client:
                found = client.ask(url, way, *fields)
            assert isinstance(found, Answer), f"the reference does not answer {url}: {found}"
            known = self._known[url, way] = found
        return known


class Suite:
    """All cases, against one target whose way to its origin is a wire that can play tricks."""

    def __init__(self, port: int, wire: Wire, reference: Reference, *, recodes: bool = False) -> None:
        self._port, self._wire, self._reference = port, wire, reference
        self._judge = Judge(recodes=recodes)

    def run(
        self, kinds: Mapping[str, Sequence[Case]], *, done: Callable[[], None] = lambda: None
    ) -> list[Poisoned]:
        """Run all cases; return what was poisoned, in the order of the cases."""
        self._learn()
        cases = [(kind, case) for kind, of_kind in kinds.items() for case in of_kind]
        with ThreadPoolExecutor(_AT_A_TIME) as pool:
            jobs = [
                pool.submit(self._case, kind, case, number)
                for number, (kind, case) in enumerate(cases, start=2)
            ]
            found = []
            for job in jobs:
                found += job.result()
                done()
        return found

    def _learn(self) -> None:
        """Learn the target's habits; fail if it does not answer as it should."""
        nothing = Case("nothing", ())
        for url in (told(template, nothing, 1) for template in _NOBODY):
            # Built, stored, and from the store; and each way after each other.
            for _ in range(2):
                for way, answer, expected in self._asked(url, _COLD):
                    assert isinstance(answer, Answer), f"{url}, {way}: {answer}"
                    self._judge.learn(answer, expected)
                    wrong = self._judge.wrong(answer, expected)
                    assert not wrong, f"{url}, {way}, attacked by nobody: {wrong}"

    def _case(self, kind: str, case: Case, number: int) -> list[Poisoned]:
        url = told(case.victim, case, number)
        found = []
        for turn, times, ways in (("cold", 2, _COLD), ("warm", 1, _WARM)):
            statuses = self._attack(case, url, number, times)
            said = partial(Poisoned, kind, case, turn, statuses=statuses)
            if case.is_refused and any(status < 400 for status in statuses):
                found.append(said("the attack", ("it was not refused",)))
            # Nothing private is kept in any way, and each answer costs a look at the credentials.
            for way, answer, expected in self._asked(url, _PRIVATE if case.is_private else ways):
                judge = private if case.is_private else self._judge.wrong
                wrong = judge(answer, expected)
                if wrong:
                    found.append(said(way, tuple(wrong)))
        return found

    def _attack(self, case: Case, url: str, number: int, times: int) -> tuple[int, ...]:
        if case.mischief:
            self._wire.set(url, case.mischief)
        statuses: list[int] = []
        for pieces in case.requests * times:
            texts = [told(piece, case, number).encode("latin-1") for piece in pieces]
            statuses += attack(self._port, texts, method=case.method, is_one=case.is_one, leaves=case.leaves)
        self._wire.lift(url)
        return tuple(statuses)

    def _asked(self, url: str, ways: Sequence[str]) -> Iterator[tuple[str, Answer | str, Answer]]:
        """Ask in ordinary ways; yield what came, and what should have come."""
        with Client(self._port) as client:
            for name in ways:
                way = ASKED[name]
                fields: tuple[str, ...] = ()
                if way.is_conditional:
                    etag = self._reference.answer(url, ASKED["GET"]).get("etag")
                    if etag is None:
                        continue
                    fields = (f"If-None-Match: {etag}",)
                answer = client.ask(url, way, *fields)
                expected = self._reference.answer(url, way, *fields)
                if expected.status == 304 and isinstance(answer, Answer) and answer.status == 200:
                    # Whoever does not answer from a condition sends the whole, and that has to be right.
                    expected = self._reference.answer(url, ASKED["GET"])
                yield name, answer, expected


def things(kinds: Mapping[str, Sequence[Case]]) -> int:
    """Return how many things of each kind the cases need."""
    return 2 + sum(map(len, kinds.values()))
