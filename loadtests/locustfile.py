"""What does Locust have to know? The users, the shape, and where what they saw is written.

    locust -f loadtests/locustfile.py --headless --host URL --scenario steady
    ... --master --expect-workers 4      and on each machine: ... --worker --master-host MASTER

The shape holds the number of users and ends the run; how often they ask is the pump's affair.
Every process hands what it has seen to the first one, which writes it to `--results`.
"""

from __future__ import annotations

import json
import os
import time
from argparse import ArgumentParser
from pathlib import Path
from random import Random
from typing import Any, Final

import gevent
from locust import LoadTestShape, events
from locust.env import Environment
from locust.runners import MasterRunner, WorkerRunner

from loadtests import replay
from loadtests.allotment import FEWEST_USERS, allotment
from loadtests.catalogue import Catalogue, walk
from loadtests.client import Client
from loadtests.errands import Addresses, Plan, errands
from loadtests.ledger import Ledger
from loadtests.options import TOKEN_VARIABLE, add_load_options, mix_of
from loadtests.pump import Pump
from loadtests.running import Running, Through
from loadtests.scenarios import SCENARIOS, Scenario, Variant
from loadtests.tally import UNANSWERED, Tally
from loadtests.users import Crawler, DetailReader, Edge, ListBrowser, Revalidator, Writer

__all__ = ["Crawler", "DetailReader", "Edge", "ListBrowser", "Revalidator", "Shape", "Writer"]

_USERS: Final = 100
# Seconds that the last answers may take, and the start of the users. A process that asks by itself
# ends as soon as it has them all; whoever collects for others waits for so long in any case.
_SETTLES: Final = 60.0
_SETTLES_ELSEWHERE: Final = 10.0
_KINDS: Final = (Crawler, DetailReader, Edge, ListBrowser, Revalidator, Writer)
_whole_tally = Tally()


@events.init_command_line_parser.add_listener
def declare(parser: ArgumentParser) -> None:
    """Declare our options."""
    parser.add_argument("--scenario", choices=tuple(SCENARIOS), default="steady", help="shape of the load")
    parser.add_argument("--variant", type=int, default=0, help="which variant of it, from 0")
    parser.add_argument("--catalogue", default="", help="a file of what there is, instead of a walk")
    parser.add_argument("--results", default="", help="the file that gets all that was seen")
    add_load_options(parser)
    parser.set_defaults(num_users=_USERS)  # Locust's own default is one.


class Shape(LoadTestShape):
    """All users from the first moment to the last."""

    use_common_options = True  # --users is ours to look at.

    def tick(self) -> tuple[int, float] | None:
        """Return how many users there are to be, None at the end."""
        environment = self.runner.environment
        running: Running | None = getattr(environment, "running", None)
        if running is not None and running.is_over():
            return None  # A process that asks by itself knows when all has been answered.
        is_elsewhere = isinstance(environment.runner, MasterRunner)
        settles = _SETTLES_ELSEWHERE if is_elsewhere else _SETTLES
        if self.get_run_time() > _scenario(environment.parsed_options).seconds + settles:
            return None
        users = max(FEWEST_USERS, environment.parsed_options.num_users)
        return users, users


@events.test_start.add_listener
def begin(environment: Environment, **_: Any) -> None:
    """Find out what there is, and get ready to ask."""
    if isinstance(environment.runner, MasterRunner):
        return
    options = environment.parsed_options
    scenario = _scenario(options)
    variant = scenario.variants[options.variant]
    catalogue = _catalogue(environment)
    token = os.environ.get(TOKEN_VARIABLE, "")
    plan = Plan(
        phases=scenario.phases,
        rate=options.rate or scenario.rate,
        variation=options.variation,
        mix=mix_of(options).only(variant.writes if token else "none"),
        exponent=options.zipf,
        seed=options.seed,
        part=max(0, getattr(environment.runner, "worker_index", 0)),
        parts=_parts(environment),
    )
    ranks = _recorded(plan, options, catalogue, variant.order) if variant.order else None
    environment.running = Running(
        pump=Pump(errands(plan, catalogue, ranks)),
        ledger=Ledger(first_mark=int(time.time() * 1000)),
        again=Addresses(catalogue, plan.exponent, plan.random("again"), None),
        token=token,
        titles=dict(zip(catalogue.posts, catalogue.titles, strict=True)),
        through=_through(options, scenario, variant),
    )


