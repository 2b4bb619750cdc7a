"""Limits count under an address that the client cannot choose."""

import pytest

from caching.client_address import client_address

PEER = ("192.0.2.1", 4321)


def scope(*forwarded, client=PEER):
    return {"client": client, "headers": [(b"x-forwarded-for", value) for value in forwarded]}


def test_without_proxies_it_is_the_peer_whatever_the_client_claims():
    assert client_address(scope(b"203.0.113.9"), trusted_proxies=0) == "192.0.2.1"


@pytest.mark.parametrize(
    ("forwarded", "proxies", "expected"),
    [
        pytest.param([b"198.51.100.7"], 1, "198.51.100.7", id="one proxy"),
        pytest.param([b"10.9.9.9, 198.51.100.7"], 1, "198.51.100.7", id="client's own claim is left of it"),
        pytest.param([b"10.9.9.9", b"198.51.100.7"], 1, "198.51.100.7", id="claim in a line of its own"),
        pytest.param([b"10.9.9.9, 198.51.100.7, 203.0.113.1"], 2, "198.51.100.7", id="two proxies"),
        pytest.param([b"198.51.100.7"], 2, "198.51.100.7", id="came past the outer proxy"),
    ],
)
def test_behind_proxies_it_is_what_the_outermost_of_them_saw(forwarded, proxies, expected):
    assert client_address(scope(*forwarded), trusted_proxies=proxies) == expected


def test_without_the_field_it_is_the_peer():
    assert client_address(scope(), trusted_proxies=1) == "192.0.2.1"


@pytest.mark.parametrize("client", [None, ()])
def test_a_peer_without_an_address_is_unknown(client):
    assert client_address(scope(client=client), trusted_proxies=0) == "unknown"
