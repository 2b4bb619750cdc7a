"""No client can make an edge keep something wrong: every known way, through every proxy, harms nobody.

And the suite that says so notices what it should: a plain Django view behind an nginx is poisoned.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.edges.proxies import Nginx, Proxy, Squid, Varnish
from tests.poison import content, origins
from tests.poison.cases import KINDS
from tests.poison.suite import Reference, things
from tests.poison.target import attacked
from tests.poison.usual import UsualNginx

_FEWEST = 1000
# Of what is known to poison a plain view behind an nginx: by fields, by the host, by the scheme.
_BITES = {
    "Accept that nothing meets",
    "Authorization that nobody has",
    "X-Forwarded-Proto: https",
}


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a database with things of its own for every case."""
    return content.filled(tmp_path_factory.mktemp("poison"), things(KINDS))


@pytest.fixture(scope="module")
def reference(database: Path) -> Iterator[Reference]:
    """Return what the service says when nobody attacks it."""
    with origins.ours(database) as server:
        yield Reference(server.port)


@pytest.mark.parametrize("proxy", [None, Varnish, Nginx, Squid], ids=lambda it: it.__name__ if it else "none")
def test_nobody_gets_a_wrong_answer_after_any_attack(
    proxy: type[Proxy] | None, database: Path, reference: Reference
) -> None:
    with attacked(origins.ours, database, reference, proxy) as suite:
        poisoned = suite.run(KINDS)
    assert not poisoned, "\n".join(map(str, poisoned))


def test_the_suite_finds_what_poisons_a_plain_view_behind_an_nginx(database: Path) -> None:
    kinds = {kind: [case for case in cases if case.name in _BITES] for kind, cases in KINDS.items()}
    with (
        origins.plain(database) as twin,
        attacked(origins.plain, database, Reference(twin.port), UsualNginx) as suite,
    ):
        poisoned = suite.run(kinds)
    assert {one.case.name for one in poisoned} == _BITES


def test_every_case_has_a_name_of_its_own_and_there_are_many() -> None:
    for kind, cases in KINDS.items():
        names = [case.name for case in cases]
        assert len(names) == len(set(names)), f"{kind}: {sorted(n for n in names if names.count(n) > 1)}"
    assert sum(map(len, KINDS.values())) >= _FEWEST
