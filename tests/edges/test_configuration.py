"""READPATH_EDGES says which edges there are; what it cannot mean is refused in one line, without secrets."""

from __future__ import annotations

from math import inf

import pytest
from django.core.exceptions import ImproperlyConfigured

from caching.edges.backends.cloudflare import Cloudflare
from caching.edges.backends.fastly import Fastly
from caching.edges.backends.plain import Plain
from caching.edges.backends.varnish import Varnish
from caching.edges.configuration import configured, dialects
from caching.edges.edge import Edge

TOKENS = {
    "PURGE_TOKEN": "token-for-purging",
    "FASTLY_TOKEN": "token-for-fastly",
    "CLOUDFLARE_TOKEN": "token-for-cloudflare",
}


def edges(*texts: str, **changes: str) -> tuple[Edge, ...]:
    return configured({"EDGES": list(texts), **TOKENS, **changes})


def test_nothing_configured_is_no_edge() -> None:
    assert configured({}) == ()
    assert edges() == ()


def test_each_scheme_has_its_backend_and_its_rate() -> None:
    found = edges(
        "front=varnish://10.0.0.5:6081",
        "other=purges://cache.example/purge?rate=30/min&burst=4",
        "fast=fastly://SU1Z0isxPaozGVKXdv0eY",
        "cloud=cloudflare://023e105f4ecef8ad9ca31a8372d0c353?plan=pro",
    )

    assert [type(edge.backend) for edge in found] == [Varnish, Plain, Fastly, Cloudflare]
    assert [edge.name for edge in found] == ["front", "other", "fast", "cloud"]
    assert [(edge.rate, edge.burst) for edge in found] == [(inf, 1), (0.5, 4), (10, 100), (5, 25)]
    assert [edge.rebound for edge in found] == [0.5, 2, 2, 2]
    assert {edge.through for edge in found} == {None}


@pytest.mark.parametrize(
    ("plan", "rate", "burst"),
    [("free", 5 / 60, 25), ("pro", 5, 25), ("business", 10, 50), ("enterprise", 50, 500)],
)
def test_the_plan_sets_the_rate_at_cloudflare(plan: str, rate: float, burst: int) -> None:
    (edge,) = edges(f"cloud=cloudflare://zone?plan={plan}")

    assert (edge.rate, edge.burst) == (pytest.approx(rate), burst)


@pytest.mark.parametrize(
    ("query", "rate", "burst"),
    [
        pytest.param("plan=pro&rate=2.5/s", 2.5, 25, id="the plan's burst stays"),
        pytest.param("rate=60/min&burst=1", 1, 1, id="both"),
        pytest.param("burst=3", 5 / 60, 3, id="the plan's rate stays"),
    ],
)
def test_rate_and_burst_go_before_the_plan(query: str, rate: float, burst: int) -> None:
    (edge,) = edges(f"cloud=cloudflare://zone?{query}")

    assert (edge.rate, edge.burst) == (pytest.approx(rate), burst)


def test_a_rate_alone_allows_a_second_of_it_at_once() -> None:
    (edge,) = edges("front=varnish://localhost?rate=2.5/s")

    assert (edge.rate, edge.burst) == (2.5, 3)


def test_edges_may_stand_behind_each_other() -> None:
    found = edges(
        "outer=purge://localhost:81/?through=middle&rebound=5",
        "middle=varnish://localhost:82?through=inner&rebound=0",
        "inner=varnish://[::1]:83",
    )

    assert [edge.through for edge in found] == ["middle", "inner", None]
    assert [edge.rebound for edge in found] == [5, 0, 0.5]


def test_labels_are_those_that_the_edges_need_and_no_more() -> None:
    varnish, plain, cloud = "a=varnish://h", "b=purge://h", "c=cloudflare://z"

    assert dialects(edges()) == ()
    assert dialects(edges(varnish)) == ("xkey",)
    assert dialects(edges(plain)) == ("surrogate-key",)
    # What Cloudflare reads, the plain one reads as well.
    assert set(dialects(edges(plain, cloud, varnish))) == {"cache-tag", "xkey"}


@pytest.mark.parametrize("api", ["http://127.0.0.1:1234", "http://localhost", "https://proxy.example/cf"])
def test_an_interface_may_be_elsewhere(api: str) -> None:
    assert edges(f"cloud=cloudflare://zone?api={api}", f"fast=fastly://service?api={api}")


