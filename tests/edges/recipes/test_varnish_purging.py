"""What does Varnish serve after a purge, and when the origin fails?

Nothing that was purged, unless the origin says that it is unchanged; whatever fails meanwhile. What
has only grown old may be served on, as long as the origin allows.
"""

from __future__ import annotations

import http.client
import re
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from tests.edges.proxies import Varnish, running
from tests.edges.recipes.said import status_of
from tests.edges.scripted import Reply, Scripted
from tests.redis import wait_until


def test_a_softly_purged_answer_is_confirmed_before_it_is_served(origin, varnish, client, page, key):
    origin[page] = Reply(b"one", keys=f"{key} all", revalidate=600, on_error=86_400)
    before = client.get(page)
    assert varnish.purge(key) == 1
    answer = client.get(page)
    assert answer.content == b"one"
    assert status_of(answer) == "Varnish; fwd=stale; fwd-status=304; stored"
    assert origin.asked(page)[-1].fields["if-none-match"] == before.headers["etag"]
    assert status_of(client.get(page)).startswith("Varnish; hit; ttl=86")


def test_the_first_read_after_a_soft_purge_is_new(origin, varnish, client, page, key):
    """Not the one after: stale-while-revalidate is not for what a write has changed."""
    origin[page] = Reply(b"one", keys=key, revalidate=600, on_error=86_400)
    client.get(page)
    origin[page] = Reply(b"two", keys=key, revalidate=600, on_error=86_400)
    varnish.purge(key)
    assert client.get(page).content == b"two"


def test_every_variant_is_purged(origin, varnish, client, page, key):
    origin[page] = Reply(b"one", keys=key)
    for coding in ("gzip", "br", "zstd", ""):
        client.get(page, headers={"Accept-Encoding": coding})
    assert varnish.purge(key) == 4


def test_a_hard_purge_leaves_nothing_to_confirm(origin, varnish, client, page, key):
    origin[page] = Reply(b"one", keys=key)
    client.get(page)
    assert varnish.purge(key, is_hard=True) == 1
    assert status_of(client.get(page)) == "Varnish; fwd=miss; stored"
    assert "if-none-match" not in origin.asked(page)[-1].fields


def test_a_purge_reaches_nothing_else(origin, varnish, client, page, key):
    origin[page] = Reply(b"one", keys=f"{key} posts")
    client.get(page)
    assert varnish.purge("post:5", "post:5*", "post") == 0
    assert status_of(client.get(page)).startswith("Varnish; hit")


def test_what_was_purged_is_not_served_when_the_origin_fails(origin, varnish, client, page, key):
    origin[page] = Reply(b"one", keys=key, revalidate=600, on_error=86_400)
    client.get(page)
    varnish.purge(key)
    origin[page] = Reply(b"oh", status=503, fields={"Cache-Control": "no-store", "Surrogate-Control": ""})
    for _ in range(2):
        assert client.get(page).status_code == 503


def test_what_is_past_its_time_is_served_and_renewed_behind(origin, client, page):
    origin[page] = Reply(b"one", ttl=1, revalidate=600)
    client.get(page)
    origin[page] = Reply(b"two", ttl=600)
    time.sleep(1.1)
    answer = client.get(page)
    assert answer.content == b"one"
    assert status_of(answer) in {"Varnish; hit; ttl=0", "Varnish; hit; ttl=-1"}
    assert int(answer.headers["age"]) >= 1
    wait_until(lambda: client.get(page).content == b"two", "nothing was renewed")


def test_what_was_purged_when_past_its_time_is_not_served(origin, varnish, client, page, key):
    """A soft purge changes nothing about such an object, so Varnish remembers that there was one."""
    origin[page] = Reply(b"one", ttl=1, revalidate=600, on_error=600, keys=key)
    client.get(page)
    origin[page] = Reply(b"two", ttl=600)
    time.sleep(1.1)
    varnish.purge(key)
    assert client.get(page).content == b"two"


