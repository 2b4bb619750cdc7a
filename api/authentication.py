"""Whose request is this? That of the user whose token it carries (`Authorization: Token ...`)."""

from __future__ import annotations

from typing import Any

from rest_framework.authentication import TokenAuthentication
from rest_framework.exceptions import AuthenticationFailed


class ByToken(TokenAuthentication):
    """DRF's tokens; what could be none of them is not looked up."""

    def authenticate_credentials(self, key: str) -> tuple[Any, Any]:
        """Return the user and the token, or raise."""
        # PostgreSQL takes no null character, not even to find nothing.
        if not (key.isascii() and key.isprintable()):
            raise AuthenticationFailed("Invalid token.")
        return super().authenticate_credentials(key)
