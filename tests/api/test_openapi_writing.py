"""OpenAPI says of the writes what they do: who may, with what body, and how they fail."""

from __future__ import annotations

from typing import Any

import pytest
from drf_spectacular.drainage import GENERATOR_STATS
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.validation import validate_schema

UNSAFE = ("post", "put", "patch", "delete")


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    GENERATOR_STATS.reset()
    return SchemaGenerator().get_schema(request=None, public=True)


def operations(document: dict[str, Any]) -> list[dict[str, Any]]:
    return [path[method] for path in document["paths"].values() for method in UNSAFE if method in path]


def test_document_is_valid_and_made_without_a_warning(document: dict[str, Any]) -> None:
    validate_schema(document)
    assert not GENERATOR_STATS


def test_every_write_needs_a_token_and_says_how_it_fails(document: dict[str, Any]) -> None:
    assert len(operations(document)) == 13
    for operation in operations(document):
        assert operation["security"] == [{"tokenAuth": []}]
        assert {"400", "401", "403", "411", "412", "413", "415", "429", "503"} <= set(operation["responses"])
        for status, response in operation["responses"].items():
            if int(status) >= 400:
                assert set(response["content"]) == {"application/problem+json"}


def test_written_bodies_are_closed(document: dict[str, Any]) -> None:
    schemas = document["components"]["schemas"]
    written = [name for name in schemas if name.endswith("Request")]
    assert len(written) == 8
    assert all(schemas[name]["additionalProperties"] is False for name in written)


def test_drafts_are_for_a_token_alone(document: dict[str, Any]) -> None:
    for path in ("/api/v1/drafts/", "/api/v1/drafts/{reference}/"):
        assert document["paths"][path]["get"]["security"] == [{"tokenAuth": []}]
