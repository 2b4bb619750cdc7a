"""What does an edge hold that has been there for a day? All that this load can ask for.

An edge keeps answers for a day and a run lasts minutes, in which most reads of what is seldom
asked for would be the first ones. So before the run everything is asked for once, through the
edge: what is at each address, and each list to its last page. Where answers expire this is done
as well, though there it does not last.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from loadtests.catalogue import API, Catalogue
from loadtests.client import Client
from loadtests.errands import LISTS, missing_paths, post_path

_TOLD_AFTER: Final = 1000  # Addresses.


def warm(client: Client, catalogue: Catalogue) -> int:
    """Ask for everything once; return how many addresses that were."""
    asked = 0
    for first in _first_addresses(catalogue):
        following: str | None = first
        while following:
            following = client.next_page(following)
            asked += 1
            if asked % _TOLD_AFTER == 0:
                print(f"    {asked:,} addresses asked for", flush=True)
    return asked


def _first_addresses(catalogue: Catalogue) -> Iterator[str]:
    for post in catalogue.posts:
        yield post_path(post)
        yield f"{post_path(post)}comments/"
    yield from missing_paths()
    for path in LISTS:
        yield API + path
    yield f"{API}/posts/trending/"
    for tag in catalogue.tags:
        yield f"{API}/posts/?tag={tag}"
    for category in catalogue.categories:
        yield f"{API}/posts/?category={category}"
