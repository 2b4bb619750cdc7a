"""What does each way to answer a public read cost, side by side? The ladder.

    python -m benchmarks ladder

Every rung is a server that answers the same pages of posts over HTTP, from the view that one
writes first to the proxy in front. How each is set up is in `settings/`, `views/` and
`proxies/`, so that anyone can check that it is fair; `docs/ladder.md` tells it in words.

    rungs, rung  which there are, and what one of them is
    stage        who runs where
    database     the PostgreSQL that all of them read
    paths        which URLs are asked for
    answers      do they all answer the same?
    asking       how much of it, in how long?
    counting     queries and Redis calls for each request
    rebuilds     the price of one changed row
    climbing     in which order
    showing      tables, aims and the plot
"""

from __future__ import annotations

import os

from benchmarks.report import Section

POSTS = 200_000


def run(*, rounds: int, seconds: float, posts: int = POSTS) -> list[Section]:
    """Measure."""
    # The servers of the rungs import this package too, and need nothing of what measures them.
    import django  # noqa: PLC0415

    from benchmarks import content  # noqa: PLC0415
    from benchmarks.ladder import database  # noqa: PLC0415

    with database.running(posts) as cluster:
        os.environ.update(content.environment(cluster.url))
        django.setup()
        # Models are there only once Django is set up.
        from benchmarks.ladder.climbing import climb  # noqa: PLC0415

        return climb(cluster, rounds=rounds, seconds=seconds)
