"""Preconditions are evaluated in the order of RFC 9110 §13.2.2, from validators alone."""

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from caching.conditional import Preconditions, Verdict, evaluate, held_coding

ETAG = b'"current"'
WEAKENED = b'W/"current"'
CODED_ETAG = b'"current-in-gzip"'
OTHER = b'"other"'
LAST_MODIFIED = 784111777
AT = b"Sun, 06 Nov 1994 08:49:37 GMT"
BEFORE = b"Sun, 06 Nov 1994 08:49:36 GMT"
AFTER = b"Sun, 06 Nov 1994 08:49:38 GMT"
NOW = 1_790_000_000.0

PROCEED, NOT_MODIFIED, FAILED = Verdict.PROCEED, Verdict.NOT_MODIFIED, Verdict.FAILED


def verdict(method="GET", *, etag=ETAG, last_modified=LAST_MODIFIED, other_etags=(), **fields):
    preconditions = Preconditions(**fields)
    return evaluate(
        preconditions, method=method, etag=etag, last_modified=last_modified, now=NOW, other_etags=other_etags
    )


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        pytest.param({}, PROCEED, id="no precondition"),
        pytest.param({"if_none_match": ETAG}, NOT_MODIFIED, id="V4, H2: the tag"),
        pytest.param({"if_none_match": OTHER}, PROCEED, id="V4: another tag"),
        pytest.param({"if_none_match": WEAKENED}, NOT_MODIFIED, id="V5: the tag, weakened"),
        pytest.param({"if_none_match": b'"a", W/"current" , "b"'}, NOT_MODIFIED, id="V6: in a list"),
        pytest.param({"if_none_match": b'"a", "b"'}, PROCEED, id="V6: not in the list"),
        pytest.param({"if_none_match": b"*"}, NOT_MODIFIED, id="V7: star"),
        pytest.param({"if_none_match": b'"current,x"'}, PROCEED, id="V8: tag with a comma"),
        pytest.param(
            {"if_none_match": OTHER, "if_modified_since": AFTER}, PROCEED, id="V9: INM says modified"
        ),
        pytest.param(
            {"if_none_match": ETAG, "if_modified_since": BEFORE}, NOT_MODIFIED, id="V9: INM says not"
        ),
        pytest.param(
            {"if_none_match": b"current", "if_modified_since": AT},
            PROCEED,
            id="V10: If-None-Match present but malformed still beats If-Modified-Since",
        ),
        pytest.param({"if_none_match": b"", "if_modified_since": AT}, PROCEED, id="V10: present but empty"),
        pytest.param({"if_modified_since": AT}, NOT_MODIFIED, id="V11: unchanged since"),
        pytest.param({"if_modified_since": AFTER}, NOT_MODIFIED, id="V11: older than that"),
        pytest.param({"if_modified_since": BEFORE}, PROCEED, id="V11: changed since"),
        pytest.param(
            {"if_modified_since": b"Sunday, 06-Nov-94 08:49:37 GMT"}, NOT_MODIFIED, id="V11: RFC 850"
        ),
        pytest.param({"if_modified_since": b"Sun Nov  6 08:49:37 1994"}, NOT_MODIFIED, id="V11: asctime"),
        pytest.param({"if_modified_since": b"yesterday"}, PROCEED, id="V11: garbage is ignored"),
        pytest.param({"if_modified_since": AT + b", " + AT}, PROCEED, id="V11: a list is ignored"),
        pytest.param({"if_match": ETAG}, PROCEED, id="V13: the tag"),
        pytest.param({"if_match": b'"a", "current"'}, PROCEED, id="V13: in a list"),
        pytest.param({"if_match": WEAKENED}, FAILED, id="V13: weak tags never match"),
        pytest.param({"if_match": OTHER}, FAILED, id="V13: another tag"),
        pytest.param({"if_match": b"*"}, PROCEED, id="V13: star"),
        pytest.param({"if_match": b"current"}, FAILED, id="V13: malformed"),
        pytest.param({"if_unmodified_since": AT}, PROCEED, id="V14: unchanged since"),
        pytest.param({"if_unmodified_since": BEFORE}, FAILED, id="V14: changed since"),
        pytest.param({"if_unmodified_since": b"yesterday"}, PROCEED, id="V14: garbage is ignored"),
        pytest.param({"if_match": ETAG, "if_unmodified_since": BEFORE}, PROCEED, id="V14: If-Match beats it"),
        pytest.param({"if_match": OTHER, "if_none_match": ETAG}, FAILED, id="V15: If-Match first"),
        pytest.param({"if_match": ETAG, "if_none_match": ETAG}, NOT_MODIFIED, id="V15: then If-None-Match"),
        pytest.param(
            {"if_unmodified_since": BEFORE, "if_none_match": ETAG}, FAILED, id="V15: IUS before INM"
        ),
        pytest.param(
            {"if_unmodified_since": AT, "if_modified_since": AT}, NOT_MODIFIED, id="V15: IUS, then IMS"
        ),
    ],
)
def test_a_read_is_performed_saved_or_refused(method, fields, expected):
    assert verdict(method, **fields) is expected


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        pytest.param({}, PROCEED, id="no precondition"),
        pytest.param({"if_match": ETAG}, PROCEED, id="V13: the tag"),
        pytest.param({"if_match": CODED_ETAG}, PROCEED, id="V13: the tag of another coding"),
        pytest.param({"if_match": b"W/" + CODED_ETAG}, FAILED, id="V13: the tag of another coding, weakened"),
        pytest.param({"if_match": OTHER}, FAILED, id="V13: an outdated tag"),
        pytest.param({"if_match": b"*"}, PROCEED, id="V13: star"),
        pytest.param({"if_none_match": b"*"}, FAILED, id="V7: star on something that exists"),
        pytest.param({"if_none_match": ETAG}, FAILED, id="V4: the tag"),
        pytest.param(
            {"if_none_match": b"W/" + CODED_ETAG}, FAILED, id="V5: the tag of another coding, weakened"
        ),
        pytest.param({"if_none_match": OTHER}, PROCEED, id="V4: another tag"),
        pytest.param({"if_modified_since": AT}, PROCEED, id="V11: If-Modified-Since is for reads"),
        pytest.param({"if_unmodified_since": BEFORE}, FAILED, id="V14: changed since"),
        pytest.param({"if_match": ETAG, "if_none_match": ETAG}, FAILED, id="V15: both are asked"),
    ],
)
@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "POST"])
def test_a_write_is_performed_or_refused(method, fields, expected):
    assert verdict(method, other_etags=[CODED_ETAG], **fields) is expected


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        pytest.param({"if_match": b"*"}, FAILED, id="V13: star needs something"),
        pytest.param({"if_match": ETAG}, FAILED, id="V13: a tag needs something"),
        pytest.param({"if_none_match": b"*"}, PROCEED, id="V7: create only"),
        pytest.param({"if_none_match": ETAG}, PROCEED, id="V4: no tag, no match"),
        pytest.param({"if_unmodified_since": BEFORE}, PROCEED, id="V14: no date, nothing to compare"),
        pytest.param({}, PROCEED, id="no precondition"),
    ],
)
def test_what_does_not_exist_matches_nothing(fields, expected):
    assert verdict("PUT", etag=None, last_modified=None, **fields) is expected


