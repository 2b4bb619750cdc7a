"""What the triggers could not see can be said by hand."""

from __future__ import annotations

import subprocess
import sys

import httpx
import pytest

from tests.http.reading import is_hit, read_into_memory, read_until
from tests.server import ROOT, Server
from tests.writer import Writer


def is_built_anew(response: httpx.Response) -> bool:
    return response.status_code == 200 and not is_hit(response)


@pytest.fixture
def post_url(writer: Writer) -> str:
    url = f"/api/v1/posts/{writer.run('result = factories.make_post().pk')}/"
    writer.settle()
    return url


@pytest.mark.parametrize("arguments", [["--all"], ["post:*"], ["{key}", "author:1"]])
def test_named_keys_are_built_anew(
    arguments: list[str], server: Server, post_url: str, http: httpx.Client
) -> None:
    read_into_memory(http, post_url)
    key = f"post:{post_url.split('/')[-2]}"
    server.manage("invalidate", *(argument.replace("{key}", key) for argument in arguments))
    read_until(http, post_url, is_built_anew)


def test_other_keys_stay_in_memory(server: Server, writer: Writer, post_url: str, http: httpx.Client) -> None:
    read_into_memory(http, post_url)
    server.manage("invalidate", "tag:*", "posts:author=999")
    writer.settle()
    assert is_hit(http.get(post_url))


@pytest.mark.parametrize("arguments", [[], ["--all", "post:1"]])
def test_a_call_that_says_nothing_clear_is_refused_in_one_line(arguments: list[str], server: Server) -> None:
    done = subprocess.run(
        [sys.executable, "manage.py", "invalidate", *arguments],
        cwd=ROOT,
        env=server.environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert "--all" in done.stderr
