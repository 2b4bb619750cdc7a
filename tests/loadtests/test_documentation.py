"""What the page on load testing names is there, and each scenario and option is named on it."""

import re
from pathlib import Path

from loadtests import command
from loadtests.mix import Kind
from loadtests.scenarios import SCENARIOS

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "load-testing.md").read_text()
# Said to Locust itself, for long and distributed runs.
LOCUSTS = {
    *("--headless", "--html", "--stop-timeout"),
    *("--master", "--expect-workers", "--worker", "--master-host", "--scenario", "--results"),
}


def test_every_scenario_is_described():
    assert set(re.findall(r"^\| `(\w+)` \| ", PAGE, re.MULTILINE)) == set(SCENARIOS)


def test_every_kind_of_user_is_described():
    assert all(re.search(rf"^\| {kind.value} \|", PAGE, re.MULTILINE) for kind in Kind)


def test_every_option_is_named_and_every_named_one_exists():
    actions = command.arguments_parser()._actions
    options = {option for action in actions for option in action.option_strings if option.startswith("--")}
    named = set(re.findall(r"--[a-z0-9][a-z0-9-]+", PAGE))

    assert named - LOCUSTS <= options
    assert options - named == {"--help"} - named
