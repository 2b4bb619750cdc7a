"""What did the database have to do? Columns and plans, read from the queries themselves."""

from __future__ import annotations

import re
from typing import Any

from django.db import connection
from django.test.utils import CaptureQueriesContext

_COLUMN = re.compile(r'"api_(\w+)"\."(\w+)"')


def columns_of(sql: str) -> set[str]:
    """Return the columns that a SELECT asks for, as `table.column`."""
    selected = sql.partition(" FROM ")[0]
    return {f"{table}.{column}" for table, column in _COLUMN.findall(selected)}


def fetched(queryset: Any) -> tuple[list[Any], list[set[str]]]:
    """Return the rows, and the columns of each query that fetching them took."""
    with CaptureQueriesContext(
        connection,
    ) as queries:
        rows = list(queryset)
    return rows, [columns_of(query["sql"]) for query in queries]


def plan_of(queryset: Any) -> list[str]:
    """Return the steps by which SQLite answers the query."""
    sql, parameters = queryset.query.sql_with_params()
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN QUERY PLAN {sql}", parameters)
        return [row[3] for row in cursor.fetchall()]
