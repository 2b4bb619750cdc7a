"""Every client gets a coding that it takes, and of those the one it likes best."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from caching.codings import CODINGS
from caching.negotiation import LONGEST, negotiate

ALL = ("br", "zstd", "gzip")


@pytest.mark.parametrize(
    ("accept_encoding", "expected"),
    [
        pytest.param(b"gzip;q=0", "identity", id="E1: q=0 refuses"),
        pytest.param(b"gzip;q=0.000", "identity", id="E1: q=0.000 refuses"),
        pytest.param(b"gzip;q=0, br", "br", id="E1: what is refused leaves the rest"),
        pytest.param(b"x-gzip-foo", "identity", id="E2: longer token"),
        pytest.param(b"gzippy, brotli", "identity", id="E2: token that begins like a coding"),
        pytest.param(b"gzip2", "identity", id="E2: digit behind"),
        pytest.param(b"br;q=.5, gzip", "gzip", id="E3: weight without a leading digit is malformed"),
        pytest.param(b"br;q=0.5, gzip", "gzip", id="E3: highest weight wins"),
        pytest.param(b"gzip;q=0.9, br;q=0.901", "br", id="E3: three decimals count"),
        pytest.param(b"gzip, br, zstd", "br", id="E3: tie goes to the server's best"),
        pytest.param(b"gzip, zstd", "zstd", id="E3: tie without the server's best"),
        pytest.param(b"gzip;q=0.5, zstd;q=0.5", "zstd", id="E3: tie below 1"),
        pytest.param(b"gzip;q=0.001", "gzip", id="E3: the smallest weight beats unlisted identity"),
        pytest.param(b"gzip, identity", "gzip", id="E3: identity loses a tie"),
        pytest.param(b"gzip;q=0.5, identity", "identity", id="E3: identity can be preferred"),
        pytest.param(b"gzip;q=0.5, identity;q=0.4", "gzip", id="E3: identity can be second"),
        pytest.param(None, "identity", id="E4: absent"),
        pytest.param(b"", "identity", id="E4: empty"),
        pytest.param(b" \t", "identity", id="E4: blank"),
        pytest.param(b", ,", "identity", id="E4: empty members only"),
        pytest.param(b"*", "br", id="E4: star means any"),
        pytest.param(b"*, br;q=0", "zstd", id="E4: star does not cover what is listed"),
        pytest.param(b"*;q=0.1, gzip", "gzip", id="E4: star may be the second choice"),
        pytest.param(b"*;q=0.5, gzip;q=0.2", "br", id="E4: star may be the first choice"),
        pytest.param(b"compress", "identity", id="E5: nothing we have"),
        pytest.param(b"compress, deflate;q=0.5", "identity", id="E5: nothing we have, in a list"),
        pytest.param(b"identity;q=0", None, id="E5: identity refused, nothing else listed"),
        pytest.param(b"compress, identity;q=0", None, id="E5: identity refused, nothing we have"),
        pytest.param(b"*;q=0", None, id="E5: everything refused"),
        pytest.param(b"gzip;q=0, *;q=0", None, id="E5: everything refused, twice"),
        pytest.param(b"*;q=0, identity", "identity", id="E5: all but identity refused"),
        pytest.param(b"*;q=0, identity;q=0.1", "identity", id="E5: all but identity refused, reluctantly"),
        pytest.param(b"*;q=0, gzip", "gzip", id="E5: all but gzip refused"),
        pytest.param(b"identity;q=0, *;q=0.3", "br", id="E5: anything but identity"),
        pytest.param(b"GZIP", "gzip", id="E6: upper case"),
        pytest.param(b"Br;Q=1", "br", id="E6: mixed case, in the weight too"),
        pytest.param(b"x-gzip", "gzip", id="E6: old name of gzip"),
        pytest.param(b"X-GZip;q=0", "identity", id="E6: old name of gzip, refused"),
        pytest.param(b"gzip;q=1.000", "gzip", id="grammar: 1.000"),
        pytest.param(b"gzip;q=1.", "gzip", id="grammar: a point may stand alone"),
        pytest.param(b"gzip ; \t q=0.5 ,br;q=0.2", "gzip", id="grammar: optional whitespace"),
        pytest.param(b",, gzip,,", "gzip", id="grammar: empty members"),
        pytest.param(b"gzip;q=1.001", "identity", id="malformed: weight above 1"),
        pytest.param(b"gzip;q=2", "identity", id="malformed: weight of 2"),
        pytest.param(b"gzip;q=-1", "identity", id="malformed: negative weight"),
        pytest.param(b"gzip;q=0.1234", "identity", id="malformed: four decimals"),
        pytest.param(b"gzip;q=1e0", "identity", id="malformed: exponent"),
        pytest.param(b"gzip;q=nan", "identity", id="malformed: not a number"),
        pytest.param(b"gzip;q=", "identity", id="malformed: no weight"),
        pytest.param(b"gzip;level=9", "identity", id="malformed: another parameter"),
        pytest.param(b"gzip br", "identity", id="malformed: no comma"),
        pytest.param(b'"gzip"', "identity", id="malformed: quoted"),
        pytest.param(b"gzip\xff, br;q=0.1", "br", id="malformed: not ASCII"),
        pytest.param(b"identity;q=zero, *;q=0.0000", "identity", id="malformed: refusals that are none"),
        pytest.param(b"gzip, gzip;q=0", "identity", id="repeated: the refusal is believed"),
        pytest.param(b"gzip;q=0, x-gzip", "identity", id="repeated: under both names"),
        pytest.param(b"gzip, deflate, br, zstd", "br", id="what browsers send"),
    ],
)
def test_field_decides_the_coding(accept_encoding, expected):
    assert negotiate(accept_encoding, ALL) == expected


@pytest.mark.parametrize(
    ("available", "expected"),
    [
        pytest.param((), "identity", id="E11: nothing compressed"),
        pytest.param(("gzip",), "gzip", id="one coding"),
        pytest.param(("gzip", "br"), "br", id="order of what is available does not matter"),
    ],
)
def test_only_what_the_entry_has_is_chosen(available, expected):
    assert negotiate(b"gzip, zstd;q=0.5, br", available) == expected


def test_refusing_identity_fails_where_nothing_was_compressed():
    assert negotiate(b"gzip, identity;q=0", ()) is None


def test_an_oversize_field_is_not_read():
    short = b"gzip".ljust(LONGEST)

    assert negotiate(short, ALL) == "gzip"
    assert negotiate(short + b" ", ALL) == "identity"


def test_a_hostile_field_is_read_once():
    """It would not end in a lifetime if each member were searched again and again."""
    for hostile in (b"gzip" + b" " * 2000 + b"x", b" " * 2047 + b"x", b"a;" * 1000, b"," * 2048):
        assert negotiate(hostile, ALL) == "identity"


@given(st.binary(max_size=200), st.sets(st.sampled_from(ALL)))
def test_any_bytes_give_a_coding_that_is_there_or_none(field, available):
    assert negotiate(field, tuple(available)) in {None, "identity", *available}


@st.composite
def weighted_codings(draw):
    """Return weights in thousandths by coding, and a field that says so."""
    names = draw(st.lists(st.sampled_from([*ALL, "identity", "*", "deflate"]), unique=True))
    weights = {name: draw(st.integers(0, 1000)) for name in names}
    spaces = st.text(" \t", max_size=2)
    members = [
        f"{draw(spaces)}{name.upper() if draw(st.booleans()) else name}{draw(spaces)};q={weight / 1000:.3f}"
        for name, weight in weights.items()
    ]
    return weights, ",".join(members).encode()


@given(weighted_codings())
def test_chosen_coding_is_acceptable_and_none_is_liked_better(weighted):
    weights, field = weighted
    liking = {coding: weights.get(coding, weights.get("*", 0)) for coding in CODINGS}
    # Identity is acceptable without being asked for, but after all that was.
    liking["identity"] = weights.get("identity", weights.get("*", 0.5))

    chosen = negotiate(field, ALL)

    if chosen is None:
        assert set(liking.values()) == {0}
    else:
        assert liking[chosen] == max(liking.values()) > 0
