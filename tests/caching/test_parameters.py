"""Every query has one canonical spelling, or is refused with a reason."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from caching.parameters import BadParameter, Parameter, parse, spell


def small_number(value):
    if not value.isascii() or not value.isdigit() or not 1 <= int(value) <= 100:
        raise ValueError(f"need a number from 1 to 100, got {value!r}")
    return str(int(value))


PARAMETERS = (
    Parameter("limit", small_number, default="20"),
    Parameter("tag", str.lower),
    Parameter("search", str),
)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        pytest.param(b"", "", id="nothing"),
        pytest.param(b"tag=ipa&limit=5", "limit=5&tag=ipa", id="Y5: sorted"),
        pytest.param(b"limit=20", "", id="Y5: default dropped"),
        pytest.param(b"limit=020", "", id="Y5: default dropped in another spelling"),
        pytest.param(b"limit=05", "limit=5", id="Y5: canonical value"),
        pytest.param(b"tag=IPA", "tag=ipa", id="Y5: canonical case"),
        pytest.param(b"%74ag=%69pa", "tag=ipa", id="Y6: needless percent-encoding"),
        pytest.param(b"search=dark+beer", "search=dark%20beer", id="Y6: plus is a space"),
        pytest.param(b"search=a%2bb", "search=a%2Bb", id="Y6: upper-case percent-encoding"),
        pytest.param(b"search=a=b", "search=a%3Db", id="Y6: equals sign in a value"),
        pytest.param(b"search=a%26b", "search=a%26b", id="Y6: ampersand in a value"),
        pytest.param(b"search=a,b:c", "search=a,b:c", id="Y6: comma and colon stay"),
        pytest.param("search=é".encode(), "search=%C3%A9", id="Y6: raw UTF-8"),
        pytest.param(b"search=%C3%A9", "search=%C3%A9", id="Y6: encoded UTF-8"),
        pytest.param(b"search=", "search=", id="empty value"),
    ],
)
def test_query_is_brought_into_its_one_spelling(query, expected):
    assert spell(parse(query, PARAMETERS)) == expected


@pytest.mark.parametrize(
    ("query", "parameter", "message"),
    [
        pytest.param(
            b"utm=1",
            "utm",
            "unknown parameter 'utm'; this resource takes: limit, search, tag",
            id="Y5: unknown",
        ),
        pytest.param(b"limit=5&limit=6", "limit", "may be given once", id="Y5: repeated"),
        pytest.param(b"limit=5&limit=5", "limit", "may be given once", id="Y5: repeated, equal"),
        pytest.param(b"limit=20&limit=20", "limit", "may be given once", id="Y5: repeated default"),
        pytest.param(b"tag=a&%74ag=a", "tag", "may be given once", id="Y5: repeated in another spelling"),
        pytest.param(
            b"limit=0", "limit", "limit: need a number from 1 to 100, got '0'", id="P7: out of range"
        ),
        pytest.param(b"limit=101", "limit", "got '101'", id="P7: above the range"),
        pytest.param(b"limit=abc", "limit", "got 'abc'", id="P7: not a number"),
        pytest.param(b"limit=%D9%A5", "limit", "need a number", id="P7: other digits"),
        pytest.param(b"LIMIT=5", "LIMIT", "unknown parameter", id="Y5: names have a case"),
        pytest.param(b"limit", "limit", "has no value", id="malformed: no equals sign"),
        pytest.param(b"tag=a&", None, "empty parameter", id="malformed: trailing ampersand"),
        pytest.param(b"=a", None, "empty parameter", id="malformed: no name"),
        pytest.param(b"&", None, "empty parameter", id="malformed: ampersand alone"),
        pytest.param(b"tag=%", None, "malformed percent-encoding", id="malformed: percent sign alone"),
        pytest.param(b"tag=%zz", None, "malformed percent-encoding", id="malformed: no hexadecimal digits"),
        pytest.param(b"tag=%ff", None, "not UTF-8", id="malformed: not UTF-8"),
        pytest.param(b"tag=\xff", None, "not UTF-8", id="malformed: raw byte"),
        pytest.param(b"tag=%ed%a0%80", None, "not UTF-8", id="malformed: surrogate"),
        pytest.param(b"tag=%00", None, "control character", id="malformed: NUL"),
        pytest.param(b"tag=a%0d%0aX: y", None, "control character", id="malformed: line break"),
        pytest.param(b"tag=a\x7f", None, "control character", id="malformed: DEL"),
    ],
)
def test_other_queries_are_refused_with_a_reason(query, parameter, message):
    with pytest.raises(BadParameter) as refused:
        parse(query, PARAMETERS)

    assert refused.value.parameter == parameter
    assert message in str(refused.value)


def test_a_route_without_parameters_takes_none():
    assert parse(b"", ()) == {}
    with pytest.raises(BadParameter, match="takes: none"):
        parse(b"a=1", ())


@given(st.binary(max_size=60) | st.text("limtagserch=&%+0123456789ab", max_size=40).map(str.encode))
def test_any_bytes_have_a_spelling_that_is_its_own_or_are_refused(query):
    """Y5: the canonical spelling names the same representation as what was sent."""
    try:
        values = parse(query, PARAMETERS)
    except BadParameter:
        return
    assert parse(spell(values).encode("ascii"), PARAMETERS) == values


PRINTABLE = st.text(st.characters(blacklist_categories=["Cs", "Cc"]))


@given(st.dictionaries(st.sampled_from(["tag", "search"]), PRINTABLE))
def test_every_value_survives_being_spelled(values):
    plain = [Parameter("tag", str), Parameter("search", str)]

    assert parse(spell(values).encode("ascii"), plain) == values
