"""What is a user of the dump called?

A dump holds everybody who ever signed up, and few of them wrote anything. Only those who did
become authors, and who they are shows while posts are read. So the names wait in a temporary
file of their own, which disappears with the object: memory stays flat for millions of users.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from api.importers.report import Tally
from api.importers.stackexchange.dump import Row
from api.importers.stackexchange.fields import Malformed, in_batches, moment_in, number_in, public_name

_BATCH: Final = 5_000


@dataclass(frozen=True, slots=True)
class Profile:
    """A user: the name, and since when."""

    name: str
    created_at: datetime


class Profiles:
    """The users of a dump, by id; `close` it to give the file back."""

    def __init__(self) -> None:
        # The empty name is SQLite's for a private file that is deleted by itself.
        self._file = sqlite3.connect("")
        self._file.execute("CREATE TABLE profile (id INTEGER PRIMARY KEY, name TEXT, created_at REAL)")

    def close(self) -> None:
        """Forget everybody."""
        self._file.close()

    def read(self, rows: Iterator[Row], tally: Tally) -> None:
        """Take in the rows of Users.xml; of two with the same id, the first."""
        for batch in in_batches(rows, _BATCH):
            tally.read += len(batch)
            self._file.executemany("INSERT OR IGNORE INTO profile VALUES (?, ?, ?)", _profiles(batch, tally))

    def find(self, users: Collection[int]) -> dict[int, Profile]:
        """Return the profiles of those users whom the dump knows."""
        places = ", ".join("?" * len(users))
        found = self._file.execute(
            f"SELECT id, name, created_at FROM profile WHERE id IN ({places})",  # noqa: S608 - only "?, ?".
            tuple(users),
        )
        return {number: Profile(name, datetime.fromtimestamp(at, UTC)) for number, name, at in found}


def _profiles(batch: list[Row], tally: Tally) -> Iterator[tuple[int, str, float]]:
    for row in batch:
        try:
            number = number_in(row, "Id")
            # Who has no name is called like this on the site itself.
            name = public_name(row.get("DisplayName", "")) or f"user{number}"
            yield number, name, moment_in(row, "CreationDate").timestamp()
        except Malformed as reason:
            tally.skip(str(reason))
