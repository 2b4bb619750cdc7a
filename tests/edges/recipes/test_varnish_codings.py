"""Which coding does Varnish ask for?

One, in one word, and none that the client refuses (RFC 9110 §12.5.3).
"""

from __future__ import annotations

import pytest

from tests.edges.recipes.said import status_of
from tests.edges.scripted import Reply

CODINGS = [
    ("", None),
    ("gzip, deflate, br, zstd", "br"),
    ("gzip, deflate", "gzip"),
    ("zstd, gzip", "zstd"),
    ("GZIP", "gzip"),
    ("x-gzip", "gzip"),
    ("gzip;q=1.0, br;q=0", "gzip"),
    ("br;q=0.000, zstd ; q=0 , gzip ;q=0.001", "gzip"),
    ("br;q=0.5, gzip", "gzip"),
    ("br;q=0.5, gzip;q=0.1", "br"),
    ("br, br;q=0", None),
    ("identity, gzip;q=0.5", None),
    ("identity;q=0.5, gzip;q=1", "gzip"),
    ("*", "gzip"),
    ("*;q=0.1", "gzip"),
    ("gzip;q=0, *", None),
    ("brotli, x-br", None),
    ("br;level=11", None),
    ("br;q=2", None),
    ("br;q=", None),
    ("deflate", None),
    (",,br,,", "br"),
    ("br\t;\tq=1", "br"),
    ("a" * 2049 + ", br", None),
]


@pytest.mark.parametrize(("accepted", "expected"), CODINGS)
def test_a_coding_is_asked_for_in_one_word(origin, client, page, accepted, expected):
    origin[page] = Reply()
    client.get(page, headers={"Accept-Encoding": accepted})
    assert origin.asked(page)[0].fields.get("accept-encoding") == expected


def test_codings_are_kept_apart_and_shared(origin, client, page):
    origin[page] = Reply()
    for accepted in ("br, gzip", "br", "zstd, br;q=1.0", "", "deflate", "gzip;q=0.5"):
        client.get(page, headers={"Accept-Encoding": accepted})
    assert [asked.fields.get("accept-encoding") for asked in origin.asked(page)] == ["br", None, "gzip"]


@pytest.mark.parametrize("accepted", ["identity;q=0", "*;q=0", "br, identity;q=0.0"])
def test_who_refuses_identity_gets_what_the_origin_says(origin, client, page, accepted):
    origin[page] = Reply(b"br or 406")
    for _ in range(2):
        answer = client.get(page, headers={"Accept-Encoding": accepted})
        assert status_of(answer) == "Varnish; fwd=bypass"
    assert [asked.fields["accept-encoding"] for asked in origin.asked(page)] == [accepted] * 2