@events.init.add_listener
def remember(environment: Environment, **_: Any) -> None:
    """Say how many users of each kind there are, and listen to what does not bring its environment."""
    numbers = allotment(max(FEWEST_USERS, environment.parsed_options.num_users))
    for user in _KINDS:
        user.fixed_count = numbers[user.kind]

    @events.spawning_complete.add_listener
    def set_going(**_: Any) -> None:
        running: Running | None = getattr(environment, "running", None)
        if running is not None and not running.pump.began_at:
            gevent.spawn(running.pump.run)
            gevent.spawn(running.watch_cpu)
            _tell_that_it_began(environment.parsed_options.results)

    @events.report_to_master.add_listener
    def hand_on(data: dict[str, Any], **_: Any) -> None:
        running: Running | None = getattr(environment, "running", None)
        data["tally"] = running.take_tally().plain() if running is not None else None

    @events.worker_report.add_listener
    def take(data: dict[str, Any], **_: Any) -> None:
        if data.get("tally"):
            _whole_tally.merge(Tally.from_plain(data["tally"]))

    @events.quit.add_listener
    def write(**_: Any) -> None:
        if environment.parsed_options.results and not isinstance(environment.runner, WorkerRunner):
            Path(environment.parsed_options.results).write_text(json.dumps(_whole_tally.plain()))


@events.test_stopping.add_listener
def end(environment: Environment, **_: Any) -> None:
    """Let the users go, and count what nobody could ask any more."""
    running: Running | None = getattr(environment, "running", None)
    if running is None:
        return
    counts = environment.runner.user_classes_count
    for errand in running.pump.dismiss({user.kind: counts.get(user.__name__, 0) for user in _KINDS}):
        running.tally.count(errand.cell, UNANSWERED)


@events.test_stop.add_listener
def conclude(environment: Environment, **_: Any) -> None:
    """Add what this process has seen, if it is the only one that asks."""
    running: Running | None = getattr(environment, "running", None)
    if running is not None and not isinstance(environment.runner, WorkerRunner):
        _whole_tally.merge(running.take_tally())


def _through(options: Any, scenario: Scenario, variant: Variant) -> Through:
    if not scenario.edge:
        return Through()
    return Through(has_edge=True, grace=options.grace, expires=variant.expiry is not None)


def _scenario(options: Any) -> Scenario:
    return SCENARIOS[options.scenario].stretched(options.stretch).behind(options.edge, options.expiry)


def _parts(environment: Environment) -> int:
    is_worker = isinstance(environment.runner, WorkerRunner)
    return max(1, environment.parsed_options.expect_workers or 1) if is_worker else 1


def _catalogue(environment: Environment) -> Catalogue:
    saved = environment.parsed_options.catalogue
    return Catalogue.load(Path(saved)) if saved else walk(Client(environment.host).json)


def _recorded(plan: Plan, options: Any, catalogue: Catalogue, order: str) -> replay.Recorded:
    ranks = replay.recorded_ranks(replay.trace_file(options.traffic, options.trace))
    if order == "shuffled":
        # Not `plan.random`: all processes have to shuffle alike.
        Random(f"{plan.seed} trace").shuffle(ranks)
    return replay.Recorded(ranks, len(catalogue.posts), part=plan.part, parts=plan.parts)


def _tell_that_it_began(results: str) -> None:
    """Let whoever has started us know that the phases are counted from now on."""
    if results:
        Path(f"{results}.began").write_text(str(time.time()))
