"""What time is it, for the database?

Django writes microseconds on SQLite only where there are any, as text. A default of the
database's own must be spelled like that too, or two equal moments would differ as text
and a keyset page could show a row twice.
"""

from __future__ import annotations

from typing import Any

from django.db.models import DateTimeField, Func


class StatementMoment(Func):
    """The moment at which the statement runs, as Django itself would write it."""

    template = "STATEMENT_TIMESTAMP()"
    output_field = DateTimeField()

    def as_sqlite(self, compiler: Any, connection: Any, **extra: Any) -> Any:
        """Append microseconds to milliseconds; never zero, which Django would leave out.

        The percent signs survive two formattings: of the template, and of the column's DDL.
        """
        template = "(STRFTIME('%%%%Y-%%%%m-%%%%d %%%%H:%%%%M:%%%%f', 'NOW') || '001')"
        return self.as_sql(compiler, connection, template=template, **extra)
