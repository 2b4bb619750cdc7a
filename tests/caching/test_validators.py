"""Equal bytes have equal tags, and what clients send back is read by the grammar."""

import re
import time
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from caching.codings import compress
from caching.validators import (
    ANY,
    EntityTag,
    etag,
    http_date,
    parse_entity_tags,
    parse_http_date,
    strong_match,
    weak_match,
)

NOVEMBER = 784111777  # Sun, 06 Nov 1994 08:49:37 GMT
NOW = 1_790_000_000  # In September 2026.
YEAR_9999 = 253402300799

OPAQUE = st.binary(max_size=12).map(lambda raw: b'"' + re.sub(rb"[\x00-\x20\x22\x7f]", b"!", raw) + b'"')
SPACES = st.sampled_from([b"", b" ", b"\t", b"  \t"])


@given(st.binary(max_size=300))
def test_tag_is_strong_quoted_and_plain(content):
    """V3."""
    assert re.fullmatch(rb'"[A-Za-z0-9._~-]+"', etag(content, "1"))


@given(st.binary(max_size=50), st.binary(max_size=50))
def test_tags_are_equal_exactly_when_the_bytes_are(one, other):
    """V2."""
    assert (etag(one, "1") == etag(other, "1")) is (one == other)


@pytest.mark.parametrize(
    ("content", "schema_version", "expected"),
    [
        pytest.param(b"{}", "1", b'"I0lCnMa3M3vTNRjWQa1A-OCd"', id="V24: survives deploys"),
        pytest.param(b"{}", "2", b'"4m6OahLME5OafzZeb6VGDpjE"', id="V24: changes with the schema version"),
        pytest.param(b"", "1", b'"Ma2Gaf_zrEd4j9Od87YWTAY8"', id="V24: of nothing"),
    ],
)
def test_tags_are_the_same_everywhere_and_for_ever(content, schema_version, expected):
    assert etag(content, schema_version) == expected


def test_codings_of_a_body_have_tags_of_their_own():
    """E7."""
    body = b'{"title": "to be, or not to be"}' * 20
    variants = [body, *compress(body).values()]

    assert len({etag(variant, "1") for variant in variants}) == len(variants) == 4


def test_a_schema_version_that_is_too_long_is_refused():
    with pytest.raises(ValueError, match="64"):
        etag(b"{}", "v" * 65)


def strong(*opaque):
    return tuple(EntityTag(weak=False, opaque=tag) for tag in opaque)


@pytest.mark.parametrize(
    ("field", "expected"),
    [
        pytest.param(b'"a"', strong(b'"a"'), id="one tag"),
        pytest.param(b'W/"a"', (EntityTag(weak=True, opaque=b'"a"'),), id="V5: weak tag"),
        pytest.param(b'""', strong(b'""'), id="empty tag"),
        pytest.param(b'"a", "b"', strong(b'"a"', b'"b"'), id="V6: list"),
        pytest.param(b'"a","b"', strong(b'"a"', b'"b"'), id="V6: list without spaces"),
        pytest.param(b' "a" \t,\t "b" ', strong(b'"a"', b'"b"'), id="V6: optional whitespace"),
        pytest.param(b', "a",, "b" , ,', strong(b'"a"', b'"b"'), id="V6: empty members"),
        pytest.param(b'W/"a", "b"', (EntityTag(True, b'"a"'), EntityTag(False, b'"b"')), id="V6: both kinds"),
        pytest.param(b"*", ANY, id="V7: star"),
        pytest.param(b" * ", ANY, id="V7: star and whitespace"),
        pytest.param(b'"a,b"', strong(b'"a,b"'), id="V8: comma inside"),
        pytest.param(b'"a, W/", "b"', (), id="V8: space inside is malformed"),
        pytest.param(b'"a,W/","b"', strong(b'"a,W/"', b'"b"'), id="V8: inside looks like a list"),
        pytest.param(b'"a\\"', strong(b'"a\\"'), id="V8: a backslash escapes nothing"),
        pytest.param(b'"caf\xc3\xa9\xff"', strong(b'"caf\xc3\xa9\xff"'), id="obs-text"),
        pytest.param(b"", (), id="empty"),
        pytest.param(b" , ", (), id="empty members only"),
        pytest.param(b"bare", (), id="malformed: no quotes"),
        pytest.param(b'"a', (), id="malformed: not closed"),
        pytest.param(b'a"', (), id="malformed: not opened"),
        pytest.param(b'"a" "b"', (), id="malformed: no comma"),
        pytest.param(b'"a""b"', (), id="malformed: nothing between"),
        pytest.param(b'w/"a"', (), id="malformed: lower-case w"),
        pytest.param(b'W/ "a"', (), id="malformed: space after the slash"),
        pytest.param(b'W"a"', (), id="malformed: no slash"),
        pytest.param(b'"a\x7f"', (), id="malformed: control character"),
        pytest.param(b'"a", bare', (), id="malformed: one member spoils the list"),
        pytest.param(b'"a", *', (), id="malformed: star in a list"),
        pytest.param(b"*, *", (), id="malformed: two stars"),
        pytest.param(b"'a'", (), id="malformed: single quotes"),
    ],
)
def test_tags_are_read_by_the_grammar(field, expected):
    assert parse_entity_tags(field) == expected