def test_a_missing_thing_is_not_taken_for_an_absent_field():
    assert verdict("GET", etag=None, last_modified=None) is PROCEED


def test_a_read_is_not_answered_by_the_tag_of_another_coding():
    """V25 is the caller's choice: the answer to this representation is the full one."""
    assert verdict(if_none_match=CODED_ETAG, other_etags=[CODED_ETAG]) is PROCEED
    assert verdict(if_match=CODED_ETAG, other_etags=[CODED_ETAG]) is FAILED


@pytest.mark.parametrize("field", ["if_modified_since", "if_unmodified_since"])
def test_dates_are_ignored_where_there_is_no_date_to_compare(field):
    """V26: Last-Modified is left out while it could lie."""
    assert verdict(last_modified=None, **{field: BEFORE}) is PROCEED
    assert verdict(last_modified=None, **{field: AFTER}) is PROCEED


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT"])
def test_every_combination_follows_the_order(method):
    """V15: the first of the steps that has something to say says it."""
    is_read = method != "PUT"
    match = {"holds": ETAG, "fails": OTHER, None: None}
    none_match = {"holds": OTHER, "fails": ETAG, None: None}
    modified = {"holds": BEFORE, "fails": AT, None: None}
    unmodified = {"holds": AT, "fails": BEFORE, None: None}

    for im, ius, inm, ims in product(match, unmodified, none_match, modified):
        steps = [
            (im == "fails", FAILED),
            (im is None and ius == "fails", FAILED),
            (inm == "fails", NOT_MODIFIED if is_read else FAILED),
            (inm is None and ims == "fails" and is_read, NOT_MODIFIED),
            (True, PROCEED),
        ]
        expected = next(outcome for speaks, outcome in steps if speaks)
        found = verdict(
            method,
            if_match=match[im],
            if_unmodified_since=unmodified[ius],
            if_none_match=none_match[inm],
            if_modified_since=modified[ims],
        )
        assert found is expected, (im, ius, inm, ims)


FIELD = st.none() | st.binary(max_size=40) | st.sampled_from([ETAG, WEAKENED, OTHER, b"*", AT, BEFORE, AFTER])


@given(
    st.sampled_from(["GET", "HEAD", "PUT"]),
    st.sampled_from([ETAG, None]),
    st.tuples(FIELD, FIELD, FIELD, FIELD),
)
def test_any_bytes_get_a_verdict(method, etag, fields):
    found = evaluate(Preconditions(*fields), method=method, etag=etag, last_modified=LAST_MODIFIED, now=NOW)

    assert found in Verdict
    assert found is not NOT_MODIFIED or method != "PUT"


@pytest.mark.parametrize(
    ("if_none_match", "expected"),
    [
        pytest.param(None, None, id="absent"),
        pytest.param(CODED_ETAG, "gzip", id="V25: tag of a coding"),
        pytest.param(b'"x", W/"current-in-gzip"', "gzip", id="V25: weakened, in a list"),
        pytest.param(ETAG, "identity", id="V25: tag of identity"),
        pytest.param(OTHER, None, id="V25: outdated"),
        pytest.param(b"*", None, id="V25: star names no variant"),
        pytest.param(b"current", None, id="V25: malformed"),
    ],
)
def test_the_coding_a_client_holds_is_found_by_its_tag(if_none_match, expected):
    assert held_coding(if_none_match, {"identity": ETAG, "gzip": CODED_ETAG}) == expected
