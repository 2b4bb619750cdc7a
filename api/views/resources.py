"""How is a list, or one thing of a kind, shown? The two shapes of a public read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, ClassVar

from rest_framework.response import Response

from api.lookups import find
from api.pagination import Place
from api.routes import ListRoute
from api.serializers.reading import Shown
from api.views.public import PublicView, fields_asked
from caching.building import depends_on
from querysets.resources import ResourceQuerySet


class ListView(PublicView):
    """A list in pages."""

    route: ClassVar[ListRoute]
    serializer_class: ClassVar[type[Shown]]

    def rows(
        self, place: Place, fields: Sequence[str] | None, *, now: datetime, **segments: str
    ) -> ResourceQuerySet:
        """Return the rows from the place on, nearest first, and say what the list depends on."""
        raise NotImplementedError

    def respond(self, values: Mapping[str, str], *, now: datetime, **segments: str) -> Response:
        """Return a page."""
        place = Place.of(self.route, self.request.path, values)
        fields = fields_asked(values)
        rows = self.rows(place, fields, now=now, **segments)
        page = place.page(lambda most: list(rows[:most]))
        results = self.serializer_class(page.rows, many=True, only=fields).data
        return Response(page.document(results), headers={"Link": page.link})


class DirectoryView(ListView):
    """All rows of a kind that has no other state than being there."""

    manager: ClassVar[Any]
    collection: ClassVar[str]

    def rows(
        self, place: Place, fields: Sequence[str] | None, *, now: datetime, **segments: str
    ) -> ResourceQuerySet:
        """Return the rows from the place on."""
        del now, segments
        depends_on([self.collection])
        shown: ResourceQuerySet = self.manager.optimized_for_list(fields, order=place.order)
        return shown.walk(place.order, place.position, forward=place.forward)


class DetailView(PublicView):
    """One row of a kind whose rows are all public."""

    manager: ClassVar[Any]
    kind: ClassVar[str]
    serializer_class: ClassVar[type[Shown]]

    def find(self, reference: str, fields: Sequence[str] | None, *, now: datetime) -> Any:
        """Return the row, or raise `NotFound`."""
        del now
        return find(self.kind, self.manager.optimized_for_detail(fields), reference)

    def respond(self, values: Mapping[str, str], *, now: datetime, **segments: str) -> Response:
        """Return the row."""
        fields = fields_asked(values)
        (reference,) = segments.values()
        return Response(self.serializer_class(self.find(reference, fields, now=now), only=fields).data)
