"""What of a request reaches the origin through Varnish? For a read that is kept, next to nothing.

Whoever asks, and however he puts it: what is kept was asked for as nobody, under a fixed name.
"""

from __future__ import annotations

import http.client

import pytest

from tests.edges.recipes.said import status_of
from tests.edges.scripted import Reply


def test_credentials_do_not_reach_what_is_kept(origin, client, page):
    origin[page] = Reply(b"one")
    client.get(page, headers={"Authorization": "Token x", "Cookie": "a=b"})
    asked = origin.asked(page)
    assert len(asked) == 1
    assert not {"authorization", "cookie"} & set(asked[0].fields)
    assert status_of(client.get(page, headers={"Authorization": "Token y"})).startswith("Varnish; hit")


def test_what_is_private_is_asked_for_by_who_asks(origin, client, page):
    class ByToken(Reply):
        pass

    origin[page] = Reply(b"who?", status=401, fields={"Cache-Control": "no-store"})
    assert client.get(page).status_code == 401
    for token in ("x", "y"):
        client.get(page, headers={"Authorization": f"Token {token}", "Cookie": "a=b"})
        asked = origin.asked(page)[-1].fields
        assert (asked["authorization"], asked["cookie"]) == (f"Token {token}", "a=b")
    origin[page] = Reply(b"mine", fields={"Cache-Control": "private, no-store"})
    assert client.get(page, headers={"Authorization": "Token x"}).content == b"mine"
    origin[page] = Reply(b"who?", status=401, fields={"Cache-Control": "no-store"})
    assert client.get(page).status_code == 401


def test_what_is_private_needs_no_second_look_the_next_time(origin, client, page):
    origin[page] = Reply(b"who?", status=401, fields={"Cache-Control": "no-store"})
    client.get(page, headers={"Authorization": "Token x"})
    assert [asked.fields.get("authorization") for asked in origin.asked(page)] == [None, "Token x"]
    client.get(page, headers={"Authorization": "Token y"})
    assert [asked.fields.get("authorization") for asked in origin.asked(page)][2:] == ["Token y"]


def test_who_is_known_is_not_sent_to_log_in(origin, client, page):
    """The admin sends strangers elsewhere, not always with `private`."""
    nobody = {"Cache-Control": "no-store", "Surrogate-Control": "", "CDN-Cache-Control": ""}
    origin[page] = Reply(status=302, fields={**nobody, "Location": "/login"})
    client.get(page, headers={"Cookie": "session=a"})
    assert [asked.fields.get("cookie") for asked in origin.asked(page)] == [None, "session=a"]
    client.get(page)
    assert [asked.fields.get("cookie") for asked in origin.asked(page)][2:] == [None]


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
def test_other_methods_pass_untouched(origin, client, page, method):
    origin[page] = Reply(b"done")
    sent = {"Authorization": "Token x", "If-Match": '"a"', "Accept-Encoding": "gzip;q=0.3"}
    answer = client.request(method, page, headers=sent, content=b"body")
    asked = origin.asked(page)[-1]
    assert (asked.method, asked.body) == (method, b"body")
    assert sent.items() <= {name.title(): value for name, value in asked.fields.items()}.items()
    assert status_of(answer) == "Varnish; fwd=method"
    origin[page] = Reply(b"read")
    assert client.get(page).content == b"read"


@pytest.mark.parametrize("method", ["TRACE", "CONNECT", "BAN", "PROPFIND", "get"])
def test_unknown_methods_are_refused(origin, varnish, page, method):
    origin[page] = Reply()
    connection = http.client.HTTPConnection("127.0.0.1", varnish.port, timeout=5)
    connection.request(method, page)
    answer = connection.getresponse()
    assert answer.status in {400, 405}
    assert answer.headers["cache-control"] == "no-store"
    assert origin.asked(page) == []
    connection.close()


def test_a_body_of_a_get_is_dropped(origin, client, page):
    origin[page] = Reply(b"one")
    client.request("GET", page, content=b'{"limit": 1}')
    assert origin.asked(page)[0].body == b""
    assert "content-length" not in origin.asked(page)[0].fields
    assert client.get(page).content == b"one"


def test_who_asks_under_another_name_changes_nothing(origin, client, page):
    hostile = {
        "Host": "evil.example",
        "X-Forwarded-Host": "evil.example",
        "Forwarded": "host=evil.example",
        "X-Original-URL": "/admin/",
        "X-HTTP-Method-Override": "DELETE",
    }
    origin[page] = Reply(b"one")
    client.get(page, headers=hostile)
    asked = origin.asked(page)[0].fields
    assert asked["host"] == "localhost"
    assert not {name.lower() for name in hostile if name != "Host"} & set(asked)
    assert status_of(client.get(page)).startswith("Varnish; hit")


def test_the_client_s_address_goes_on(origin, client, page):
    origin[page] = Reply()
    client.get(page, headers={"X-Forwarded-For": "192.0.2.1"})
    assert origin.asked(page)[0].fields["x-forwarded-for"] == "192.0.2.1, 127.0.0.1"


@pytest.mark.parametrize(
    "field", ["readpath-past", "readpath-renew", "readpath-failed", "readpath-may-be-stale"]
)
def test_nobody_else_writes_our_notes(origin, client, page, field):
    origin[page] = Reply(b"one")
    client.get(page, headers={field: "1", "readpath-authorization": "Token x"})
    assert not {name for name in origin.asked(page)[0].fields if name.startswith("readpath-")}
    assert "authorization" not in origin.asked(page)[0].fields
    assert status_of(client.get(page)).startswith("Varnish; hit")


def test_a_fragment_is_refused(varnish):
    connection = http.client.HTTPConnection("127.0.0.1", varnish.port, timeout=5)
    connection.request("GET", "/api/#a")
    assert connection.getresponse().status == 400
    connection.close()
