"""Whatever stands in Redis, nothing is unpickled that was not stored by us under that very key."""

from __future__ import annotations

import logging
import pickle
import uuid

import pytest
from django.test import override_settings
from hypothesis import given
from hypothesis import strategies as st

from caching.tiered import signed_values
from caching.tiered.signed_values import UNREADABLE, authenticate, decode, encode

KEY = ":1:session"


class Explosive:
    """What an attacker would store: unpickling it runs code."""

    exploded = False

    def __reduce__(self):
        return (_explode, ())


def _explode():
    Explosive.exploded = True
    return "boom"


def read(key, stored):
    payload = authenticate(key, stored)
    return UNREADABLE if payload is UNREADABLE else decode(key, payload)


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text() | st.binary(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner) | st.tuples(inner, inner),
    max_leaves=10,
)


@given(st.text(), anything)
def test_what_is_stored_comes_back_as_it_was(key, value):
    found = read(key, encode(key, value))

    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    ("value", "stored"),
    [
        pytest.param(0, b"0", id="zero"),
        pytest.param(-42, b"-42", id="negative"),
        pytest.param(2**63 - 1, b"9223372036854775807", id="the most"),
        pytest.param(-(2**63), b"-9223372036854775808", id="the least"),
    ],
)
def test_integers_are_stored_as_redis_knows_them(value, stored):
    assert encode(KEY, value) == stored
    assert read(KEY, stored) == value


@pytest.mark.parametrize("value", [2**63, True, 1.0], ids=["too large", "a boolean", "a float"])
def test_what_redis_would_not_take_for_that_integer_is_signed(value):
    assert encode(KEY, value).startswith(b"P1")


@given(st.data())
def test_changed_byte_makes_a_value_unreadable(data):
    stored = bytearray(encode(KEY, {"user": 7}))
    position = data.draw(st.integers(0, len(stored) - 1))
    stored[position] ^= data.draw(st.integers(1, 255))

    assert read(KEY, bytes(stored)) is UNREADABLE


@given(st.binary(max_size=80))
def test_bytes_that_we_have_not_written_are_an_integer_or_unreadable(stored):
    assert authenticate(KEY, stored) is UNREADABLE or int(stored) == authenticate(KEY, stored)


@pytest.mark.parametrize(
    "stored",
    [
        pytest.param(pickle.dumps(Explosive()), id="bare"),
        pytest.param(b"P1" + bytes(32) + pickle.dumps(Explosive()), id="with a code of zeros"),
        pytest.param(b"P1" + pickle.dumps(Explosive()), id="without a code"),
    ],
)
def test_foreign_pickle_is_never_unpickled(stored):
    assert read(KEY, stored) is UNREADABLE
    assert not Explosive.exploded


def test_value_of_one_key_is_worth_nothing_under_another():
    assert read(":1:another", encode(KEY, "secret")) is UNREADABLE


def test_end_of_a_key_does_not_pass_for_the_beginning_of_a_value():
    pickled = pickle.dumps("value", 5)
    code = encode("key", "value")[2:34]

    assert authenticate("ke", b"P1" + code + b"y" + pickled) is UNREADABLE


def test_key_may_be_any_text():
    assert read("\ud800", encode("\ud800", "value")) == "value"


def test_old_secret_key_is_honoured_while_it_is_a_fallback():
    with override_settings(SECRET_KEY="old"):
        stored = encode(KEY, "value")

    with override_settings(SECRET_KEY="new", SECRET_KEY_FALLBACKS=["old"]):
        assert read(KEY, stored) == "value"
    with override_settings(SECRET_KEY="new", SECRET_KEY_FALLBACKS=[]):
        assert read(KEY, stored) is UNREADABLE


class Vanishing:
    """A class of the release before."""


def test_value_of_a_class_that_is_gone_is_unreadable(monkeypatch):
    stored = encode(KEY, Vanishing())
    monkeypatch.delattr(f"{__name__}.Vanishing")

    assert read(KEY, stored) is UNREADABLE


def test_unreadable_values_are_told_of_once_and_not_shown(caplog, monkeypatch):
    monkeypatch.setattr(signed_values, "_TOLD", set())
    stored = encode(KEY, "secret")

    with caplog.at_level(logging.WARNING):
        for number in range(3):
            read(f"another{number}", stored)

    (record,) = caplog.records
    assert "another0" in record.getMessage()
    assert "secret" not in record.getMessage()


def test_what_cannot_be_pickled_is_refused_when_it_is_stored():
    with pytest.raises((pickle.PickleError, AttributeError, TypeError)):
        encode(KEY, lambda: None)


def test_each_reader_gets_an_object_of_its_own():
    payload = authenticate(KEY, encode(KEY, [uuid.UUID(int=1)]))
    first = decode(KEY, payload)
    first.append("changed by its reader")

    assert decode(KEY, payload) == [uuid.UUID(int=1)]
