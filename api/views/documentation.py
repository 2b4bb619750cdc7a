"""Where does one read what this API offers? As OpenAPI, and as a page that needs no internet."""

from __future__ import annotations

from functools import cache
from typing import Any, Final

from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.renderers import OpenApiJsonRenderer
from drf_spectacular.settings import patched_settings
from drf_spectacular.utils import extend_schema
from drf_spectacular.views import SpectacularSwaggerSplitView
from rest_framework.request import Request
from rest_framework.response import Response

from api.views.public import AnswersOptions

# The page's scripts and styles are our own static files; it styles elements itself, and
# asks the API from here.
_PAGE_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:;"
    " font-src 'self'; connect-src 'self'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'"
)


# `fields` may leave out any member of a representation.
_SETTINGS: Final = {"COMPONENT_NO_READ_ONLY_REQUIRED": True}


@cache
def openapi_document() -> dict[str, Any]:
    """Return the OpenAPI document; making it looks at every view, so once per process."""
    with patched_settings(_SETTINGS):
        document: dict[str, Any] = SchemaGenerator().get_schema(request=None, public=True)  # type: ignore[no-untyped-call]
    return document


@extend_schema(exclude=True)
class Schema(AnswersOptions):
    """The OpenAPI document."""

    authentication_classes = []
    permission_classes = []
    renderer_classes = [OpenApiJsonRenderer]

    def get(self, request: Request) -> Response:
        """Return the document, as JSON."""
        del request
        return Response(openapi_document())


class Documentation(AnswersOptions, SpectacularSwaggerSplitView):
    """The document as a page to read and to try the API from."""

    authentication_classes = []
    permission_classes = []
    url_name = "schema"

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Any:
        """Let the browser run what belongs to the page, and nothing else."""
        final = super().finalize_response(request, response, *args, **kwargs)
        final["Content-Security-Policy"] = _PAGE_POLICY
        return final
