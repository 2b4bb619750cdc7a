"""What do nginx and Squid keep, whom nobody can tell of a change? The recipes in front of one origin.

An answer for the seconds that a browser keeps it; then it is asked for with its entity tag.
Nothing of anybody in particular, and no error.
"""

from __future__ import annotations

import http.client
import itertools
import threading
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import ExitStack
from typing import Any

import httpx
import pytest

from tests.edges.proxies import Nginx, Proxy, Squid, Varnish, running
from tests.edges.recipes.said import status_of
from tests.edges.scripted import Reply, Scripted
from tests.redis import wait_until

_KINDS = {"nginx": Nginx, "squid": Squid}
_IDENTITY = {"Accept-Encoding": ""}


@pytest.fixture(scope="module")
def proxies(origin: Scripted) -> Iterator[dict[str, Proxy]]:
    """Start whichever of them is installed."""
    with ExitStack() as stack:
        yield {
            name: stack.enter_context(running(kind, origin=origin.port))
            for name, kind in _KINDS.items()
            if kind.is_installed()
        }


@pytest.fixture(scope="module")
def before_varnish(request: pytest.FixtureRequest) -> Iterator[Nginx | None]:
    """Start another nginx, in front of Varnish, if both are installed."""
    if not (Nginx.is_installed() and Varnish.is_installed()):
        yield None
        return
    with running(Nginx, origin=request.getfixturevalue("varnish").port) as nginx:
        yield nginx


@pytest.fixture(params=sorted(_KINDS))
def proxy(request: pytest.FixtureRequest, proxies: dict[str, Proxy]) -> Proxy:
    if request.param not in proxies:
        pytest.skip(f"{_KINDS[request.param].needs} is not installed here")
    return proxies[request.param]


@pytest.fixture
def client(proxy: Proxy) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=proxy.url, headers=_IDENTITY, timeout=20) as client:
        yield client


Said = dict[tuple[str, str], list[httpx.Response]]


@pytest.fixture(scope="module")
def aged(
    request: pytest.FixtureRequest, origin: Scripted, proxies: dict[str, Proxy], before_varnish: Nginx | None
) -> Said:
    """Return what each of them says about some pages now, at once, and when these are past their time."""
    after = {
        "same": reply(b"one"),
        "changed": reply(b"two"),
        "failing": reply(b"", status=503, fields={"Cache-Control": "no-store"}),
    }
    said: Said = {}
    for name, page in itertools.product(proxies, [*after, "slow"]):
        origin[f"/{name}/{page}"] = reply(b"one")
    origin["/chain"] = Reply(b"one", keys="chain")
    ask(proxies, [*after, "slow"], said)
    ask_chain(before_varnish, said)
    for name, page in itertools.product(proxies, after):
        origin[f"/{name}/{page}"] = after[page]
    ask(proxies, after, said)
    if before_varnish is not None:
        origin["/chain"] = Reply(b"two", keys="chain")
        assert request.getfixturevalue("varnish").purge("chain") == 1
    ask_chain(before_varnish, said)
    # nginx counts in whole seconds.
    time.sleep(6.1)
    ask(proxies, after, said)
    ask_chain(before_varnish, said, times=10)
    ask_while_others_wait(origin, proxies, said)
    return said


def ask(proxies: dict[str, Proxy], pages: Iterable[str], said: Said) -> None:
    """Ask each proxy for its pages."""
    for (name, proxy), page in itertools.product(proxies.items(), pages):
        answer = httpx.get(f"{proxy.url}/{name}/{page}", headers=_IDENTITY)
        said.setdefault((name, page), []).append(answer)


def ask_chain(nginx: Nginx | None, said: Said, *, times: int = 1) -> None:
    """Ask nginx for what it has from Varnish."""
    if nginx is not None:
        answers = [httpx.get(f"{nginx.url}/chain", headers=_IDENTITY) for _ in range(times)]
        said.setdefault(("chain", ""), []).extend(answers)


def ask_while_others_wait(origin: Scripted, proxies: dict[str, Proxy], said: Said) -> None:
    """Ask for a page while each proxy waits for its origin, on behalf of somebody who came before."""
    goes_on = threading.Event()
    urls = {name: f"{proxy.url}/{name}/slow" for name, proxy in proxies.items()}
    for name in urls:
        origin[f"/{name}/slow"] = reply(b"two", gate=goes_on)
    with ThreadPoolExecutor(2 * len(urls) or 1) as pool:
        early = [pool.submit(httpx.get, url, headers=_IDENTITY) for url in urls.values()]
        wait_until(lambda: origin.at_once >= len(early), "nobody asks for what is slow")
        late = {name: pool.submit(httpx.get, url, headers=_IDENTITY) for name, url in urls.items()}
        # Whoever would answer with what he has, does it now.
        wait(late.values(), timeout=0.3)
        goes_on.set()
        for name, asking in late.items():
            said[name, "slow"].append(asking.result())


