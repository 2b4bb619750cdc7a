"""Silk shows itself to the staff, where it was asked for, and to nobody else, anywhere else."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest

from tests.processes import ROOT, environment
from tests.profiling.conftest import Told

SECRET = "x0" * 30


@pytest.fixture(scope="module")
def pages(told: Told) -> Any:
    return told("pages", DJANGO_SETTINGS_MODULE="tests.profiling.silk_settings", SECRET_KEY=SECRET)


@pytest.fixture(scope="module")
def elsewhere(told: Told) -> Any:
    return told(
        "elsewhere",
        DJANGO_SETTINGS_MODULE="tests.profiling.careless_settings",
        SECRET_KEY=SECRET,
        ALLOWED_HOSTS="api.example.com",
        DEBUG="on",
    )


def test_nobody_is_sent_to_the_login_from_every_page(pages: Any) -> None:
    assert len(pages["anonymous"]) > 8
    for status, location in pages["anonymous"].values():
        assert status == 302
        assert location.startswith("/admin/login/?next=/silk/")


def test_who_is_not_of_the_staff_is_refused_every_page(pages: Any) -> None:
    assert {status for status, _ in pages["user"].values()} == {403}


def test_the_staff_sees_the_pages(pages: Any) -> None:
    assert {path: status for path, (status, _) in pages["staff"].items()} == {
        "/silk/": 200,
        "/silk/requests/": 200,
    }


def test_what_reaches_django_is_recorded_with_its_queries_and_silk_itself_is_not(pages: Any) -> None:
    ((path, queries),) = pages["recorded"]
    assert path == "/admin/api/tag/"
    assert queries >= 3  # The session, the user, the tags.


def test_silk_writes_into_a_database_of_its_own_which_migrate_makes(pages: Any) -> None:
    assert pages["tables"]["default"] == []
    assert "silk_request" in pages["tables"]["silk"]


def test_no_other_settings_have_silk(elsewhere: Any) -> None:
    assert elsewhere["mentions"] == {
        "base": [],
        "development": [],
        "loadtest": [],
        "production": [],
        "testing": [],
    }


def test_a_load_test_runs_the_code_of_production_without_its_limits(elsewhere: Any) -> None:
    assert elsewhere["loadtest"] == {
        "debug": False,
        "build_rate": 0.0,
        "write_rate": None,
        "middleware": True,
    }


def test_silk_left_in_production_by_accident_has_no_pages(elsewhere: Any) -> None:
    assert elsewhere["is_installed"]
    assert set(elsewhere["statuses"].values()) == {404}


def test_without_silk_its_url_leads_nowhere(client: Any) -> None:
    assert client.get("/silk/").status_code == 404


def test_profiling_refuses_to_serve_names_of_other_machines() -> None:
    done = subprocess.run(
        [sys.executable, "-c", "import settings.profiling"],
        cwd=ROOT,
        env=environment(SECRET_KEY=SECRET, ALLOWED_HOSTS="localhost,api.example.com"),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 1
    assert "ALLOWED_HOSTS needs names of this machine only while Silk records" in done.stderr