@given(st.lists(st.tuples(st.booleans(), OPAQUE)), st.lists(SPACES, min_size=2, max_size=2))
def test_every_list_of_tags_is_read_back(tags, spaces):
    before, behind = spaces
    field = b",".join(before + (b"W/" if weak else b"") + opaque + behind for weak, opaque in tags)

    assert parse_entity_tags(field) == tuple(EntityTag(*tag) for tag in tags)


@given(st.binary(max_size=200) | st.text('"W/, *a', max_size=60).map(str.encode))
def test_any_bytes_are_tags_or_none(field):
    tags = parse_entity_tags(field)

    assert tags == ANY or all(re.fullmatch(rb'"[^"]*"', tag.opaque) for tag in tags)


def test_a_hostile_list_is_read_once():
    """It would not end in a lifetime if each member were searched again and again."""
    for hostile in (b" " * 100_000 + b"x", b'"' + b"a" * 100_000, b'"a" ' * 50_000, b", " * 50_000 + b"x"):
        assert parse_entity_tags(hostile) == ()


@pytest.mark.parametrize(
    ("sent", "strongly", "weakly"),
    [
        pytest.param(EntityTag(False, b'"a"'), True, True, id="equal"),
        pytest.param(EntityTag(True, b'"a"'), False, True, id="V5, V13: weakened"),
        pytest.param(EntityTag(False, b'"A"'), False, False, id="other case"),
        pytest.param(EntityTag(True, b'"b"'), False, False, id="different"),
    ],
)
def test_weakened_tags_match_weakly_only(sent, strongly, weakly):
    assert strong_match(sent, b'"a"') is strongly
    assert weak_match(sent, b'"a"') is weakly


