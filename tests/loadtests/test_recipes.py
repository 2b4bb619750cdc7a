"""A recipe is started as it stands, but for what it leaves to its user."""

import pytest

from loadtests.edges import Edge
from loadtests.recipes import RECIPES, _written
from loadtests.scenarios import EDGES
from loadtests.services import MissingError


def test_there_is_a_recipe_for_every_edge():
    assert set(RECIPES) == set(EDGES)


@pytest.mark.parametrize("edge", EDGES)
def test_a_recipe_is_told_where_the_origin_is(edge, tmp_path, monkeypatch):
    monkeypatch.setattr("loadtests.recipes.program", lambda name: name)
    started = RECIPES[edge](tmp_path, port=12345, origin=54321)
    said = " ".join([*map(str, started.command), *(path.read_text() for path in tmp_path.iterdir())])

    assert "54321" in said
    assert "127.0.0.1:12345" in said
    assert str(tmp_path) in said + " ".join(started.environment.values())


def test_a_recipe_that_no_longer_says_it_is_not_started(tmp_path):
    with pytest.raises(MissingError, match="does not say 'nowhere'"):
        _written(tmp_path, "varnish/origin.vcl", {"nowhere": "somewhere"})


@pytest.fixture
def varnish(monkeypatch, tmp_path):
    monkeypatch.setattr("loadtests.edges.program", lambda name: name)
    return Edge("varnish", "http://127.0.0.1:54321", tmp_path / "log")


@pytest.mark.parametrize(
    ("expiry", "rebound", "told"),
    [
        (None, None, "READPATH_EDGES=edge=varnish://HOST"),
        (None, 0.5, "READPATH_EDGES=edge=varnish://HOST?rebound=0.5"),
        (60, 0.5, "READPATH_EDGE_TTL=60"),
    ],
)
def test_a_server_is_told_of_its_edge_or_how_long_answers_are_kept(varnish, expiry, rebound, told):
    ((name, value),) = varnish.environment(expiry, rebound).items()

    assert f"{name}={value}" == told.replace("HOST", varnish.host.removeprefix("http://"))
