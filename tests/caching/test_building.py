"""What an answer depends on is collected where it is built, and nowhere else."""

import contextvars
import threading

import pytest

from caching.building import changes_at, collecting, depends_on, is_building


def test_keys_said_during_a_build_are_collected():
    with collecting() as dependencies:
        depends_on(["post:1", "author:7"])
        depends_on(key for key in ("post:1", "posts"))

    assert dependencies.keys == {"post:1", "author:7", "posts"}
    assert dependencies.changes_at is None


def test_outside_a_build_nothing_happens():
    depends_on(["post:1"])
    changes_at(1000.0)

    with collecting() as dependencies:
        pass
    depends_on(["post:2"])

    assert dependencies.keys == set()
    assert dependencies.changes_at is None


@pytest.mark.parametrize(
    ("moments", "expected"),
    [
        pytest.param([], None, id="never"),
        pytest.param([None], None, id="never, said aloud"),
        pytest.param([2000.0, 1000.0, 3000.0], 1000.0, id="the soonest counts"),
        pytest.param([2000.0, None], 2000.0, id="never is later than any moment"),
        pytest.param([0.0, 1000.0], 0.0, id="the first second is a moment"),
    ],
)
def test_the_soonest_change_counts(moments, expected):
    with collecting() as dependencies:
        for moment in moments:
            changes_at(moment)

    assert dependencies.changes_at == expected


def test_a_build_knows_that_it_is_one():
    assert not is_building()
    with collecting():
        assert is_building()
    assert not is_building()


def test_a_build_that_fails_is_over():
    with pytest.raises(ZeroDivisionError), collecting():
        raise ZeroDivisionError

    assert not is_building()


def test_a_build_within_a_build_keeps_its_keys_to_itself():
    with collecting() as outer:
        depends_on(["outer"])
        with collecting() as inner:
            depends_on(["inner"])
        depends_on(["outer again"])

    assert outer.keys == {"outer", "outer again"}
    assert inner.keys == {"inner"}


def test_builds_in_different_threads_do_not_mix():
    found = {}
    barrier = threading.Barrier(4, timeout=10)

    def build(name):
        with collecting() as dependencies:
            barrier.wait()
            depends_on([name])
            barrier.wait()
        found[name] = dependencies.keys

    threads = [threading.Thread(target=build, args=(f"post:{number}",)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=10)

    assert found == {f"post:{number}": {f"post:{number}"} for number in range(4)}


def test_code_that_runs_in_the_builds_context_counts():
    with collecting() as dependencies:
        contextvars.copy_context().run(depends_on, ["post:1"])

    assert dependencies.keys == {"post:1"}
