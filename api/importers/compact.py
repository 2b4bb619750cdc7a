"""How do ten million identities fit into memory?

The ids of a site are whole numbers, densely used. An `IdMap` keeps eight bytes for each of
them and an `IdSet` a bit, in pages that exist only where an id does; a dict of Python
integers would take ten times that.
"""

from __future__ import annotations

from array import array
from typing import Final

_MAP_PAGE: Final = 256
_SET_PAGE: Final = 4096


class IdMap:
    """Maps ids to primary keys.

    >>> keys = IdMap(); keys[-1] = 17; keys.get(-1), keys.get(1), -1 in keys
    (17, None, True)
    """

    __slots__ = ("_pages",)

    def __init__(self) -> None:
        self._pages: dict[int, array[int]] = {}

    def __setitem__(self, number: int, key: int) -> None:
        page, place = divmod(number, _MAP_PAGE)
        if page not in self._pages:
            self._pages[page] = array("q", bytes(8 * _MAP_PAGE))
        self._pages[page][place] = key

    def __contains__(self, number: int) -> bool:
        return self.get(number) is not None

    def get(self, number: int) -> int | None:
        """Return the key of an id, or None. No row of ours has the key 0."""
        page, place = divmod(number, _MAP_PAGE)
        return (self._pages[page][place] or None) if page in self._pages else None


class IdSet:
    """Remembers ids.

    >>> seen = IdSet(); seen.add(7), seen.add(7), 7 in seen, 8 in seen
    (True, False, True, False)
    """

    __slots__ = ("_pages",)

    def __init__(self) -> None:
        self._pages: dict[int, bytearray] = {}

    def add(self, number: int) -> bool:
        """Remember an id; tell whether it is new."""
        page, place = divmod(number, _SET_PAGE)
        bits = self._pages.setdefault(page, bytearray(_SET_PAGE // 8))
        mask = 1 << (place & 7)
        is_new = not bits[place >> 3] & mask
        bits[place >> 3] |= mask
        return is_new

    def __contains__(self, number: int) -> bool:
        page, place = divmod(number, _SET_PAGE)
        return page in self._pages and bool(self._pages[page][place >> 3] & (1 << (place & 7)))
