"""Of which tables may rows be kept, and which surrogate keys say that one of them has changed?

Those of `CACHALOT_ONLY_CACHABLE_TABLES`: tables that everything refers to, that few people write
and that need no more than their own rows (docs/decisions/0007). Every column of them is watched,
so every change is a key of one of the kinds that `WATCHES` spells for the table.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from django.conf import settings

from api.surrogate_keys import WATCHES

# By table: what stands before the colon of a key.
KINDS: Final[Mapping[str, frozenset[str]]] = {
    table: frozenset(watch.key.partition(":")[0] for watch in WATCHES if watch.table == table)
    for table in settings.CACHALOT_ONLY_CACHABLE_TABLES
}
