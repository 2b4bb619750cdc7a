"""Which edges are there, and how is each told?

    READPATH_EDGES = front=varnish://10.0.0.5:6081, cdn=fastly://SERVICE?rebound=5

    varnish://HOST:PORT          varnishs:// the same over TLS      our recipe, by xkey
    purge://HOST:PORT/PATH       purges:// the same over TLS        any cache that takes PURGE with keys
    fastly://SERVICE             cloudflare://ZONE[?plan=free|pro|business|enterprise]

    each: through=NAME  rebound=SECONDS  timeout=SECONDS  soft=on|off  rate=N/s|N/min  burst=N
    fastly, cloudflare: api=https://…, where their interface is, if not at their own address

What is purged softly stays, and must not be served again before we have said that it is unchanged.
Our recipe for Varnish sees to that, so there it is the default. Elsewhere what is stale may be
served on for a while, so everything is purged hard unless `soft=on` says that it is not.

The tokens stand beside it, in variables of their own, so that an address can be shown. What cannot
be right is refused with one line that says what would be, and that repeats no address: somebody may
have put a token there all the same. Nothing is connected to here.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from math import ceil, inf
from typing import Any, Final
from urllib.parse import SplitResult, urlsplit

from django.core.exceptions import ImproperlyConfigured

from caching.edges.backends import cloudflare, fastly, varnish
from caching.edges.backends.cloudflare import Cloudflare, Plan
from caching.edges.backends.fastly import Fastly
from caching.edges.backends.http import Address
from caching.edges.backends.plain import Plain
from caching.edges.backends.varnish import Varnish
from caching.edges.edge import Backend, Edge
from caching.edges.parameters import Parameters

_NAME: Final = re.compile(r"[a-z0-9-]{1,32}")
_ID: Final = re.compile(r"[A-Za-z0-9_-]{1,64}")
_TOKEN: Final = re.compile(r"[\x21-\x7e]+")
_UNLIMITED: Final = Plan(inf, 1)
# Our recipe for Varnish keeps nothing during whose fetch a purge went by: what is left to come late has
# been looked at before the purge, and is put away a moment after it.
_REBOUNDS: Final = {"varnish": 0.5, "varnishs": 0.5}
# Of 100,000 purges in an hour that a customer of Fastly has, so that others may purge as well.
_FASTLY_RATE: Final = Plan(10, 100)


def configured(options: Mapping[str, Any]) -> tuple[Edge, ...]:
    """Return the edges that `settings.READPATH` names. Raises `ImproperlyConfigured`."""
    edges: dict[str, Edge] = {}
    for number, text in enumerate(options.get("EDGES") or (), 1):
        name, is_named, url = text.partition("=")
        name = name.strip()
        if not (is_named and _NAME.fullmatch(name)):
            raise ImproperlyConfigured(
                "READPATH_EDGES needs NAME=URL, NAME=URL, …, with names of 1 to 32 characters from"
                f" a-z, 0-9 and -; entry {number} is none"
            )
        if name in edges:
            raise ImproperlyConfigured(f"READPATH_EDGES needs a name for each edge, got {name} twice")
        edges[name] = _edge(name, url.strip(), options)
    _check_through(edges)
    return tuple(edges.values())


def dialects(edges: Sequence[Edge]) -> tuple[str, ...]:
    """Return label fields from which each of these edges reads one, and no more than they need."""
    chosen: list[str] = []
    for edge in sorted(edges, key=lambda one: len(one.backend.dialects)):
        if not set(chosen) & set(edge.backend.dialects):
            chosen.append(edge.backend.dialects[0])
    return tuple(chosen)


def _edge(name: str, url: str, options: Mapping[str, Any]) -> Edge:
    """Return one edge."""
    try:
        address = urlsplit(url)
        kind = _KINDS.get(address.scheme)
    except ValueError:
        kind = None
    if kind is None:
        schemes = ", ".join(f"{scheme}://" for scheme in _KINDS)
        raise ImproperlyConfigured(
            f"READPATH_EDGES: {name} needs an address that begins with one of {schemes}"
        )
    if "@" in address.netloc or address.fragment:
        raise ImproperlyConfigured(
            f"READPATH_EDGES: {name} needs an address without credentials and without #;"
            " a token has a variable of its own"
        )
    parameters = Parameters(name, address.query)
    backend, plan = kind(address, parameters, options)
    rate, burst = parameters.rate(), parameters.whole("burst", least=1)
    if burst is not None and rate is None and plan.rate == inf:
        raise ImproperlyConfigured(f"READPATH_EDGES: {name} needs a rate, if it has a burst")
    if burst is None:
        burst = plan.burst if rate is None or plan.rate < inf else max(1, ceil(rate))
    edge = Edge(
        name=name,
        backend=backend,
        rate=plan.rate if rate is None else rate,
        burst=burst,
        rebound=parameters.seconds(
            "rebound", default=_REBOUNDS.get(address.scheme, 2.0), least=0.0, most=3600.0
        ),
        through=parameters.text("through"),
    )
    parameters.check_all_known()
    return edge


def _check_through(edges: Mapping[str, Edge]) -> None:
    """Refuse an edge behind one that is not there, or behind itself."""
    for edge in edges.values():
        behind, seen = edge, {edge.name}
        while behind.through is not None:
            if behind.through not in edges:
                raise ImproperlyConfigured(
                    f"READPATH_EDGES: {behind.name} needs through=NAME with the name of an edge"
                )
            behind = edges[behind.through]
            if behind.name in seen:
                raise ImproperlyConfigured(
                    f"READPATH_EDGES: {edge.name} needs a way to us: through leads in a circle"
                )
            seen.add(behind.name)


def _varnish(address: SplitResult, given: Parameters, options: Mapping[str, Any]) -> tuple[Backend, Plan]:
    where = _host_and_port(address, given, is_tls=address.scheme == "varnishs", has_path=False)
    token = _token(options, varnish.TOKEN)
    backend = Varnish(where, token=token, timeout=_timeout(given), is_soft=given.flag("soft", default=True))
    return backend, _UNLIMITED


def _plain(address: SplitResult, given: Parameters, options: Mapping[str, Any]) -> tuple[Backend, Plan]:
    where = _host_and_port(address, given, is_tls=address.scheme == "purges", has_path=True)
    token = _token(options, varnish.TOKEN)
    backend = Plain(where, token=token, timeout=_timeout(given), is_soft=given.flag("soft", default=False))
    return backend, _UNLIMITED


def _fastly(address: SplitResult, given: Parameters, options: Mapping[str, Any]) -> tuple[Backend, Plan]:
    service, api = _id(address, given, "SERVICE"), _api(given, fastly.API)
    token = _needed_token(options, given, fastly.TOKEN)
    is_soft = given.flag("soft", default=False)
    return Fastly(api, service, token=token, timeout=_timeout(given, 10.0), is_soft=is_soft), _FASTLY_RATE


def _cloudflare(address: SplitResult, given: Parameters, options: Mapping[str, Any]) -> tuple[Backend, Plan]:
    zone, api = _id(address, given, "ZONE"), _api(given, cloudflare.API)
    token = _needed_token(options, given, cloudflare.TOKEN)
    plan = cloudflare.PLANS[given.one_of("plan", tuple(cloudflare.PLANS), default="free")]
    is_soft = given.flag("soft", default=False)
    return Cloudflare(api, zone, token=token, timeout=_timeout(given, 10.0), is_soft=is_soft), plan


_KINDS: Final[dict[str, Callable[[SplitResult, Parameters, Mapping[str, Any]], tuple[Backend, Plan]]]] = {
    "varnish": _varnish,
    "varnishs": _varnish,
    "purge": _plain,
    "purges": _plain,
    "fastly": _fastly,
    "cloudflare": _cloudflare,
}


def _timeout(given: Parameters, default: float = 2.0) -> float:
    return given.seconds("timeout", default=default, least=0.01, most=60.0)


def _host_and_port(address: SplitResult, given: Parameters, *, is_tls: bool, has_path: bool) -> Address:
    """Return where an edge of our own is."""
    found = _address(address, is_tls=is_tls)
    if found is None or (found.path and not has_path):
        path = "/PATH" if has_path else ""
        raise given.wrong(f"{address.scheme}://HOST[:PORT]{path}")
    return found


def _address(address: SplitResult, *, is_tls: bool) -> Address | None:
    """Return the host, port and path of an address, if it has them."""
    try:
        host, port = address.hostname, address.port
    except ValueError:
        return None
    if not host or port == 0 or not re.fullmatch(r"[A-Za-z0-9._:-]+", host):
        return None
    # A path becomes part of a request line: what would break that is no path.
    if not re.fullmatch(r"(/[\x21-\x7e]*)?", address.path):
        return None
    return Address(host, port or (443 if is_tls else 80), is_tls, address.path.rstrip("/"))


def _id(address: SplitResult, given: Parameters, what: str) -> str:
    """Return what stands where other addresses have a host; its case matters."""
    if not _ID.fullmatch(address.netloc) or address.path.strip("/"):
        raise given.wrong(f"{address.scheme}://{what} with the identifier that the vendor gave it")
    return address.netloc


def _api(given: Parameters, default: str) -> Address:
    """Return where a vendor's interface is. What is said to it in the clear stays on this machine."""
    try:
        address = urlsplit(given.text("api") or default)
        found = _address(address, is_tls=address.scheme == "https")
    except ValueError:
        found = None
    if (
        found is None
        or address.scheme not in {"https", "http"}
        or "@" in address.netloc
        or address.query
        or address.fragment
    ):
        raise given.wrong("api=https://HOST[:PORT]")
    if not found.is_tls and not _is_local(found.host):
        raise given.wrong("api=https://…: the token would cross a network in the clear")
    return found


def _is_local(host: str) -> bool:
    return host in {"localhost", "::1"} or host.startswith("127.")


def _token(options: Mapping[str, Any], variable: str) -> str:
    """Return a token that can stand in a field, or an empty one."""
    token = str(options.get(variable.removeprefix("READPATH_")) or "")
    if token and not _TOKEN.fullmatch(token):
        raise ImproperlyConfigured(f"{variable} needs printable ASCII characters without spaces")
    return token


def _needed_token(options: Mapping[str, Any], given: Parameters, variable: str) -> str:
    token = _token(options, variable)
    if not token:
        raise given.wrong(f"a token in {variable}")
    return token
