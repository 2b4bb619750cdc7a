"""Walk a list as a client does: by the links that it is given, and by nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from rest_framework.test import APIClient


def get(url: str) -> Any:
    """Return the body at a URL that has to be there."""
    response = APIClient().get(url)
    assert response.status_code == 200, response.content
    return response.json()


def pages(url: str, relation: str = "next") -> Iterator[tuple[str, Any]]:
    """Yield the URL and body of each page from `url` on, following the links of one relation."""
    following: str | None = url
    while following is not None:
        body = get(following)
        yield following, body
        following = body[relation]


def ids(body: Any) -> list[int]:
    """Return the ids that a page shows."""
    return [result["id"] for result in body["results"]]


def walked(url: str) -> list[list[int]]:
    """Return the ids of each page, from the first to the last."""
    return [ids(body) for _, body in pages(url)]


def flat(pages_of_ids: list[list[int]]) -> list[int]:
    """Return the ids of all pages, one after the other."""
    return [found for page in pages_of_ids for found in page]


def last_page(url: str) -> str:
    """Return the URL of the last page."""
    *_, (last, _) = pages(url)
    return last
