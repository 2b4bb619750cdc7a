"""What has an author written that the public does not see?

Drafts, posts that are scheduled, and archived ones: each a shelf of its own, because each is
a range of an index of its own. Private: only by token, stored by nobody, and no route of the
front, so the response cache never hears of them. An author sees his own; staff say whose.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.http import HttpResponse
from django.utils import timezone
from rest_framework.exceptions import NotFound, PermissionDenied, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from api import params, policies
from api.lookups import named
from api.models import Author, Post
from api.openapi_writing import lists_drafts, shows_draft
from api.pagination import Place
from api.permissions import HasDrafts, author_of, may_change
from api.preconditions import PreconditionFailed, identity_etag, verdict
from api.representations import DRAFTS, Standing, post_representation, standing_of
from api.routes import ListRoute
from api.serializers.drafts import DraftItem
from api.views.writing import JSON, Guarded
from caching import cache_control
from caching.conditional import Verdict
from querysets.keyset import NEWEST_FIRST, Order
from querysets.posts import PostQuerySet

PRIVATE: Final = cache_control.PRIVATE[1].decode("ascii")


@dataclass(frozen=True, slots=True)
class Shelf:
    """One kind of what the public does not see, in the order of the index that holds it."""

    rows: Callable[[PostQuerySet, datetime], PostQuerySet]
    order: Order


SHELVES: Final[Mapping[str, Shelf]] = {
    Standing.DRAFT.value: Shelf(lambda posts, _: posts.filter(status="draft"), NEWEST_FIRST),
    Standing.SCHEDULED.value: Shelf(
        lambda posts, now: posts.filter(listed=1, published_at__gt=now),
        Order("published_at", datetime),
    ),
    Standing.ARCHIVED.value: Shelf(lambda posts, _: posts.filter(status="archived"), NEWEST_FIRST),
}


class _ShelfRoute(ListRoute):
    """The list's parameters and cursors. The front does not know it."""

    def order(self, values: Mapping[str, str]) -> Order:
        return SHELVES[values.get("status", Standing.DRAFT.value)].order


ROUTE: Final = _ShelfRoute(
    name="draft-list",
    template=DRAFTS,
    policy=policies.NOT_FOUND,
    not_found_policy=policies.NOT_FOUND,
    parameters=(
        params.choice("status", tuple(SHELVES), "Which of the posts that the public does not see."),
        params.reference("author", "author"),
        params.limit(),
        params.cursor(),
    ),
)


class Private(Guarded):
    """A view of what belongs to somebody: for his token only, and for nobody to keep."""

    permission_classes = [HasDrafts]

    def finalize_response(self, *args: Any, **kwargs: Any) -> Any:
        """Forbid to store the answer, whatever it is."""
        response = super().finalize_response(*args, **kwargs)
        response["Cache-Control"] = PRIVATE
        return response


class DraftList(Private):
    """The posts of an author that the public does not see."""

    @lists_drafts(ROUTE.parameters)
    def get(self, request: Request) -> Response:
        """List a shelf of the client's own, or, for staff, of the author that they name."""
        values = ROUTE.values(request.path, request.META.get("QUERY_STRING", "").encode("latin-1"))
        author = _whose(request.user, values.get("author"))
        status = values.get("status", Standing.DRAFT.value)
        place = Place.of(ROUTE, request.path, values)
        rows = SHELVES[status].rows(
            Post.objects.by_author(author).filter(deleted_at__isnull=True), timezone.now()
        )
        shown = rows.optimized_for_list(order=place.order)
        walk = shown.walk(place.order, place.position, forward=place.forward)
        page = place.page(list(walk[: place.most]), position_of=place.order.position_of)
        for row in page.rows:
            row.status = status
        return Response(page.document(DraftItem(page.rows, many=True).data), headers={"Link": page.link})


class DraftDetail(Private):
    """A post that the public does not see."""

    @shows_draft
    def get(self, request: Request, reference: str) -> HttpResponse:
        """Show a post to its author or to staff."""
        now = timezone.now()
        post = Post.objects.filter(named("post", reference), deleted_at__isnull=True).first()
        if post is None or not may_change(request.user, post):
            raise NotFound("there is no such draft")
        if standing_of(post, now=now) is Standing.PUBLIC:
            raise NotFound(f"this post is public: {post.get_absolute_url()}")
        draft = post_representation(post, now=now)
        decided = verdict(request, lambda: draft, post.updated_at)
        if decided is Verdict.FAILED:
            raise PreconditionFailed
        if decided is Verdict.NOT_MODIFIED:
            response = HttpResponse(status=304)
            del response["Content-Type"]
        else:
            response = HttpResponse(draft.body, content_type=JSON)
        response["ETag"] = identity_etag(draft.body)
        return response


def _whose(user: Any, reference: str | None) -> Author:
    own = author_of(user)
    if reference is None:
        if own is None:
            raise ValidationError({"author": ["your user has no author: say whose drafts you want to see"]})
        return own
    named_author = Author.objects.filter(named("author", reference)).first()
    if not user.is_staff and named_author != own:
        raise PermissionDenied("only staff see the drafts of others")
    if named_author is None:
        raise NotFound("there is no such author")
    return named_author
