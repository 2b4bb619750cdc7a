"""Which three edges hear of a statement, and what have they heard?

Varnish with the recipe, and servers that behave as the purge interfaces of Fastly and Cloudflare do.
"""

from __future__ import annotations

from collections import Counter
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Final

from benchmarks.edge.heard import Heard
from benchmarks.edge.recipe import Varnish
from tests.edges.doubles.cloudflare import CloudflareDouble
from tests.edges.doubles.fastly import FastlyDouble
from tests.redis import free_port

NAMES: Final = ("Varnish", "Fastly", "Cloudflare")


class Edges:
    """The three edges, how the service is told of them, and what they have heard by now."""

    def __init__(self, stack: ExitStack, plan: str) -> None:
        self._stack, self._plan = stack, plan
        self._port = free_port()
        self._fastly = stack.enter_context(FastlyDouble())
        self._cloudflare = stack.enter_context(CloudflareDouble(plan=plan))

    @property
    def configuration(self) -> dict[str, str]:
        """How the service is told of them."""
        fastly, cloudflare = self._fastly, self._cloudflare
        edges = (
            f"varnish=varnish://127.0.0.1:{self._port}",
            f"fastly=fastly://{fastly.service}?api={fastly.url}",
            f"cloudflare=cloudflare://{cloudflare.zone}?plan={self._plan}&api={cloudflare.url}",
        )
        return {
            "READPATH_EDGES": ", ".join(edges),
            "READPATH_FASTLY_TOKEN": fastly.token,
            "READPATH_CLOUDFLARE_TOKEN": cloudflare.token,
        }

    def stand_before(self, upstream: int, directory: Path) -> None:
        """Start Varnish in front of the service."""
        varnish = self._stack.enter_context(Varnish(directory / "varnish", upstream, port=self._port))
        self._heard = self._stack.enter_context(Heard(varnish.work))

    def heard(self) -> tuple[Counter[str], Counter[str], int]:
        """Return the calls that each edge was made, the keys in them, and the calls that were refused."""
        vendors = {
            "Fastly": [_named(call.json, "surrogate_keys") for call in tuple(self._fastly.calls)],
            "Cloudflare": [_named(call.json, "tags") for call in tuple(self._cloudflare.calls)],
        }
        calls = Counter({name: len(named) for name, named in vendors.items()})
        keys = Counter({name: sum(named) for name, named in vendors.items()})
        calls["Varnish"], keys["Varnish"] = self._heard.calls, self._heard.keys
        return calls, keys, self._cloudflare.refused


def _named(body: Any, member: str) -> int:
    return len(body.get(member, ())) if isinstance(body, dict) else 0
