"""Varnish with our recipe does what its backend tells it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

import pytest
import urllib3

from caching.edges import batches
from caching.edges.edge import Failed
from tests.edges.doubles.server import PATIENCE, Call, Reply, Server
from tests.edges.proxies import Varnish, running
from tests.edges.told import TOKEN, backend


class Origin(Server):
    """What stands behind Varnish: a page for each path, kept for a day, with its path as its label."""

    def __init__(self) -> None:
        super().__init__()
        self.written: defaultdict[str, str] = defaultdict(lambda: '"first"')

    def reply(self, call: Call) -> Reply:
        etag = self.written[call.path]
        fields = {
            "Cache-Control": "max-age=5",
            "Surrogate-Control": "max-age=86400, stale-while-revalidate=600",
            "ETag": etag,
            "Vary": "Accept-Encoding",
            "xkey": f"{call.path.strip('/')} all",
        }
        is_known = call.fields.get("If-None-Match") == etag
        return Reply(304, b"", fields) if is_known else Reply(200, etag.encode(), fields)

    def asked(self, path: str) -> list[str | None]:
        """Return with which condition a path was asked for, each time."""
        return [call.fields.get("If-None-Match") for call in self.calls if call.path == path]


class Guarded(Varnish):
    """A Varnish that asks for the token, as the recipe proposes."""

    def configure(self) -> None:
        super().configure()
        (self.directory / "purge.token").write_text(f"{TOKEN}\n")
        origin = self.directory / "origin.vcl"
        written = f'regsub(std.fileread("{self.directory}/purge.token"), "\\s+$", "")'
        check = f'if (req.http.Authorization != "Bearer " + {written}) {{ return (synth(401)); }}'
        text = origin.read_text().replace("sub check_purge_token {", f"sub check_purge_token {{ {check}")
        assert TOKEN not in text
        assert "purge.token" in text
        origin.write_text(text)


@pytest.fixture(scope="module")
def behind() -> Iterator[Origin]:
    with Origin() as origin:
        yield origin


@pytest.fixture(scope="module")
def varnish(behind: Origin) -> Iterator[Varnish]:
    """One for all tests, which keep to pages of their own: it compiles its recipe when it starts."""
    with running(Guarded, origin=behind.port) as proxy:
        yield proxy


def read(proxy: Varnish, path: str) -> str:
    """Read a page through Varnish."""
    answer = urllib3.request("GET", proxy.url + path, timeout=PATIENCE)
    assert answer.status == 200
    return answer.data.decode()


def test_a_soft_purge_makes_varnish_ask_whether_it_has_changed(behind: Origin, varnish: Varnish) -> None:
    with backend(f"varnish://127.0.0.1:{varnish.port}") as told:
        before = [read(varnish, "/soft"), read(varnish, "/soft")]
        told.purge(["soft", "elsewhere"], is_hard=False)
        unchanged = read(varnish, "/soft")
        behind.written["/soft"] = '"second"'
        told.purge(["soft"], is_hard=False)
        changed = read(varnish, "/soft")

    assert behind.asked("/soft") == [None, '"first"', '"first"']
    assert (before, unchanged, changed) == (['"first"'] * 2, '"first"', '"second"')


def test_a_hard_purge_makes_varnish_forget(behind: Origin, varnish: Varnish) -> None:
    read(varnish, "/hard")
    with backend(f"varnish://127.0.0.1:{varnish.port}") as told:
        told.purge(["hard"], is_hard=True)
        read(varnish, "/hard")
    with backend(f"varnish://127.0.0.1:{varnish.port}?soft=off") as told:
        told.purge(["hard"], is_hard=False)
        read(varnish, "/hard")

    assert behind.asked("/hard") == [None, None, None]


def test_a_purge_leaves_everything_else(behind: Origin, varnish: Varnish) -> None:
    read(varnish, "/left")
    with backend(f"varnish://127.0.0.1:{varnish.port}") as told:
        told.purge(["lef", "left:1"], is_hard=True)
    read(varnish, "/left")

    assert behind.asked("/left") == [None]


@pytest.mark.parametrize("length", [5, 32])
def test_varnish_takes_the_largest_call(behind: Origin, varnish: Varnish, length: int) -> None:
    path = f"/last-{length}"
    with backend(f"varnish://127.0.0.1:{varnish.port}") as told:
        named = [f"{number:0>{length}}" for number in range(2000)] + [path.strip("/")]
        (call, *_) = batches.calls(reversed(named), most_keys=told.most_keys, most_bytes=told.most_bytes)
        assert len(" ".join(call)) > told.most_bytes - 40 or len(call) == told.most_keys
        read(varnish, path)
        told.purge([*call[1:], call[0]], is_hard=True)
        read(varnish, path)

    assert behind.asked(path) == [None, None]


def test_varnish_refuses_a_wrong_token(varnish: Varnish) -> None:
    with (
        backend(f"varnish://127.0.0.1:{varnish.port}", PURGE_TOKEN="wrong") as told,
        pytest.raises(Failed, match=r"it does not accept READPATH_PURGE_TOKEN.*401") as failed,
    ):
        told.purge(["soft"], is_hard=True)

    assert "wrong" not in failed.value.reason
