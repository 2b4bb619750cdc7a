"""Nobody's errands are left lying: each kind has users, together as many as were asked for."""

import pytest

from loadtests.allotment import allotment
from loadtests.mix import Kind


@pytest.mark.parametrize("users", [10, 11, 37, 100, 1000])
def test_every_kind_has_a_user_and_the_sum_is_right(users):
    found = allotment(users)

    assert set(found) == set(Kind)
    assert min(found.values()) >= 1
    assert sum(found.values()) == users


def test_too_few_users_are_refused():
    with pytest.raises(ValueError, match="need at least 10"):
        allotment(9)
