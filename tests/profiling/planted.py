"""Profile a small database: as it is, with a planted N+1, with a planted column. Tell what came of it."""

from __future__ import annotations

import contextlib
import io
import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
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
    """Let the serializer of a list count the likes of each post, as a field of many an API does."""
    from api.models import Like  # noqa: PLC0415
    from api.serializers.posts import PostItem  # noqa: PLC0415

    def counting(shown: PostItem, post: Any) -> Any:
        Like.objects.filter(post=post.pk).count()
        return super(PostItem, shown).to_representation(post)

    PostItem.to_representation = counting
    try:
        yield
    finally:
        del PostItem.to_representation


@contextmanager
def _a_column_more() -> Iterator[None]:
    """Let a list of posts fetch the text, which nothing shows."""
    from querysets.posts import PostQuerySet  # noqa: PLC0415

    exactly = PostQuerySet.optimized_for_list

    def more(rows: Any, *arguments: Any, **options: Any) -> Any:
        found = exactly(rows, *arguments, **options)
        found.query.add_immediate_loading([*found.query.deferred_loading[0], "text"])
        return found

    PostQuerySet.optimized_for_list = more
    try:
        yield
    finally:
        PostQuerySet.optimized_for_list = exactly


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