def test_what_is_older_is_renewed_first_and_serves_while_the_origin_fails(origin, client, page):
    origin[page] = Reply(b"one", ttl=1, on_error=600)
    client.get(page)
    time.sleep(1.1)
    for status in (500, 503):
        origin[page] = Reply(b"", status=status)
        answer = client.get(page)
        assert (answer.status_code, answer.content) == (200, b"one")
    origin[page] = Reply(b"two", ttl=600)
    assert client.get(page).content == b"two"


def test_what_was_read_before_a_purge_is_not_kept(origin, varnish, client, page, key):
    """The origin answers from before the write, and the purge overtakes its answer."""
    gate = threading.Event()
    origin[page] = Reply(b"old", keys=key, gate=gate)
    with ThreadPoolExecutor(1) as pool:
        reading = pool.submit(client.get, page)
        wait_until(lambda: origin.asked(page), "nobody asks")
        varnish.purge(key)
        gate.set()
        assert reading.result().content == b"old"
    origin[page] = Reply(b"new", keys=key)
    assert client.get(page).content == b"new"


def test_who_came_after_a_purge_does_not_wait_for_an_older_fetch(origin, varnish, client, page, key):
    gate = threading.Event()
    origin[page] = Reply(b"old", keys=key, gate=gate)
    with ThreadPoolExecutor(2) as pool:
        early = pool.submit(client.get, page)
        wait_until(lambda: origin.asked(page), "nobody asks")
        varnish.purge(key)
        origin[page] = Reply(b"new", keys=key)
        late = pool.submit(httpx.get, f"{client.base_url}{page}", timeout=20)
        assert not late.done()
        gate.set()
        assert early.result().content == b"old"
        assert late.result().content == b"new"


def test_a_purge_reaches_what_is_still_coming(origin, varnish, client, page, key):
    """Its headers may be from before a write, and its body may come after the second purge."""
    body_goes_on = threading.Event()
    origin[page] = Reply(b"old", keys=key, gate_of_body=body_goes_on)
    with ThreadPoolExecutor(1) as pool:
        reading = pool.submit(client.get, page)
        wait_until(lambda: varnish.purge(key) == 1, "the object cannot be purged")
        body_goes_on.set()
        assert reading.result().content == b"old"
    origin[page] = Reply(b"new", keys=key)
    assert client.get(page).content == b"new"


def test_what_took_longer_than_the_second_purge_waits_is_not_kept(origin, client, page):
    origin[page] = Reply(b"old", delay=2.1)
    client.get(page)
    origin[page] = Reply(b"new")
    assert client.get(page).content == b"new"
    assert status_of(client.get(page)).startswith("Varnish; hit")


def purge_from(varnish: Varnish, source: str = "127.0.0.1", **fields: str) -> http.client.HTTPResponse:
    """Send a purge from an address of this machine."""
    connection = http.client.HTTPConnection("127.0.0.1", varnish.port, timeout=5, source_address=(source, 0))
    connection.request("PURGE", "/", headers={name.replace("_", "-"): text for name, text in fields.items()})
    answer = connection.getresponse()
    answer.read()
    connection.close()
    return answer


def test_only_purgers_purge(origin, varnish, client, page, key):
    origin[page] = Reply(keys=key)
    client.get(page)
    assert purge_from(varnish, "127.0.0.2", xkey_purge=key).status == 403
    assert purge_from(varnish, xkey_purge=key, X_Forwarded_For="192.0.2.1").status == 403
    assert purge_from(varnish).status == 400
    assert status_of(client.get(page)).startswith("Varnish; hit")
    answer = purge_from(varnish, xkey_purge=key)
    assert (answer.status, answer.headers["xkey-purged"]) == (200, "1")


def test_labels_are_those_of_the_latest_304(origin, varnish, client, page, key):
    """The same bytes may depend on other rows than before."""
    origin[page] = Reply(b"one", keys=f"{key} posts:a")
    client.get(page)
    origin[page] = Reply(b"one", keys=f"{key}0")
    varnish.purge(key)
    assert status_of(client.get(page)) == "Varnish; fwd=stale; fwd-status=304; stored"
    assert varnish.purge(key, "posts:a") == 0
    assert varnish.purge(f"{key}0") == 1


