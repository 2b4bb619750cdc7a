"""`python -m benchmarks` gives each section what it takes, and complains in one line."""

from __future__ import annotations

import importlib
import inspect
import json
import os
from types import ModuleType

import pytest

from benchmarks import __main__, report, sections
from benchmarks.report import Section


def _module(run, **constants):
    module = ModuleType("measured")
    module.run = run
    vars(module).update(constants)
    return module


def run_with_defaults(*, rounds, seconds, posts=7, database_url):
    """Stand for a section that takes some options."""


def test_section_gets_what_was_given():
    module = _module(run_with_defaults)
    taken = sections.arguments_for(module, {"rounds": 2, "posts": 3, "seconds": 4}, strict=True)
    assert taken == {"rounds": 2, "posts": 3, "seconds": 4, "database_url": None}


def test_defaults_are_the_sections_own_before_everybodys():
    module = _module(run_with_defaults, SECONDS=11)
    taken = sections.arguments_for(module, {}, strict=True)
    assert taken == {"rounds": 5, "seconds": 11, "database_url": None}  # `posts` its signature says.


def test_option_without_a_use_is_refused_to_one_section_and_ignored_by_all():
    module = _module(run_with_defaults)
    assert "urls" not in sections.arguments_for(module, {"urls": 9}, strict=False)
    with pytest.raises(sections.NotTaken, match="--urls"):
        sections.arguments_for(module, {"urls": 9}, strict=True)


@pytest.mark.parametrize(
    "arguments",
    [
        pytest.param(["nonsense"], id="no such section"),
        pytest.param(["hits", "--rounds", "0"], id="no round"),
        pytest.param(["hits", "--rounds", "many"], id="no number"),
        pytest.param(["hits", "--colour", "red"], id="no such option"),
        pytest.param(["replay", "--traffic", "/nowhere/to/be/found"], id="no directory"),
    ],
)
def test_bad_arguments_cost_one_line_and_status_two(arguments, monkeypatch, capsys):
    monkeypatch.setattr("sys.argv", ["benchmarks", *arguments])
    with pytest.raises(SystemExit) as left:
        __main__.main()
    assert left.value.code == 2
    assert len(capsys.readouterr().err.splitlines()) == 1


@pytest.fixture
def command(monkeypatch, tmp_path):
    """Run the command with two sections on offer; return its status."""
    offered = {name: sections.Offer("tests.benchmarks.measured", name) for name in ("first", "second")}
    monkeypatch.setattr(sections, "OFFERED", offered)
    monkeypatch.setattr(report, "KEPT_IN", tmp_path)

    def run(*arguments):
        monkeypatch.setattr("sys.argv", ["benchmarks", *arguments, "--plots", str(tmp_path / "drawn")])
        return __main__.main()

    return run


def test_all_sections_run_each_in_a_process_of_its_own_and_end_in_one_report(command, tmp_path):
    assert command("--rounds", "3") == 0
    (kept,) = tmp_path.glob("results-*.json")
    first, second = (section["raw"]["process"] for section in json.loads(kept.read_text())["sections"])
    assert len({first, second, os.getpid()}) == 3
    shown = kept.with_suffix(".html").read_text()
    assert f"process {first}" in shown
    assert f"process {second}" in shown
    assert shown.count("data:image/png;base64,") == 2
    assert (tmp_path / "drawn" / "measured.png").exists()


def test_section_that_cannot_be_measured_is_told_and_makes_the_status_one(command, tmp_path, capsys):
    assert command("first", "--rounds", "101") == 1
    assert "first: too many rounds" in capsys.readouterr().err
    assert not list(tmp_path.glob("results-*"))


def test_what_was_measured_before_a_run_is_stopped_is_kept(command, tmp_path, monkeypatch):
    def stopped_at_the_second(name, *_arguments, **_options):
        if name == "second":
            raise KeyboardInterrupt
        return [Section("measured before", ("",), rows=[("something",)])]

    monkeypatch.setattr(sections, "run", stopped_at_the_second)
    with pytest.raises(KeyboardInterrupt):
        command()
    (kept,) = tmp_path.glob("results-*.json")
    assert len(json.loads(kept.read_text())["sections"]) == 1
    assert "something" in kept.with_suffix(".html").read_text()


@pytest.mark.parametrize("name", sections.OFFERED)
def test_section_takes_nothing_that_the_command_cannot_be_given(name):
    module = importlib.import_module(sections.OFFERED[name].module)
    taken = set(inspect.signature(module.run).parameters)
    assert taken <= set(vars(__main__._parser().parse_args([name])))
    # And whatever has to be given has a default somewhere.
    assert set(sections.arguments_for(module, {}, strict=True)) <= taken
