"""Which of our rows was made from which row of a site?

The `source_url` that is shown as the origin is the identity too: nothing more to store, and it
still holds when somebody has changed the slug or moved a post. One pass over each table finds
all of a site's, because no query but this one would ever use an index for it.
"""

from __future__ import annotations

from typing import Final

from django.db.models import Model

from api.importers.compact import IdMap

_CHUNK: Final = 5_000


class Addresses:
    """How the site spells the addresses of what it publishes; each ends in an id."""

    def __init__(self, site: str) -> None:
        self.site = f"https://{site}"
        self.users = f"{self.site}/users/"
        self.questions = f"{self.site}/q/"
        self.answers = f"{self.site}/a/"
        self.comments = f"{self.site}/posts/comments/"


def keys_by_id(model: type[Model], prefix: str) -> IdMap:
    """Return the primary keys of rows whose `source_url` is `prefix` and an id."""
    keys = IdMap()
    rows = model._default_manager.filter(source_url__startswith=prefix).order_by("pk")
    for key, address in rows.values_list("pk", "source_url").iterator(chunk_size=_CHUNK):
        end = address[len(prefix) :]
        if end.removeprefix("-").isdecimal() and int(end) not in keys:
            keys[int(end)] = key
    return keys