class Guarded(Varnish):
    """A Varnish that asks for a token as well, as origin.vcl proposes it."""

    def configure(self) -> None:
        super().configure()
        file = self.directory / "purge.token"
        file.write_text("sesame\n")
        text = (self.directory / "origin.vcl").read_text()
        proposed = "\n".join(re.findall("^#(     .*)$", text, re.MULTILINE))
        text = text.replace("sub check_purge_token {\n", "sub check_purge_token {\n" + proposed + "\n")
        (self.directory / "origin.vcl").write_text(text.replace("/etc/varnish/purge.token", str(file)))


def test_a_token_can_be_asked_for(origin, page, key):
    origin[page] = Reply(keys=key)
    with running(Guarded, origin=origin.port) as guarded:
        httpx.get(f"{guarded.url}{page}")
        assert purge_from(guarded, xkey_purge=key).status == 401
        assert purge_from(guarded, xkey_purge=key, Authorization="Bearer open").status == 401
        answer = purge_from(guarded, xkey_purge=key, Authorization="Bearer sesame")
        assert (answer.status, answer.headers["xkey-purged"]) == (200, "1")


def test_an_origin_that_is_away_is_stood_in_for_unless_there_was_a_purge(page):
    with Scripted() as origin, running(Varnish, origin=origin.port) as varnish:
        for target, keys in ((page, "post:1"), (f"{page}/gone", "post:2")):
            origin[target] = Reply(b"one", ttl=1, on_error=600, keys=keys)
            httpx.get(f"{varnish.url}{target}")
        varnish.purge("post:2", is_hard=True)
        time.sleep(1.1)
        origin.vanish()
        assert httpx.get(f"{varnish.url}{page}").content == b"one"
        assert httpx.get(f"{varnish.url}{page}/gone").status_code == 503
        varnish.purge("post:1")
        answer = httpx.get(f"{varnish.url}{page}")
        assert answer.status_code == 503
        assert answer.headers["cache-control"] == "no-store"
        assert answer.json()["status"] == 503


def test_who_writes_through_varnish_reads_what_he_wrote(origin, client, page):
    """At once, before any purge: RFC 9111 §4.4."""
    for target in (page, f"{page}?fields=id"):
        origin[target] = Reply(b"one")
        client.get(target)
        origin[target] = Reply(b"two")
    assert client.patch(page, content=b"{}").status_code == 200
    for target in (page, f"{page}?fields=id"):
        assert client.get(target).content == b"two"


@pytest.mark.parametrize("label", ["all", "any", "KEY"])
def test_the_target_of_a_write_is_one_label_whatever_is_in_it(origin, client, page, key, label):
    """The module takes a comma for the end of a label, and anybody may write to `/login,all`."""
    origin[page] = Reply(b"one", keys=f"{key} all any")
    client.get(page)
    target = f"/page/login,{label.replace('KEY', key)}"
    origin[target] = Reply(status=302, fields={"Location": "/", "Cache-Control": "no-store"})
    assert client.post(target).status_code == 302
    assert status_of(client.get(page)).startswith("Varnish; hit")


def test_what_the_answer_to_a_write_names_is_gone(origin, client, page, key):
    """RFC 9875 §3, where the origin speaks of groups."""
    origin[f"{page}/list"] = Reply(b"one", keys=f"{key} all")
    client.get(f"{page}/list")
    origin[f"{page}/list"] = Reply(b"two", keys=f"{key} all")
    origin[page] = Reply(fields={"Cache-Group-Invalidation": f'"posts", "{key}"'})
    client.patch(page, content=b"{}")
    assert client.get(f"{page}/list").content == b"two"


@pytest.mark.parametrize("status", [400, 401, 403, 409, 412, 503])
def test_a_write_that_failed_changes_nothing(origin, client, page, status):
    origin[page] = Reply(b"one")
    client.get(page)
    origin[page] = Reply(status=status)
    client.patch(page, content=b"{}")
    assert status_of(client.get(page)).startswith("Varnish; hit")
