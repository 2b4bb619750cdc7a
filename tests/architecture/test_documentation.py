"""What the documentation names exists, and what exists is named in it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from api import policies

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text()
CONFIGURATION = (ROOT / "docs" / "configuration.md").read_text()

READ_IN_SETTINGS = re.compile(r"""env\.\w+\(\s*"([A-Z0-9_]+)"|environ\.get\(["']([A-Z0-9_]+)["']""")
DOCUMENTED = re.compile(r"^\| `([A-Z0-9_]+)` \|", re.MULTILINE)


def _read_variables() -> set[str]:
    found = set()
    for path in (ROOT / "settings").glob("*.py"):
        for first, second in READ_IN_SETTINGS.findall(path.read_text()):
            found.add(first or second)
    return found


def test_every_variable_is_documented_and_every_documented_one_is_read() -> None:
    assert set(DOCUMENTED.findall(CONFIGURATION)) - {"DJANGO_SETTINGS_MODULE"} == _read_variables()


@pytest.mark.parametrize(
    "document",
    [*sorted((ROOT / "docs").rglob("*.md")), ROOT / "README.md"],
    ids=lambda path: path.name,
)
def test_links_lead_to_files(document: Path) -> None:
    for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", document.read_text()):
        assert (document.parent / target).exists(), f"{document.name} links to {target}"


def test_every_promise_names_a_test_that_exists() -> None:
    promises = re.findall(r"^\| (P\d+) \|.*\| (.*) \|$", README, re.MULTILINE)
    assert [name for name, _ in promises] == [f"P{number}" for number in range(1, 12)]
    for promise, cell in promises:
        tests = re.findall(r"\(([^)]+\.py)\)", cell)
        assert tests, f"{promise} names no test"
        for test in tests:
            assert (ROOT / test).exists(), f"{promise} names {test}"


def test_every_make_target_in_the_readme_exists() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert set(re.findall(r"`make ([a-z-]+)", README)) <= targets


def test_the_policies_in_the_readme_are_those_in_the_code() -> None:
    shown = {
        "first page of a list": policies.FIRST_PAGE,
        "deeper page": policies.DEEPER_PAGE,
        "one thing": policies.DETAIL,
        "trending": policies.TRENDING,
        "404": policies.NOT_FOUND,
    }
    for name, policy in shown.items():
        (row,) = re.findall(rf"^\| {name} \| (.*) \|$", README, re.MULTILINE)
        durations = [_seconds(cell) for cell in row.split(" | ")]
        assert durations == [
            policy.soft_ttl,
            policy.hard_ttl,
            policy.error_ttl,
            policy.browser_ttl,
            policy.edge_ttl,
        ], name


def _seconds(text: str) -> int:
    number, unit = text.split(" ")
    return int(number) * {"s": 1, "min": 60, "h": 3600, "day": 86_400}[unit]