def reply(body: bytes = b"{}", status: int = 200, **told: Any) -> Reply:
    """Return a reply without the field that makes Squid ask sooner."""
    fields = {"Surrogate-Control": "", **told.pop("fields", {})}
    return Reply(body, status=status, fields=fields, **told)


def name_of(proxy: Proxy) -> str:
    return type(proxy).__name__.lower()


def is_hit(proxy: Proxy, answer: httpx.Response) -> bool:
    return status_of(answer).startswith(f"{type(proxy).__name__.replace('Nginx', 'nginx')}; hit")


def test_an_answer_is_kept_for_some_seconds(proxy, aged):
    first, second, _ = aged[name_of(proxy), "changed"]
    assert (first.content, second.content) == (b"one", b"one")
    assert not is_hit(proxy, first)
    assert is_hit(proxy, second)


def test_a_change_shows_when_the_time_of_browsers_is_over(proxy, aged):
    assert aged[name_of(proxy), "changed"][2].content == b"two"


def test_it_is_asked_for_with_its_entity_tag(origin, proxy, aged):
    answer = aged[name_of(proxy), "same"][2]
    assert answer.content == b"one"
    asked = origin.asked(f"/{name_of(proxy)}/same")
    assert [one.fields.get("if-none-match") for one in asked] == [None, answer.headers["etag"]]


def test_in_front_of_varnish_a_change_shows_as_late_and_stays(before_varnish, aged):
    """Varnish was purged long before nginx asks again, so nginx never goes back."""
    if before_varnish is None:
        pytest.skip("nginx or Varnish is not installed here")
    first, second, third, *others = aged["chain", ""]
    assert [answer.content for answer in (first, second, third)] == [b"one", b"one", b"two"]
    assert status_of(third) == "nginx; fwd=stale"
    assert {answer.content for answer in others} == {b"two"}


def test_nobody_gets_an_old_answer_while_somebody_else_is_asking(proxy, aged):
    """It might be of any age."""
    assert aged[name_of(proxy), "slow"][1].content == b"two"


def test_an_old_answer_is_better_than_an_error_of_the_origin(proxy, aged):
    answer = aged[name_of(proxy), "failing"][2]
    assert (answer.status_code, answer.content) == (200, b"one")


@pytest.mark.parametrize(
    "fields",
    [
        {"Cache-Control": "no-store"},
        {"Cache-Control": "private, max-age=60"},
        {"Cache-Control": "max-age=0"},
        {"Set-Cookie": "a=b", "Cache-Control": "no-store"},
        {"Vary": "*"},
        {"Cache-Control": ""},
    ],
    ids=str,
)
def test_what_is_not_for_everybody_is_not_kept(origin, client, page, fields):
    fields = {"CDN-Cache-Control": "", **fields}
    origin[page] = reply(b"one", fields=fields)
    client.get(page)
    origin[page] = reply(b"two", fields=fields)
    assert client.get(page).content == b"two"


@pytest.mark.parametrize("status", [400, 406, 429, 500, 503])
def test_no_error_is_kept(origin, client, page, status):
    origin[page] = reply(b"one", status=status, fields={"Cache-Control": "no-store"})
    assert client.get(page).status_code == status
    origin[page] = reply(b"two")
    assert client.get(page).content == b"two"


def test_who_has_credentials_goes_past_the_cache(origin, proxy, client, page):
    origin[page] = reply(b"for all")
    client.get(page)
    origin[page] = reply(b"for one", fields={"Cache-Control": "public, max-age=60"})
    for fields in ({"Authorization": "Token x"}, {"Cookie": "a=b"}):
        assert client.get(page, headers=fields).content == b"for one"
        asked = origin.asked(page)[-1].fields
        assert {name: asked.get(name.lower()) for name in fields} == fields
    assert client.get(page).content == b"for all"


@pytest.mark.parametrize("field", ["Authorization", "Cookie"])
def test_an_empty_credential_leaves_no_trace(origin, client, page, field):
    """The origin says `public` to whoever has an `Authorization`, whatever is in it."""
    origin[page] = reply(b"to nobody", fields={"Cache-Control": "public, max-age=60"})
    client.get(page, headers={field: ""})
    is_past = field.lower() in origin.asked(page)[0].fields
    origin[page] = reply(b"for all")
    assert client.get(page).content == (b"for all" if is_past else b"to nobody")


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
def test_other_methods_pass_untouched(origin, client, page, method):
    origin[page] = reply(b"done")
    sent = {"Authorization": "Token x", "If-Match": '"a"'}
    assert client.request(method, page, headers=sent, content=b"body").content == b"done"
    asked = origin.asked(page)[-1]
    assert (asked.method, asked.body) == (method, b"body")
    assert (asked.fields["authorization"], asked.fields["if-match"]) == ("Token x", '"a"')


