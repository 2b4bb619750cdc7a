"""A command line that cannot be right ends with one line and status 2, before anything is started."""

import argparse
import json

import pytest

from loadtests import command, options


def _told(monkeypatch, *arguments):
    monkeypatch.setattr("sys.argv", ["loadtests", *arguments])
    return command.arguments()


@pytest.mark.parametrize(
    "arguments",
    [
        ["--rate", "0"],
        ["--rate", "nan"],
        ["--zipf", "-1"],
        ["--conditional", "1.5"],
        ["--posts", "many"],
        ["--users", "3"],
        ["--workers", "2"],
        ["--reads-per-edit", "100"],
        ["--trace", "web99"],
        ["--max-p99", "-1"],
        ["--colour", "red"],
        ["steady", "--edge", "apache"],
        ["steady", "--edge", "varnish", "--host", "http://127.0.0.1:1"],
        ["steady", "--expiry", "60"],
        ["edge", "--edge", "nginx", "--expiry", "60"],
        ["hurricane"],
    ],
)
def test_bad_arguments_are_one_line_and_status_2(monkeypatch, capsys, arguments):
    with pytest.raises(SystemExit) as left:
        _told(monkeypatch, *arguments)
    said = capsys.readouterr()

    assert left.value.code == 2
    assert said.out == ""
    assert len(said.err.splitlines()) == 1


def test_about_a_minute_is_the_default(monkeypatch):
    (scenario,) = command.scenarios(_told(monkeypatch))

    assert scenario.name == "short"
    assert scenario.seconds == 60


def test_bounds_of_the_command_line_replace_the_scenarios_own(monkeypatch):
    (scenario,) = command.scenarios(
        _told(monkeypatch, "spike", "--max-p99", "0.2", "--max-5xx", "3", "--stretch", "0.5")
    )

    assert (scenario.budgets.p99_seconds, scenario.budgets.server_errors) == (0.2, 3)
    assert scenario.budgets.stale_reads == 0
    assert scenario.seconds == 90


def test_all_means_every_scenario(monkeypatch):
    assert len(command.scenarios(_told(monkeypatch, "all"))) == len(command.SCENARIOS)


def test_what_locust_sends_to_other_machines_is_plain(monkeypatch, tmp_path):
    told = vars(_told(monkeypatch, "--traffic", str(tmp_path)))
    parser = argparse.ArgumentParser()
    options.add_load_options(parser)

    assert json.dumps({name: told[name] for name in vars(parser.parse_args([]))})


def test_locust_is_told_what_we_were_told(monkeypatch, tmp_path):
    told = _told(monkeypatch, "--zipf", "1.3", "--traffic", str(tmp_path), "--reads-per-write", "90")
    spelled = options.load_arguments(told)

    assert tuple(spelled[spelled.index("--zipf") :][:2]) == ("--zipf", "1.3")
    assert str(tmp_path) in spelled
    assert "--rate" not in spelled  # Not said: the scenario's own.
    assert options.mix_of(told).writes == 1 / 90