@pytest.mark.parametrize(
    ("texts", "need"),
    [
        pytest.param(["varnish://h"], "needs NAME=URL", id="no name"),
        pytest.param(["Front=varnish://h"], "from a-z, 0-9 and -; entry 1", id="capitals"),
        pytest.param(["a=varnish://h", f"{'n' * 33}=varnish://h"], "entry 2", id="long name"),
        pytest.param(["a=varnish://h", "a=varnish://i"], "a name for each edge, got a twice", id="twice"),
        pytest.param(["a=http://h"], "a needs an address that begins with one of varnish://", id="scheme"),
        pytest.param(["a="], "a needs an address", id="nothing"),
        pytest.param(["a=varnish://[h"], "a needs an address", id="brackets"),
        pytest.param(["a=varnish://"], r"a needs varnish://HOST\[:PORT\]", id="no host"),
        pytest.param(["a=varnish://h:0"], r"a needs varnish://HOST", id="port 0"),
        pytest.param(["a=varnish://h:99999"], r"a needs varnish://HOST", id="port"),
        pytest.param(["a=varnish://h/path"], r"a needs varnish://HOST", id="a path for Varnish"),
        pytest.param(["a=purge://h/p q"], r"a needs purge://HOST\[:PORT\]/PATH", id="space"),
        pytest.param(["a=varnish://secret@h"], "a needs an address without credentials", id="user"),
        pytest.param(["a=fastly://secret@service"], "a needs an address without credentials", id="key"),
        pytest.param(["a=varnish://h#x"], "without #", id="fragment"),
        pytest.param(["a=fastly://"], "a needs fastly://SERVICE", id="no service"),
        pytest.param(["a=cloudflare://zone/secret"], "a needs cloudflare://ZONE", id="path"),
        pytest.param(["a=cloudflare://z?plan=gold"], r"a needs plan=free\|pro", id="plan"),
        pytest.param(["a=varnish://h?plan=free"], "a needs no parameter but burst, rate", id="parameter"),
        pytest.param(["a=varnish://h?rebound=1&rebound=2"], "a needs each parameter once", id="repeated"),
        pytest.param(["a=varnish://h?rebound=-1"], "a needs rebound=SECONDS, 0 to 3600", id="rebound"),
        pytest.param(["a=varnish://h?rebound=nan"], "a needs rebound=SECONDS", id="nan"),
        pytest.param(["a=varnish://h?timeout=0"], "a needs timeout=SECONDS, 0.01 to 60", id="timeout"),
        pytest.param(["a=varnish://h?soft=maybe"], r"a needs soft=on\|off", id="soft"),
        pytest.param(["a=varnish://h?rate=5"], "a needs rate=N/s or rate=N/min", id="rate"),
        pytest.param(["a=varnish://h?rate=0/s"], "a needs rate=N/s", id="no rate"),
        pytest.param(["a=varnish://h?burst=5"], "a needs a rate, if it has a burst", id="burst alone"),
        pytest.param(["a=varnish://h?rate=1/s&burst=0"], "a needs burst to be a whole number", id="burst"),
        pytest.param(["a=varnish://h?through=b"], "a needs through=NAME", id="through nobody"),
        pytest.param(["a=varnish://h?through=a"], "through leads in a circle", id="through itself"),
        pytest.param(
            ["a=varnish://h?through=b", "b=varnish://h?through=c", "c=varnish://h?through=b"],
            "through leads in a circle",
            id="circle",
        ),
        pytest.param(
            ["a=fastly://s?api=http://api.example"], "would cross a network in the clear", id="http"
        ),
        pytest.param(["a=fastly://s?api=ftp://localhost"], r"a needs api=https://HOST", id="ftp"),
        pytest.param(["a=fastly://s?api=https://u:p@h"], r"a needs api=https://HOST", id="api with user"),
        pytest.param(["a=fastly://s?api=https://h?x=1"], r"a needs api=https://HOST", id="api with query"),
    ],
)
def test_what_cannot_be_right_is_refused_in_one_line(texts: list[str], need: str) -> None:
    with pytest.raises(ImproperlyConfigured, match=need) as refused:
        edges(*texts)

    (line,) = str(refused.value).splitlines()
    assert line.startswith("READPATH_EDGES")
    assert "secret" not in line


@pytest.mark.parametrize(
    ("text", "variable"),
    [
        ("a=varnish://h", "PURGE_TOKEN"),
        ("a=purge://h", "PURGE_TOKEN"),
        ("a=fastly://s", "FASTLY_TOKEN"),
        ("a=cloudflare://z", "CLOUDFLARE_TOKEN"),
    ],
)
def test_a_token_that_would_break_a_field_is_refused_and_not_shown(text: str, variable: str) -> None:
    with pytest.raises(ImproperlyConfigured, match=f"^READPATH_{variable} needs printable") as refused:
        edges(text, **{variable: "se\r\ncret"})

    assert "cret" not in str(refused.value)


@pytest.mark.parametrize(
    ("text", "variable"), [("a=fastly://s", "FASTLY_TOKEN"), ("a=cloudflare://z", "CLOUDFLARE_TOKEN")]
)
def test_a_vendor_is_not_told_without_a_token(text: str, variable: str) -> None:
    with pytest.raises(ImproperlyConfigured, match=f"a needs a token in READPATH_{variable}"):
        edges(text, **{variable: ""})


def test_no_token_is_in_the_representation_of_an_edge() -> None:
    shown = repr(edges("a=varnish://h", "b=purge://h", "c=fastly://s", "d=cloudflare://z"))

    assert not any(token in shown for token in TOKENS.values())