@pytest.mark.parametrize(
    ("field", "expected"),
    [
        pytest.param(b"Sun, 06 Nov 1994 08:49:37 GMT", NOVEMBER, id="V11: IMF-fixdate"),
        pytest.param(b"Sunday, 06-Nov-94 08:49:37 GMT", NOVEMBER, id="V11: RFC 850"),
        pytest.param(b"Sun Nov  6 08:49:37 1994", NOVEMBER, id="V11: asctime"),
        pytest.param(b"Wed Nov 16 08:49:37 1994", NOVEMBER + 10 * 86400, id="V11: asctime, two-digit day"),
        pytest.param(b"Thu, 01 Jan 1970 00:00:00 GMT", 0, id="the first second"),
        pytest.param(b"Wed, 31 Dec 1969 23:59:59 GMT", -1, id="before the first second"),
        pytest.param(b"Sat, 31 Dec 2016 23:59:60 GMT", 1483228800, id="leap second"),
        pytest.param(b"Thu, 29 Feb 2024 00:00:00 GMT", 1709164800, id="leap day"),
        pytest.param(b"Wed, 29 Feb 2023 00:00:00 GMT", None, id="no such day"),
        pytest.param(b"Sun, 00 Nov 1994 08:49:37 GMT", None, id="day 0"),
        pytest.param(b"Sun, 06 Nov 0000 08:49:37 GMT", None, id="year 0"),
        pytest.param(b"Sun, 06 Nov 1994 24:00:00 GMT", None, id="hour 24"),
        pytest.param(b"Sun, 06 Nov 1994 08:49:61 GMT", None, id="second 61"),
        pytest.param(b"Sun, 06 Nov 1994 08:49:37 UTC", None, id="V11: other zone"),
        pytest.param(b"Sun, 06 Nov 1994 08:49:37 +0000", None, id="V11: numeric zone"),
        pytest.param(b"sun, 06 nov 1994 08:49:37 gmt", None, id="V11: case matters"),
        pytest.param(b"Sun, 6 Nov 1994 08:49:37 GMT", None, id="V11: one-digit day"),
        pytest.param(b"06 Nov 1994 08:49:37 GMT", None, id="V11: no weekday"),
        pytest.param(b"1994-11-06T08:49:37Z", None, id="V11: ISO 8601"),
        pytest.param(b"784111777", None, id="V11: seconds"),
        pytest.param(b"", None, id="V11: empty"),
        pytest.param(b"garbage", None, id="V11: garbage"),
        pytest.param(
            b"Sun, 06 Nov 1994 08:49:37 GMT, Sun, 06 Nov 1994 08:49:37 GMT", None, id="V11: list of dates"
        ),
        pytest.param("Sun, 06 Nov 199٤ 08:49:37 GMT".encode(), None, id="V11: other digits"),
    ],
)
def test_dates_are_read_in_three_formats(field, expected):
    assert parse_http_date(field, now=NOW) == expected


@pytest.mark.parametrize(
    ("now", "field", "year"),
    [
        pytest.param("2026-09-21", b"Monday, 01-Jan-26 00:00:00 GMT", 2026, id="this year"),
        pytest.param("2026-09-21", b"Monday, 01-Jan-76 00:00:00 GMT", 2076, id="less than 50 years ahead"),
        pytest.param("2026-09-21", b"Monday, 21-Sep-76 00:00:00 GMT", 2076, id="50 years ahead"),
        pytest.param("2026-09-21", b"Monday, 21-Sep-76 00:00:01 GMT", 1976, id="more than 50 years ahead"),
        pytest.param("2026-09-21", b"Monday, 01-Jan-77 00:00:00 GMT", 1977, id="51 years ahead"),
        pytest.param("2026-09-21", b"Monday, 01-Jan-00 00:00:00 GMT", 2000, id="the century's first year"),
        pytest.param("1994-11-06", b"Monday, 01-Jan-94 00:00:00 GMT", 1994, id="last century"),
        pytest.param("2024-02-29", b"Monday, 01-Mar-74 00:00:00 GMT", 1974, id="on a leap day"),
    ],
)
def test_a_year_of_two_digits_is_at_most_fifty_years_ahead(now, field, year):
    """V11: the rule of RFC 9110 §5.6.7."""
    epoch = parse_http_date(field, now=datetime.fromisoformat(now).replace(tzinfo=UTC).timestamp())

    assert epoch is not None
    assert time.gmtime(epoch).tm_year == year


@given(st.integers(0, YEAR_9999))
def test_every_date_is_read_back(epoch):
    assert parse_http_date(http_date(epoch), now=NOW) == epoch


@given(st.integers(0, YEAR_9999))
def test_every_asctime_date_is_read_back(epoch):
    assert parse_http_date(time.asctime(time.gmtime(epoch)).encode(), now=NOW) == epoch


@given(st.binary(max_size=60) | st.text("SunMonday, -0123456789:GMTJanDec", max_size=40).map(str.encode))
def test_any_bytes_are_a_date_or_none(field):
    date = parse_http_date(field, now=NOW)

    assert date is None or isinstance(date, int)
