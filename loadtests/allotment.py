"""How many users of each kind? By what they have to do, and at least one of each.

An errand can be carried out by its own kind only, so a kind without a user would leave all of its
errands lying. Writers wait for acknowledgements, and so get more than their part of the requests.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from loadtests.mix import Kind

FEWEST_USERS: Final = 10
_PARTS: Final[Mapping[Kind, int]] = {
    Kind.DETAIL_READER: 46,
    Kind.LIST_BROWSER: 24,
    Kind.REVALIDATOR: 10,
    Kind.EDGE: 6,
    Kind.CRAWLER: 4,
    Kind.WRITER: 10,
}


def allotment(users: int) -> dict[Kind, int]:
    """Return how many users of each kind there are, together as many as were asked for.

    >>> {kind.value: number for kind, number in allotment(10).items()}["crawler"]
    1
    """
    if users < FEWEST_USERS:
        raise ValueError(f"need at least {FEWEST_USERS} users, got {users}")
    whole = sum(_PARTS.values())
    found = {kind: max(1, users * part // whole) for kind, part in _PARTS.items()}
    # What rounding has taken or added is theirs who are most.
    found[Kind.DETAIL_READER] += users - sum(found.values())
    return found
