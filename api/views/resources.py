"""How is a list, or one thing of a kind, shown? The two shapes of a public read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, ClassVar

import orjson
from django.db.models import Model
from rest_framework.response import Response

from api.fragments import shown_rows
from api.lookups import find
from api.pagination import Place
from api.routes import ListRoute
from api.serializers.plain import PlainShown, plain_shown
from api.serializers.reading import Shown
from api.surrogate_keys import keys_of_places
from api.views.public import PublicView, fields_asked
from caching.building import depends_on
from querysets.keyset import Position
from querysets.statements import Query, Row


class ListView(PublicView):
    """A list in pages."""

    route: ClassVar[ListRoute]
    model: ClassVar[type[Model]]
    serializer_class: ClassVar[type[Shown]]

    def positions(self, place: Place, *, now: datetime, **segments: str) -> Sequence[Position]:
        """Return where the page's rows stand, and one more, nearest first; say what that depends on."""
        raise NotImplementedError

    def respond(self, path: str, values: Mapping[str, str], *, now: datetime, **segments: str) -> Response:
        """Return a page."""
        place = Place.of(self.route, path, values)
        found = self.positions(place, now=now, **segments)
        depends_on(keys_of_places(self.model, place.order.column, (position[-1] for position in found)))
        page = place.page(found)
        shown = plain_shown(self.serializer_class, self.model, fields_asked(values))
        results = shown_rows(shown, [position[-1] for position in page.rows])
        return Response(page.document(results), headers={"Link": page.link})


class DirectoryView(ListView):
    """All rows of a kind that has no other state than being there."""

    collection: ClassVar[str]

    def positions(self, place: Place, *, now: datetime, **segments: str) -> Sequence[Position]:
        """Return where the page's rows stand."""
        del now, segments
        depends_on([self.collection])
        rows: Any = self.model._default_manager

        def make(**position: Any) -> Any:
            found = rows.places(place.order)
            return found.walk(place.order, tuple(position.values()) or None, forward=place.forward)[
                : place.most
            ]

        return Query((self.model, *place.shape), make, place.position_values).rows()


class DetailView(PublicView):
    """One row of a kind whose rows are all public."""

    model: ClassVar[type[Model]]
    kind: ClassVar[str]
    serializer_class: ClassVar[type[Shown]]

    def find(self, shown: PlainShown, reference: str, *, now: datetime) -> Row:
        """Return the row, or raise `NotFound`."""
        del now
        return find(self.kind, shown.rows, reference)

    def respond(self, path: str, values: Mapping[str, str], *, now: datetime, **segments: str) -> Response:
        """Return the row."""
        del path
        shown = plain_shown(self.serializer_class, self.model, fields_asked(values))
        (reference,) = segments.values()
        row = self.find(shown, reference, now=now)
        many = shown.rows.many_of([row[0]])
        depends_on(shown.keys(row, many))
        return Response(orjson.Fragment(shown.body(row, many)))
