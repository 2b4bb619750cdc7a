"""Profile a small database: as it is, with a planted N+1, with a planted column. Tell what came of it."""

from __future__ import annotations

import contextlib
import io
import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from benchmarks.profile import __main__ as command

LIST = "posts, -view_count"


def main(directory: Path) -> None:
    """Write `told.json`."""
    url = f"sqlite:///{directory / 'content.sqlite3'}"
    given = [
        "--rounds",
        "1",
        "--into",
        str(directory),
        "--posts",
        "100",
        "--database-url",
        url,
        "--only",
        LIST,
    ]
    told: dict[str, Any] = {"clean": _outcome(lambda: command.main(given))}
    from benchmarks.profile import report  # noqa: PLC0415 - Django is set up by now.
    from benchmarks.profile.run import run  # noqa: PLC0415

    (result,) = directory.glob("results-*.json")
    told["result"] = json.loads(result.read_text())
    told["plots"] = [plot.name for plot in directory.glob("*.png")]
    told["silk"] = _silk()
    for name, plant in (("N+1", _a_query_for_each_row()), ("column", _a_column_more())):
        with plant:
            told[name] = _outcome(lambda: report.verdict(run(rounds=1, only=LIST, is_explained=False)))
    (directory / "told.json").write_text(json.dumps(told))


def _outcome(measure: Any) -> dict[str, Any]:
    said, complained = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(said), contextlib.redirect_stderr(complained):
        status = measure()
    return {"status": status, "said": said.getvalue(), "complained": complained.getvalue()}


@contextmanager
def _a_query_for_each_row() -> Iterator[None]:
    """Let a serializer count the likes of each post, as many an API does, and builds read row by row."""
    from api.models import Like  # noqa: PLC0415
    from api.serializers.posts import PostItem  # noqa: PLC0415
    from querysets.plain import PlainRows  # noqa: PLC0415

    together = PlainRows.with_keys

    def counting(shown: PostItem, post: Any) -> Any:
        Like.objects.filter(post=post.pk).count()
        return super(PostItem, shown).to_representation(post)

    def one_by_one(rows: PlainRows, primary_keys: Any) -> Any:
        return [row for primary_key in primary_keys for row in together(rows, [primary_key])]

    PostItem.to_representation, PlainRows.with_keys = counting, one_by_one
    try:
        yield
    finally:
        del PostItem.to_representation
        PlainRows.with_keys = together


@contextmanager
def _a_column_more() -> Iterator[None]:
    """Let lists and builds of posts fetch the text, which nothing shows."""
    from api.models import Post  # noqa: PLC0415
    from api.serializers.plain import plain_shown  # noqa: PLC0415
    from querysets import plain, resources  # noqa: PLC0415

    exactly = plain.needed_columns

    def more(model: Any, *arguments: Any) -> Any:
        found = exactly(model, *arguments)
        return replace(found, own=(*found.own, "text")) if model is Post else found

    plain.needed_columns = resources.needed_columns = more
    plain_shown.cache_clear()
    try:
        yield
    finally:
        plain.needed_columns = resources.needed_columns = exactly
        plain_shown.cache_clear()


def _silk() -> dict[str, Any]:
    from silk.models import Request, SQLQuery  # noqa: PLC0415

    explained = Request.objects.filter(view_name__endswith="explained").exclude(pyprofile="")
    return {
        "views": sorted(set(Request.objects.values_list("view_name", flat=True))),
        "explained": explained.count(),
        "plans": SQLQuery.objects.filter(request__in=explained).exclude(analysis="").count(),
    }


if __name__ == "__main__":
    main(Path(sys.argv[1]))
