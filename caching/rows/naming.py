"""What does cachalot call a table and a query? What our cache takes for one."""

from __future__ import annotations

from typing import Any

from cachalot.utils import UncachableQuery, get_query_cache_key
from django.conf import settings

from caching.rows.cache import TABLE


def table_key(database: str, table: str) -> str:
    """Name a table (`CACHALOT_TABLE_KEYGEN`)."""
    del database  # There is one whose changes are reported, and cachalot is told of no other.
    return f"{TABLE}{table}"


def query_key(compiler: Any) -> str:
    """Name a query (`CACHALOT_QUERY_KEYGEN`), having looked first whether it could be kept at all.

    cachalot itself looks afterwards, and spells the SQL of every query of every table twice.
    """
    meta = compiler.query.get_meta()
    if meta is None or meta.db_table not in settings.CACHALOT_ONLY_CACHABLE_TABLES:
        raise UncachableQuery
    name: str = get_query_cache_key(compiler)
    return name