@pytest.mark.parametrize("method", ["PURGE", "TRACE", "CONNECT", "BAN"])
def test_unknown_methods_are_refused(origin, proxy, page, method):
    connection = http.client.HTTPConnection("127.0.0.1", proxy.port, timeout=5)
    connection.request(method, page)
    assert connection.getresponse().status in {400, 403, 405}
    assert origin.asked(page) == []
    connection.close()


def test_a_body_of_a_get_does_not_reach_the_origin(origin, client, page):
    """Neither with its length, nor as something that looks like another request."""
    origin[page] = reply(b"one")
    smuggled = f"{page}/smuggled"
    client.request("GET", page, content=f"GET {smuggled} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
    assert client.get(page).content == b"one"
    assert all(asked.body == b"" for asked in origin.asked(page))
    assert origin.asked(smuggled) == []


def test_get_after_head_has_its_body(origin, client, page):
    origin[page] = reply(b"one")
    assert client.head(page).headers["content-length"] == "3"
    assert client.get(page).content == b"one"


def test_who_asks_under_another_name_changes_nothing(origin, proxy, client, page):
    hostile = {
        "Host": "evil.example",
        "X-Forwarded-Host": "evil.example",
        "Forwarded": "host=evil.example",
        "X-Original-URL": "/admin/",
        "X-HTTP-Method-Override": "DELETE",
    }
    origin[page] = reply(b"one")
    client.get(page, headers=hostile)
    asked = origin.asked(page)[0].fields
    assert asked["host"] == "localhost"
    assert not {name.lower() for name in hostile if name != "Host"} & set(asked)
    assert is_hit(proxy, client.get(page))


def test_a_condition_of_a_client_s_leaves_a_whole_answer(origin, client, page):
    origin[page] = reply(b"one")
    assert client.get(page, headers={"If-None-Match": origin.reply(page).etag}).status_code in {200, 304}
    assert client.get(page).content == b"one"


def test_parts_are_not_asked_for(origin, client, page):
    origin[page] = reply(b"one")
    client.get(page, headers={"Range": "bytes=0-0"})
    assert "range" not in origin.asked(page)[0].fields
    assert client.get(page).content == b"one"


def test_nobody_makes_the_origin_work_by_a_wish_for_news(origin, client, page):
    origin[page] = reply()
    for _ in range(3):
        client.get(page, headers={"Cache-Control": "no-cache", "Pragma": "no-cache"})
    assert len(origin.asked(page)) == 1


def test_one_fetch_for_many_readers(origin, proxy, page):
    origin[page] = reply(b"one", delay=0.3)
    with ThreadPoolExecutor(5) as pool:
        answers = list(pool.map(lambda _: httpx.get(f"{proxy.url}{page}", timeout=20), range(5)))
    assert {answer.content for answer in answers} == {b"one"}
    assert len(origin.asked(page)) == 1


def test_labels_of_any_size_pass(origin, client, page):
    origin[page] = reply(b"one", keys=" ".join(f"post:{number}" for number in range(600)))
    assert client.get(page).content == b"one"


def test_clients_do_not_see_what_is_meant_for_edges(origin, client, page):
    origin[page] = reply()
    for _ in range(2):
        fields = set(client.get(page).headers)
        assert not {"xkey", "surrogate-key", "cache-tag", "surrogate-control", "cdn-cache-control"} & fields


def test_cache_status_names_the_origin_first(origin, client, page):
    origin[page] = reply()
    assert client.get(page).headers["cache-status"].startswith("readpath; hit, ")


def test_the_client_s_address_goes_on(origin, client, page):
    origin[page] = reply()
    client.get(page, headers={"X-Forwarded-For": "192.0.2.1"})
    assert origin.asked(page)[0].fields["x-forwarded-for"] == "192.0.2.1, 127.0.0.1"


@pytest.mark.parametrize(
    ("accepted", "other"), [("br", ""), ("gzip", "br"), ("zstd;q=0, gzip", "zstd"), ("br;q=0", "br")]
)
def test_codings_are_kept_apart(origin, client, page, accepted, other):
    origin[page] = reply()
    client.get(page, headers={"Accept-Encoding": accepted})
    client.get(page, headers={"Accept-Encoding": other})
    assert len(origin.asked(page)) == 2


def test_a_field_for_edges_that_are_told_makes_no_difference(origin, proxies, page):
    """Nor does it for Squid, but that it keeps such an answer for a second at most."""
    for name, proxy in proxies.items():
        target = f"{page}/{name}"
        origin[target] = Reply(b"one", ttl=86_400)
        httpx.get(f"{proxy.url}{target}")
        origin[target] = Reply(b"two", ttl=86_400)
    time.sleep(1.1)
    assert httpx.get(f"{proxies['squid'].url}{page}/squid").content == b"two"
