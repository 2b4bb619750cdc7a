"""Every answer says how it was come by, in the words of RFC 9211."""

import http_sf
import pytest

from caching import cache_status
from caching.cache_status import FIELDS, Outcome

VALUES = {
    name: field[1]
    for name, field in vars(cache_status).items()
    if name.isupper() and isinstance(field, tuple)
}


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("HIT", b"readpath; hit"),
        ("STALE", b"readpath; hit; detail=stale"),
        ("MISS", b"readpath; fwd=uri-miss; stored"),
        ("MISS_NOT_STORED", b"readpath; fwd=uri-miss"),
        ("RENEWED", b"readpath; fwd=stale; stored"),
        ("STALE_ON_ERROR", b"readpath; fwd=stale; fwd-status=503; detail=stale-if-error"),
        ("COLLAPSED", b"readpath; fwd=uri-miss; collapsed"),
        ("COLLAPSED_NOT_STORED", b"readpath; fwd=uri-miss; collapsed; detail=unstored"),
        ("BYPASS", b"readpath; fwd=bypass"),
        ("METHOD", b"readpath; fwd=method"),
    ],
)
def test_values_are_these(name, expected):
    assert VALUES[name] == expected


@pytest.mark.parametrize("name", VALUES)
def test_value_is_a_structured_list_in_which_hit_and_fwd_exclude_each_other(name):
    """O1."""
    [(cache, parameters)] = http_sf.parse(VALUES[name], tltype="list")

    assert str(cache) == "readpath"
    assert ("hit" in parameters) is not ("fwd" in parameters)
    assert set(parameters) <= {"hit", "fwd", "fwd-status", "stored", "collapsed", "detail"}
    assert "fwd" in parameters or not {"fwd-status", "stored", "collapsed"} & set(parameters)


def test_every_outcome_has_a_field():
    assert set(FIELDS) == set(Outcome)
    assert {name for name, _ in FIELDS.values()} == {b"cache-status"}
    assert len(set(FIELDS.values())) == len(Outcome)
