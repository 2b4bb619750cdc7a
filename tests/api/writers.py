"""Clients that may write, and what every answer to a write must be like."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from rest_framework.authtoken.models import Token
from rest_framework.test import APIClient

from api.counters import reconcile
from api.models import Author
from tests.factories import make_author, make_user

POSTS = "/api/v1/posts/"
DRAFTS = "/api/v1/drafts/"


@dataclass(frozen=True)
class Writer:
    """A client with a token; `author` is who it writes as."""

    client: APIClient
    user: Any
    author: Author | None

    def post(self, url: str, body: Any = None, **headers: str) -> Any:
        return self.client.post(url, body, format="json", headers=headers)

    def put(self, url: str, body: Any = None, **headers: str) -> Any:
        return self.client.put(url, body, format="json", headers=headers)

    def patch(self, url: str, body: Any = None, **headers: str) -> Any:
        return self.client.patch(url, body, format="json", headers=headers)

    def delete(self, url: str, **headers: str) -> Any:
        return self.client.delete(url, headers=headers)

    def get(self, url: str, **headers: str) -> Any:
        return self.client.get(url, headers=headers)


def make_writer(*, is_staff: bool = False, is_author: bool = True) -> Writer:
    """Make a user with a token, and an author unless told otherwise."""
    user = make_user(is_staff=is_staff)
    author = make_author(user=user) if is_author else None
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Token {Token.objects.create(user=user).key}")
    return Writer(client, user, author)


def assert_problem(response: Any, status: int) -> dict[str, Any]:
    """Check that an error is a problem document that nobody may keep; return the document."""
    assert response.status_code == status, response.content
    assert response["Content-Type"] == "application/problem+json"
    assert response["Cache-Control"] in {"no-store", "private, no-store"}
    assert response["Vary"] == "Accept-Encoding"
    assert "ETag" not in response
    document = response.json()
    assert document["status"] == status
    assert {"type", "title", "detail", "instance"} <= set(document)
    return document


def assert_counters_are_right() -> None:
    """Check that every counter says what there is."""
    assert not any(reconcile().values())
