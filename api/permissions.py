"""Who may change what?

    anyone                   reads
    a user with an author    writes posts and comments, and changes his own
    staff                    changes any, and purges; writes new ones if they have an author, too

What somebody writes is shown with an author's name, so whoever writes needs one, staff
included. An author is attached to a user in the admin.
"""

from __future__ import annotations

from typing import Any

from rest_framework.permissions import SAFE_METHODS, BasePermission
from rest_framework.request import Request

from api.models import Author


def author_of(user: Any) -> Author | None:
    """Return the author whom the user writes as, None if there is none."""
    if not user.is_authenticated:
        return None
    author: Author | None = getattr(user, "author", None)
    return author


class WritesNeedAnAuthor(BasePermission):
    """Anyone reads; a user with an author writes, and staff change what is there."""

    message = "your user has no author to write as; ask an administrator to attach one"

    def has_permission(self, request: Request, view: Any) -> bool:
        """Tell whether the client may try at all; an anonymous one is asked for a token."""
        if request.method in SAFE_METHODS:
            return True
        user = request.user
        if not user.is_authenticated:
            return False
        may_without_author = user.is_staff and not getattr(view, "needs_author", False)
        return may_without_author or author_of(user) is not None

    def has_object_permission(self, request: Request, view: Any, obj: Any) -> bool:
        """Tell whether the post or comment is the client's own to change."""
        del view
        if request.method in SAFE_METHODS:
            return True
        return may_change(request.user, obj)


class HasDrafts(BasePermission):
    """Only those who write have drafts, and staff, who see everybody's."""

    message = WritesNeedAnAuthor.message

    def has_permission(self, request: Request, view: Any) -> bool:
        """Tell whether the client has drafts to see."""
        del view
        if request.method == "OPTIONS":  # Asked by browsers, without a token (Fetch §3.2).
            return True
        user = request.user
        return bool(user.is_authenticated and (user.is_staff or author_of(user) is not None))


class StaffPurge(BasePermission):
    """What is kept everywhere, and what fails there, is the affair of staff alone."""

    message = "only staff purge"

    def has_permission(self, request: Request, view: Any) -> bool:
        """Tell whether the client is staff; an anonymous one is asked for a token."""
        del view
        if request.method == "OPTIONS":  # Asked by browsers, without a token (Fetch §3.2).
            return True
        return bool(request.user.is_authenticated and request.user.is_staff)


def may_change(user: Any, content: Any) -> bool:
    """Tell whether a post or comment is the user's own, or the user is staff."""
    if user.is_staff:
        return True
    author = author_of(user)
    return author is not None and content.author_id == author.pk
