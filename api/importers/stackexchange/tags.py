"""Which of our tags does a name of the site mean?

The same word is the same tag on every site. Dumps list tags in a file of their own, but all
that it adds is numbers that we count ourselves.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from django.db.models import Q

from api.content.slugs import SlugPool, slug_of
from api.importers.report import Tally
from api.models import PostTag, Tag


class Tags:
    """Finds or makes tags, and ties posts to them."""

    def __init__(self, tally: Tally) -> None:
        self._tally = tally
        self._slugs = SlugPool(Tag)
        self._keys: dict[str, int] = {}

    def settle(self, names: Iterable[str]) -> None:
        """Make sure that there is a tag for each of these names."""
        unknown = list(dict.fromkeys(name for name in names if name not in self._keys))
        if not unknown:
            return
        self._find(unknown)
        new = [Tag(name=name) for name in unknown if name not in self._keys]
        for tag, slug in zip(new, self._slugs.take([tag.name for tag in new]), strict=True):
            tag.slug = slug
        self._keys.update((tag.name, tag.pk) for tag in Tag.objects.bulk_create(new))
        self._tally.read += len(unknown)
        self._tally.created += len(new)
        self._tally.unchanged += len(unknown) - len(new)

    def tie(self, names_by_post: Mapping[int, Collection[str]]) -> set[int]:
        """Let posts, by their keys, carry exactly these settled tags; return the posts that did not."""
        wanted = {(post, self._keys[name]) for post, names in names_by_post.items() for name in names}
        ties = PostTag.objects.filter(post__in=list(names_by_post))
        there = {(post, tag): key for key, post, tag in ties.values_list("pk", "post_id", "tag_id")}
        superfluous = there.keys() - wanted
        if superfluous:
            PostTag.objects.filter(pk__in=[there[pair] for pair in superfluous]).delete()
        missing = sorted(wanted - there.keys())
        PostTag.objects.bulk_create(PostTag(post_id=post, tag_id=tag) for post, tag in missing)
        return {post for post, _ in missing} | {post for post, _ in superfluous}

    def _find(self, names: Collection[str]) -> None:
        """Learn which of these tags are there: called the same, but for upper and lower case."""
        by_slug = {slug_of(name, kind="tag"): name for name in names}
        rows = Tag.objects.filter(Q(name__in=names) | Q(slug__in=list(by_slug))).order_by("-pk")
        for key, called, slug in rows.values_list("pk", "name", "slug"):
            asked = called if called in names else by_slug.get(slug, "")
            if asked.casefold() == called.casefold() and (asked == called or asked not in self._keys):
                self._keys[asked] = key
