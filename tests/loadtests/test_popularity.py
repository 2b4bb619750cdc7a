"""What is popular is asked for more often, as Zipf's law says."""

from collections import Counter
from random import Random

import pytest

from loadtests.popularity import Popularity


@pytest.mark.parametrize("exponent", [0.75, 1.0, 1.3])
def test_the_share_of_a_rank_falls_with_its_power(exponent):
    popularity = Popularity(1000, exponent)

    assert popularity.share(0) / popularity.share(9) == pytest.approx(10**exponent)
    assert sum(map(popularity.share, range(1000))) == pytest.approx(1)


def test_draws_have_the_shares():
    popularity, random = Popularity(100, 1.0), Random(1)
    drawn = Counter(popularity.draw(random) for _ in range(20_000))

    for rank in (0, 1, 9, 49):
        assert drawn[rank] / 20_000 == pytest.approx(popularity.share(rank), rel=0.15)


def test_every_rank_can_be_drawn_and_no_other():
    popularity, random = Popularity(3, 0.0), Random(1)

    assert {popularity.draw(random) for _ in range(100)} == {0, 1, 2}


class _Greatest(Random):
    def random(self):
        return 1 - 2**-53


def test_the_greatest_draw_is_the_last_rank():
    assert Popularity(7, 1.0).draw(_Greatest()) == 6


def test_the_same_seed_draws_the_same():
    popularity = Popularity(1000, 1.0)
    one, other = Random(5), Random(5)

    assert [popularity.draw(one) for _ in range(50)] == [popularity.draw(other) for _ in range(50)]


@pytest.mark.parametrize(("size", "exponent"), [(0, 1.0), (5, -0.1)])
def test_what_is_no_distribution_is_refused(size, exponent):
    with pytest.raises(ValueError, match="need size >= 1"):
        Popularity(size, exponent)
