"""Who wrote it? Users become authors when the first thing that they wrote or liked is imported.

An author is linked to the profile on the site, as the licence asks. Whoever deleted their
account left at most a name on what they wrote: that becomes an author without a profile, one
for each name and site, found again by its slug, which begins with the site.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from api.content.slugs import SlugPool, slug_of
from api.importers.compact import IdSet
from api.importers.merging import Merger
from api.importers.report import Tally
from api.importers.stackexchange.dump import Row
from api.importers.stackexchange.fields import optional_number_in, public_name
from api.importers.stackexchange.identities import Addresses, keys_by_id
from api.importers.stackexchange.profiles import Profiles
from api.models import Author


@dataclass(frozen=True, slots=True)
class Writer:
    """Whom a row names as its author, and when it was written."""

    user: int | None
    name: str
    at: datetime

    @classmethod
    def of(cls, row: Row, user: str, name: str, at: datetime) -> Writer:
        """Read the columns called `user` and `name`."""
        return cls(optional_number_in(row, user), public_name(row.get(name, "")), at)


class Authors:
    """Finds or makes the author of each writer, a batch at a time."""

    def __init__(self, site: str, addresses: Addresses, profiles: Profiles, tally: Tally) -> None:
        self._addresses = addresses
        self._profiles = profiles
        self._tally = tally
        self._slugs = SlugPool(Author)
        self._settled = IdSet()
        self._keys = keys_by_id(Author, addresses.users)
        self._merger = Merger(Author, self._keys, content=("name",), complete=self._give_slugs)
        self._site_slug = slug_of(site, kind="site")
        self._keys_by_name = dict(
            Author.objects.filter(source_url="", slug__startswith=f"{self._site_slug}-", user__isnull=True)
            .order_by("-pk")
            .values_list("name", "pk"),
        )
        self._settled_names: set[str] = set()

    def settle(self, writers: Collection[Writer]) -> None:
        """Make sure that `key_of` knows the author of each of these writers."""
        users = {
            writer.user for writer in writers if writer.user is not None and writer.user not in self._settled
        }
        profiles = self._profiles.find(users)
        wanted = {
            user: Author(
                name=profile.name,
                source_url=f"{self._addresses.users}{user}",
                created_at=profile.created_at,
                updated_at=profile.created_at,
            )
            for user, profile in sorted(profiles.items())
        }
        self._merger.merge(wanted).count(self._tally)
        for user in users:
            self._settled.add(user)
        self._settle_names(writers)

    def key_of(self, writer: Writer) -> int | None:
        """Return the primary key of a settled writer's author, None if nobody is named."""
        key = None if writer.user is None else self._keys.get(writer.user)
        return self._keys_by_name.get(writer.name) if key is None else key

    def count_the_silent(self) -> None:
        """Count the users who did not become authors."""
        tally = self._tally
        became = tally.created + tally.updated + tally.unchanged + tally.skipped.total()
        tally.skip("neither wrote nor liked anything that is imported", tally.read - became)

    def _settle_names(self, writers: Collection[Writer]) -> None:
        first: dict[str, Writer] = {}
        for writer in writers:
            if writer.name and (writer.user is None or writer.user not in self._keys):
                first.setdefault(writer.name, writer)
        unsettled = {name: writer for name, writer in first.items() if name not in self._settled_names}
        new = [
            Author(name=name, created_at=writer.at, updated_at=writer.at)
            for name, writer in unsettled.items()
            if name not in self._keys_by_name
        ]
        for author, slug in zip(
            new, self._slugs.take([f"{self._site_slug} {row.name}" for row in new]), strict=True
        ):
            author.slug = slug
        self._keys_by_name.update((row.name, row.pk) for row in Author.objects.bulk_create(new))
        self._settled_names.update(unsettled)
        self._tally.read += len(unsettled)
        self._tally.created += len(new)
        self._tally.unchanged += len(unsettled) - len(new)

    def _give_slugs(self, authors: Sequence[Author]) -> None:
        for author, slug in zip(authors, self._slugs.take([author.name for author in authors]), strict=True):
            author.slug = slug
