"""A variable says what it can mean, or the one line in which it is refused says what it could."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured

from settings.environment import Environment

ROOT = Path(__file__).resolve().parents[2]
NAME = "READPATH_TESTED"
PASSWORD = "s3cret/#?"

env = Environment()


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch):
    return lambda text: monkeypatch.setenv(NAME, text)


@pytest.mark.parametrize("text", ["", None])
def test_what_is_unset_or_empty_means_its_default(text: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(NAME, raising=False)
    if text is not None:
        monkeypatch.setenv(NAME, text)
    assert env.text(NAME, default="x") == "x"
    assert env.words(NAME, default=["x"]) == ["x"]
    assert env.flag(NAME, default=True) is True
    assert env.whole(NAME, default=3) == 3
    assert env.number(NAME, default=0.5) == 0.5
    assert env.database(NAME, default="sqlite:////x")["NAME"] == "/x"


@pytest.mark.parametrize(("text", "flag"), [("on", True), ("TRUE", True), ("1", True), ("no", False)])
def test_a_flag_is_on_or_off(text: str, flag: bool, said) -> None:  # noqa: FBT001
    said(text)
    assert env.flag(NAME, default=not flag) is flag


def test_a_dollar_is_a_dollar(said) -> None:
    said("$ecret")
    assert env.text(NAME) == "$ecret"


def test_words_stand_between_commas(said) -> None:
    said("a.example, b.example,,")
    assert env.words(NAME) == ["a.example", "b.example"]


@pytest.mark.parametrize(
    ("read", "text", "right"),
    [
        pytest.param(lambda: env.flag(NAME, default=False), "ture", "on or off", id="a flag"),
        pytest.param(lambda: env.whole(NAME, default=1), "many", "a whole number of at least 0", id="a word"),
        pytest.param(lambda: env.whole(NAME, default=1), "1.5", "a whole number", id="a fraction"),
        pytest.param(lambda: env.whole(NAME, default=4, least=1), "0", "at least 1", id="too few"),
        pytest.param(lambda: env.number(NAME, default=2.0, least=0.5), "x", "at least 0.5", id="x"),
        pytest.param(lambda: env.number(NAME, default=2.0, least=0.5), "0.4", "at least 0.5", id="too short"),
        pytest.param(lambda: env.number(NAME, default=2.0, least=0.5), "2s", "a number", id="with a unit"),
        pytest.param(lambda: env.number(NAME, default=2.0), "nan", "a number", id="not a number"),
        pytest.param(lambda: env.number(NAME, default=2.0), "inf", "a number", id="without end"),
        pytest.param(lambda: env.number(NAME, default=1.0, most=2.0), "3", "0 to 2", id="too long"),
    ],
)
def test_what_it_cannot_mean_is_refused_with_what_would_be_right(
    read: Any, text: str, right: str, said
) -> None:
    said(text)
    with pytest.raises(ImproperlyConfigured) as refusal:
        read()
    assert str(refusal.value).startswith(f"{NAME} needs ")
    assert right in str(refusal.value)
    assert "\n" not in str(refusal.value)


def test_a_database_has_password_options_and_all(said) -> None:
    said(
        "postgres://app:p%40ss%2F%25@db.example:6432/posts?sslmode=verify-full&sslrootcert=/ca.pem&connect_timeout=3"
    )
    assert env.database(NAME, default="") == {
        "ENGINE": "django.db.backends.postgresql",
        "HOST": "db.example",
        "PORT": 6432,
        "USER": "app",
        "PASSWORD": "p@ss/%",
        "NAME": "posts",
        "OPTIONS": {"sslmode": "verify-full", "sslrootcert": "/ca.pem", "connect_timeout": 3},
    }


def test_a_database_may_be_reached_by_a_socket(said) -> None:
    said("postgres://app@/posts?host=/run/postgresql")
    found = env.database(NAME, default="")
    assert (found["HOST"], found["NAME"], found["OPTIONS"]) == ("", "posts", {"host": "/run/postgresql"})


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize(
    "url",
    [
        f"mysql://app:{PASSWORD}@db.example/posts",
        f"app:{PASSWORD}@db.example/posts",
        f"postgres://app:{PASSWORD}@db.example/posts",
        "postgres://app:s3cret@db.example:port/posts",
        "postgres://app:s3cret@db.example",
        "s3cret",
    ],
)
def test_a_database_that_is_none_is_refused_without_its_password(url: str, said, capfd) -> None:
    said(url)
    with pytest.raises(ImproperlyConfigured) as refusal:
        env.database(NAME, default="")
    assert "postgres://USER:PASSWORD@HOST" in str(refusal.value)
    assert "s3cret" not in str(refusal.value) + "".join(capfd.readouterr())


@pytest.mark.parametrize(
    ("variable", "text", "right"),
    [
        ("READPATH_LEASE", "x", "at least 0.5"),
        ("READPATH_LEASE", "0.4", "at least 0.5"),
        ("READPATH_REDIS_TIMEOUT", "5", "0.001 to 0.5"),
        ("READPATH_BUILD_THREADS", "0", "at least 1"),
        ("REDIS_URL", "http://localhost:6379", "redis://[USER:PASSWORD@]HOST"),
        ("REDIS_URL", "redis://:s3cret@localhost:port", "redis://[USER:PASSWORD@]HOST"),
        ("DATABASE_URL", "mysql://app:s3cret@db.example/posts", "postgres://USER:PASSWORD@HOST"),
    ],
)
def test_a_command_ends_in_one_line(variable: str, text: str, right: str) -> None:
    done = subprocess.run(
        [sys.executable, "manage.py", "check"],
        cwd=ROOT,
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "settings.testing", variable: text},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 2
    assert done.stderr.startswith(f"error: {variable} needs ")
    assert done.stderr.count("\n") == 1
    assert right in done.stderr
    assert "s3cret" not in done.stderr + done.stdout
