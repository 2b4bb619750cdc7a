"""What keeps an edge from holding an answer that a write has changed?

Each guard is a rule of purging that can be taken away. With all of them the exploration finds no
edge that holds something outdated when nothing waits for it any more; nor, where no fetch is slow,
when it has been told once. Without any one it does.
"""

from __future__ import annotations

from enum import Enum


class Guard(Enum):
    """A rule of the protocol; the value says what it is."""

    QUEUED_WITH_THE_PASS = "what is to be told is queued by the transaction that takes it out of the outbox"
    QUEUED_WHEN_INVALIDATED = "nobody sees it in the queue before it was invalidated inside"
    WORKERS_FIRST = "an edge is told when every worker that trusts its L1 has dropped the old answer"
    LAST_AFTER_TAKING = "the record that the workers must have passed is asked for after the rows were taken"
    HELD_FOR_A_LEASE = "without Redis, an edge is told when nobody can trust his L1 any more"
    HELD_UNTIL_INVALIDATED = "and with it, as long as something queued has not been invalidated inside"
    TOLD_AGAIN_IF_HELD = "a key that was told for its first change is told again for its last one"
    REBOUND = "an edge is told twice, the second time after a delay"
    AGE_OF_A_FETCH = "an edge keeps no answer whose fetch took longer than that delay"
    VERSIONS = "a key that has changed since its row was taken stays as it is"
    THROUGH_FIRST = (
        "an edge is told after the one that it gets its answers from, and so does not get the old one again"
    )
    THROUGH_REBOUND = "and for the second time only when that one was told twice"
    THROUGH_WHOLE_DELAY = "and a whole delay after that"
    THROUGH_EVERYTHING = "an edge that is flushed waits for all that has waited for the one in front of it"
    THROUGH_LAST_FLUSH = "until it was flushed for the last time"


class Protocol:
    """The rules that are in force."""

    def __init__(self, without: Guard | None = None) -> None:
        self.without = without

    def keeps(self, guard: Guard) -> bool:
        """Tell whether a guard is in force."""
        return guard is not self.without
