"""Which database is measured? One of generated posts, made once and kept."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Final

from benchmarks.machine import ROOT
from benchmarks.report import KEPT_IN, progress
from benchmarks.servers import environment_with, manage

SETTINGS: Final = "settings.loadtest"
_SEED: Final = 1
_FORGET_CHANGES: Final = "from caching.models import Outbox; Outbox.objects.all().delete()"
# What decides how a database of so many posts looks; if one of them changes, it is made anew.
_MADE_BY: Final = (
    "api/migrations",
    "caching/migrations",
    "api/derived.py",
    "api/surrogate_keys.py",
    "caching/ranges.py",
    "caching/triggers",
    "api/importers/generated",
    "api/content",
)


def environment(database_url: str, **variables: str) -> dict[str, str]:
    """Return the environment of a server or command on a database."""
    return environment_with(
        **{
            "DJANGO_SETTINGS_MODULE": SETTINGS,
            "DATABASE_URL": database_url,
            # Cursors made here are good there.
            "SECRET_KEY": "only-for-measurements-and-never-anywhere-else-0123456789",
            **variables,
        },
    )


def database_url(posts: int) -> str:
    """Return the URL of a SQLite database with so many generated posts; make it if there is none yet."""
    path = KEPT_IN / f"posts-{posts}-{_digest()}.sqlite3"
    if not path.exists():
        _make(path, posts)
    return f"sqlite:///{path}"


def fill_if_empty(url: str, posts: int) -> None:
    """Generate posts in somebody's own database, unless there are some."""
    variables = environment(url)
    manage(variables, "migrate", "--verbosity", "0")
    manage(variables, "fill", "--posts", str(posts), "--seed", str(_SEED))


def _make(path: Path, posts: int) -> None:
    progress(f"generating {posts:,} posts (once; kept as {path})")
    path.parent.mkdir(parents=True, exist_ok=True)
    for outdated in path.parent.glob(f"posts-{posts}-*"):
        outdated.unlink()
    unfinished = path.with_suffix(".unfinished")
    for leftover in path.parent.glob(f"{unfinished.name}*"):
        leftover.unlink()
    url = f"sqlite:///{unfinished}"
    fill_if_empty(url, posts)
    # Nobody has cached anything of it yet; else the first server would have to pass on every row.
    manage(environment(url), "shell", "-v", "0", "-c", _FORGET_CHANGES)
    # The last connection has put the write-ahead log into the file; an empty one may remain.
    unfinished.rename(path)


def _digest() -> str:
    digest = hashlib.blake2b(digest_size=4)
    for name in _MADE_BY:
        path = ROOT / name
        for file in sorted(path.rglob("*.py")) if path.is_dir() else [path]:
            digest.update(file.read_bytes())
    return digest.hexdigest()
