"""Which public reads are there? One table, for the front and for Django's URLconf alike."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from api import cursors, params, policies
from caching.freshness import CachePolicy
from caching.parameters import BadParameter, Parameter
from caching.routes import Route, cache_key
from querysets import authors, categories, comments, posts, projections, tags
from querysets.keyset import NEWEST_FIRST, Order

PREFIX: Final = "/api/v1"
FILTERS: Final = ("author", "category", "tag", "search")
# These do not change what a list is, only how much of it a page shows.
_NOT_OF_THE_LIST: Final = frozenset({"cursor", "limit", "fields"})


@dataclass(frozen=True)
class ListRoute(Route):
    """A route whose answers are pages; the first of its orders is the default.

    `lagging`: columns whose changes move rows that no page shows, and so invalidate none.
    """

    orders: Mapping[str, Order] = field(default_factory=dict)
    lagging: frozenset[str] = frozenset()

    def policy_for(self, status: int, values: Mapping[str, str]) -> CachePolicy:
        """Return how long an answer may be kept; by an edge, not for long if its order may lag."""
        policy = super().policy_for(status, values)
        return policies.lagging(policy) if self.order(values).column in self.lagging else policy

    def values(self, path: str, query_string: bytes) -> dict[str, str]:
        """Return the canonical parameters, once a cursor among them has proved to be one of this list's."""
        values = super().values(path, query_string)
        self.cursor(path, values)
        return values

    def order(self, values: Mapping[str, str]) -> Order:
        """Return the order of the list that the parameters name."""
        if "search" in values:
            return NEWEST_FIRST
        return self.orders[values["ordering"]] if "ordering" in values else next(iter(self.orders.values()))

    def cursor(self, path: str, values: Mapping[str, str]) -> cursors.Cursor | None:
        """Return the cursor among the parameters, or raise `BadParameter` if it is none of this list's."""
        if "cursor" not in values:
            return None
        try:
            return cursors.decode(values["cursor"], list_context(path, values), self.order(values))
        except ValueError as error:
            raise BadParameter("cursor", f"cursor: {error}") from None


def list_context(path: str, values: Mapping[str, str]) -> bytes:
    """Return what a cursor is bound to: the URL of the list's first page, page size and fields aside."""
    return cache_key(path, {name: value for name, value in values.items() if name not in _NOT_OF_THE_LIST})


def _one_filter(path: str, values: Mapping[str, str]) -> None:
    """Refuse filters that no single index answers together (docs/decisions/0002)."""
    del path
    given = [name for name in FILTERS if name in values]
    if len(given) > 1:
        raise BadParameter(
            given[1],
            f"one filter at a time: got {' and '.join(given)}, of which each alone is fine",
        )
    if "search" in values and "ordering" in values:
        raise BadParameter("ordering", "ordering: results of a search come newest first, in no other order")


def _detail(name: str, template: str, shown: projections.Projection) -> Route:
    return Route(
        name=name,
        template=PREFIX + template,
        policy=policies.DETAIL,
        not_found_policy=policies.NOT_FOUND,
        parameters=(params.fields(tuple(shown)),),
    )


def _list(
    name: str,
    template: str,
    shown: projections.Projection,
    orders: Mapping[str, Order],
    *filters: Parameter,
    lagging: frozenset[str] = frozenset(),
) -> ListRoute:
    return ListRoute(
        name=name,
        template=PREFIX + template,
        policy=policies.FIRST_PAGE,
        deeper_policy=policies.DEEPER_PAGE,
        not_found_policy=policies.NOT_FOUND,
        parameters=(
            *filters,
            params.ordering(tuple(orders)),
            params.fields(tuple(shown)),
            params.limit(),
            params.cursor(),
        ),
        check=_one_filter,
        orders=orders,
        lagging=lagging,
    )


POST_LIST: Final = _list(
    "post-list",
    "/posts/",
    projections.POST_LIST,
    posts.ORDERS,
    params.reference("author", "author"),
    params.reference("category", "category"),
    params.reference("tag", "tag"),
    params.search(),
    lagging=frozenset({"score", "view_count"}),
)
# Before the detail: `trending` would be a slug too.
POST_TRENDING: Final = Route(
    name="post-trending",
    template=f"{PREFIX}/posts/trending/",
    policy=policies.TRENDING,
    not_found_policy=policies.NOT_FOUND,
    parameters=(params.days(), params.fields(tuple(projections.POST_LIST)), params.limit()),
)
POST_DETAIL: Final = _detail("post-detail", "/posts/{reference}/", projections.POST_DETAIL)
POST_COMMENTS: Final = _list("post-comments", "/posts/{id}/comments/", projections.COMMENT, comments.ORDERS)
COMMENT_DETAIL: Final = _detail("comment-detail", "/comments/{id}/", projections.COMMENT)
AUTHOR_LIST: Final = _list("author-list", "/authors/", projections.AUTHOR, authors.ORDERS)
AUTHOR_DETAIL: Final = _detail("author-detail", "/authors/{reference}/", projections.AUTHOR)
CATEGORY_LIST: Final = _list("category-list", "/categories/", projections.CATEGORY, categories.ORDERS)
CATEGORY_DETAIL: Final = _detail("category-detail", "/categories/{reference}/", projections.CATEGORY)
TAG_LIST: Final = _list("tag-list", "/tags/", projections.TAG, tags.ORDERS)
TAG_DETAIL: Final = _detail("tag-detail", "/tags/{reference}/", projections.TAG)

PUBLIC_ROUTES: Final[tuple[Route, ...]] = (
    POST_LIST,
    POST_TRENDING,
    POST_DETAIL,
    POST_COMMENTS,
    COMMENT_DETAIL,
    AUTHOR_LIST,
    AUTHOR_DETAIL,
    CATEGORY_LIST,
    CATEGORY_DETAIL,
    TAG_LIST,
    TAG_DETAIL,
)


def url_of(route: Route, primary_key: int) -> str:
    """Return where a row is found, relative to the origin.

    >>> url_of(AUTHOR_DETAIL, 7)
    '/api/v1/authors/7/'
    """
    return route.template.format(id=primary_key, reference=primary_key)
