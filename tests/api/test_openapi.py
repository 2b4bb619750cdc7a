"""The OpenAPI document says what the routes say, is made without a warning, and has a page offline."""

from __future__ import annotations

import re

import pytest
from django.contrib.staticfiles import finders
from django.core.management import call_command
from drf_spectacular.drainage import GENERATOR_STATS

from api import params, routes
from api.views.documentation import openapi_document
from querysets import projections


@pytest.fixture(scope="module")
def document():
    """Return the document, made anew."""
    openapi_document.cache_clear()
    return openapi_document()


def operation(document, route) -> dict:
    return document["paths"][route.template]["get"]


def test_it_is_valid_and_made_without_warnings(tmp_path):
    GENERATOR_STATS.reset()
    call_command("spectacular", "--validate", "--fail-on-warn", "--file", str(tmp_path / "schema.yml"))


@pytest.mark.parametrize("route", routes.PUBLIC_ROUTES, ids=lambda route: route.name)
def test_every_route_is_described_with_all_its_parameters(document, route):
    described = operation(document, route)
    queried = {found["name"]: found for found in described["parameters"] if found["in"] == "query"}
    assert set(queried) == {parameter.name for parameter in route.parameters}
    for parameter in route.parameters:
        assert isinstance(parameter, params.Described)
        assert queried[parameter.name]["schema"] == dict(parameter.schema)
        assert queried[parameter.name]["description"] == parameter.description
    assert described["summary"]
    assert described["description"]
    assert {"200", "304", "400", "503"} <= set(described["responses"])
    assert "security" not in described or described["security"] in ([], [{}])


@pytest.mark.parametrize("route", routes.PUBLIC_ROUTES, ids=lambda route: route.name)
def test_segments_of_a_path_are_bound_as_the_route_binds_them(document, route):
    segments = {
        found["name"]: found["schema"]
        for found in operation(document, route)["parameters"]
        if found["in"] == "path"
    }
    assert set(segments) == set(re.findall(r"\{(\w+)\}", route.template))
    for name, schema in segments.items():
        if name == "id":
            assert (schema["type"], schema["minimum"]) == ("integer", 1)
        else:
            assert re.fullmatch(schema["pattern"].strip("^$"), "a-slug")


def test_a_404_is_described_where_something_can_be_missing(document):
    missing = {
        route.name for route in routes.PUBLIC_ROUTES if "404" in operation(document, route)["responses"]
    }
    assert missing == {route.name for route in routes.PUBLIC_ROUTES if "{" in route.template} | {"post-list"}


def test_a_member_that_fields_may_leave_out_is_not_required(document):
    schemas = document["components"]["schemas"]
    assert list(schemas["PostItem"]["properties"]) == list(projections.POST_LIST)
    assert "required" not in schemas["PostItem"]
    assert set(schemas["PostPage"]["required"]) == {"next", "previous", "results"}


def test_the_document_is_served_as_json(client):
    response = client.get("/api/schema/")
    assert response.status_code == 200
    assert response["Content-Type"] == "application/vnd.oai.openapi+json"
    assert response.json()["openapi"].startswith("3.")


def test_the_page_needs_nothing_from_elsewhere(client):
    response = client.get("/api/docs/")
    page = response.content.decode()
    assert response["Content-Type"].startswith("text/html")
    sources = re.findall(r'(?:src|href)="([^"]+)"', page)
    assert len(sources) >= 4
    assert all(source.startswith("/") and not source.startswith("//") for source in sources)
    assets = [source.removeprefix("/static/") for source in sources if source.startswith("/static/")]
    assert assets
    assert all(finders.find(asset) for asset in assets)


def test_the_pages_policy_lets_it_work_and_nothing_else(client):
    page = client.get("/api/docs/")
    policy = dict(part.split(" ", 1) for part in page["Content-Security-Policy"].split("; "))
    assert policy["script-src"] == policy["connect-src"] == "'self'"
    assert policy["default-src"] == "'none'"
    assert "<script>" not in page.content.decode()
    script = client.get("/api/docs/?script=")
    assert script["Content-Type"].startswith("application/javascript")
    assert b"/api/schema/" in script.content.replace(b"\\u002D", b"-")
