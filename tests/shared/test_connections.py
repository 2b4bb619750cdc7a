"""Whatever stands in REDIS_URL, both clients reach that Redis, greet it first, and try nothing twice."""

from __future__ import annotations

import asyncio
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Coroutine, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Self
from urllib.parse import quote

import pytest
import redis
from django.conf import settings
from django.test import override_settings

from caching.shared import connections, keys
from settings.redis import shared_store
from tests.certificates import Certificates, can_be_made, certificates
from tests.redis import (
    MASTER_NAME,
    PATIENCE,
    RedisServer,
    free_port,
    is_installed,
    running_redis,
    running_sentinels,
    wait_until,
)

pytestmark = pytest.mark.skipif(not is_installed(), reason="redis-server is not installed")
needs_openssl = pytest.mark.skipif(not can_be_made(), reason="openssl is not installed")

TIMEOUT = 0.5  # Seconds that are waited for an answer that does not come.
AWKWARD = "pa ss/w#rd?@:%+$é"


@contextmanager
def configured(url: str, **options: Any) -> Iterator[None]:
    """Use the Redis at `url`, as the settings would, however busy the machine is."""
    store = shared_store(url, **{"timeout": PATIENCE, **options})
    with override_settings(CACHES={**settings.CACHES, "l2": store}):
        try:
            yield
        finally:
            connections.client().connection_pool.disconnect()


def in_a_loop(run: Callable[[redis.asyncio.Redis], Coroutine[Any, Any, Any]]) -> Any:
    """Return what `run` makes of the client of an event loop of its own."""

    async def main() -> Any:
        try:
            return await run(connections.async_client())
        finally:
            await connections.close_async_clients()

    return asyncio.run(main())


def both_reach_the_same(server: RedisServer, *, database: int = 0) -> None:
    """Assert that what one client writes is read by the other, there and nowhere else."""

    async def answer(client: redis.asyncio.Redis) -> None:
        assert await client.get("asked") == b"by the synchronous client"
        assert await client.set("answered", "by the asynchronous client")

    assert connections.client().set("asked", "by the synchronous client")
    in_a_loop(answer)
    assert connections.client().get("answered") == b"by the asynchronous client"
    with redis.Redis(unix_socket_path=str(server.path), db=database) as direct:
        assert direct.get("answered") == b"by the asynchronous client"


@contextmanager
def with_tls(files: Certificates, **options: str) -> Iterator[tuple[RedisServer, str]]:
    """Yield a Redis that speaks TLS, and its address."""
    port = free_port()
    with running_redis(
        tls_port=str(port),
        tls_cert_file=str(files.certificate),
        tls_key_file=str(files.key),
        tls_ca_cert_file=str(files.authority),
        **{"tls_auth_clients": "no", **options},
    ) as server:
        yield server, f"rediss://127.0.0.1:{port}/0"


class TestAddresses:
    def test_a_socket_and_a_database(self) -> None:
        with running_redis() as server, configured(f"unix://{server.path}?db=3"):
            both_reach_the_same(server, database=3)

    def test_a_port_and_a_database(self) -> None:
        with running_redis(tcp=True) as server, configured(f"redis://127.0.0.1:{server.port}/5"):
            both_reach_the_same(server, database=5)

    @pytest.mark.parametrize("is_socket", [True, False], ids=["socket", "port"])
    def test_a_user_with_a_password_that_needs_encoding(self, *, is_socket: bool) -> None:
        with running_redis(tcp=not is_socket) as server:
            with server.client() as administrator:
                administrator.acl_setuser(
                    "read:path", enabled=True, passwords=f"+{AWKWARD}", keys="*", commands=["+@all"]
                )
            where = str(server.path) if is_socket else f"127.0.0.1:{server.port}"
            who = f"{quote('read:path', safe='')}:{quote(AWKWARD, safe='')}"
            with configured(f"{'unix' if is_socket else 'redis'}://{who}@{where}"):
                both_reach_the_same(server)
                assert connections.client().acl_whoami() == "read:path"

    def test_a_password_without_a_user(self) -> None:
        with running_redis(tcp=True) as server, server.client() as administrator:
            administrator.config_set("requirepass", AWKWARD)
            with configured(f"redis://:{quote(AWKWARD, safe='')}@127.0.0.1:{server.port}"):
                assert connections.client().acl_whoami() == "default"
                assert in_a_loop(lambda client: client.acl_whoami()) == "default"

    def test_another_user_at_the_same_address_has_connections_of_his_own(self) -> None:
        with running_redis(tcp=True) as server:
            where = f"127.0.0.1:{server.port}"
            with server.client() as administrator:
                administrator.acl_setuser(
                    "other", enabled=True, passwords="+secret", keys="*", commands=["+@all"]
                )
            with configured(f"redis://{where}"):
                assert connections.client().acl_whoami() == "default"
            with configured(f"redis://other:secret@{where}"):
                assert connections.client().acl_whoami() == "other"

    def test_a_wrong_password_is_trouble(self) -> None:
        with running_redis(tcp=True) as server:
            with server.client() as administrator:
                administrator.config_set("requirepass", AWKWARD)
            with configured(f"redis://:wrong@127.0.0.1:{server.port}"):
                with pytest.raises(connections.TROUBLE):
                    connections.client().ping()
                with pytest.raises(connections.TROUBLE):
                    in_a_loop(lambda client: client.ping())

    def test_credentials_are_in_no_address_and_no_description(self) -> None:
        url = f"redis://somebody:{quote(AWKWARD, safe='')}@127.0.0.1:1/0"
        store = shared_store(url, timeout=TIMEOUT)
        assert store["LOCATION"] == "redis://127.0.0.1:1/0"
        with configured(url):
            shown = repr(connections.client()) + repr(connections.client().connection_pool)
            shown += in_a_loop(_description)
        assert AWKWARD not in shown
        assert quote(AWKWARD, safe="") not in shown


async def _description(client: redis.asyncio.Redis) -> str:
    return repr(client) + repr(client.connection_pool)


@needs_openssl
class TestTLS:
    def test_a_server_whose_authority_we_know(self, tmp_path: Path) -> None:
        files = certificates(tmp_path / "known")
        with with_tls(files) as (server, url), configured(url, ca_file=str(files.authority)):
            both_reach_the_same(server)

    def test_a_server_of_another_authority_is_trouble(self, tmp_path: Path) -> None:
        files, others = certificates(tmp_path / "known"), certificates(tmp_path / "others")
        with with_tls(files) as (_, url), configured(url, ca_file=str(others.authority)):
            self._is_refused()

    def test_a_server_by_another_name_is_trouble(self, tmp_path: Path) -> None:
        files = certificates(tmp_path / "elsewhere", address="DNS:elsewhere.example")
        with with_tls(files) as (_, url), configured(url, ca_file=str(files.authority)):
            self._is_refused()

    def test_a_server_that_asks_who_we_are(self, tmp_path: Path) -> None:
        files = certificates(tmp_path / "known")
        named = {"certificate_file": str(files.certificate), "key_file": str(files.key)}
        with with_tls(files, tls_auth_clients="yes") as (server, url):
            with configured(url, ca_file=str(files.authority)):
                self._is_refused()
            with configured(url, ca_file=str(files.authority), **named):
                both_reach_the_same(server)

    @staticmethod
    def _is_refused() -> None:
        with pytest.raises(connections.TROUBLE):
            connections.client().ping()
        with pytest.raises(connections.TROUBLE):
            in_a_loop(lambda client: client.ping())


def history(server: RedisServer) -> bytes | None:
    with server.client() as direct:
        return direct.hget(keys.STATE, "history")


def drop_connections(server: RedisServer) -> None:
    with server.client() as direct:
        direct.client_kill_filter(_type="normal", skipme=True)


class TestGreeting:
    def test_it_comes_before_anything_else(self) -> None:
        with running_redis() as server, configured(server.url):
            assert connections.client().hget(keys.STATE, "history")

    def test_it_comes_before_anything_else_in_a_loop(self) -> None:
        with running_redis() as server, configured(server.url):
            assert in_a_loop(lambda client: client.hget(keys.STATE, "history"))

    def test_it_is_said_again_to_a_server_that_was_restarted(self) -> None:
        with running_redis() as server, configured(server.url):

            async def across_a_restart(client: redis.asyncio.Redis) -> tuple[Any, Any]:
                before = await client.hget(keys.STATE, "history")
                server.kill()
                server.start()
                return before, await _once_it_works(lambda: client.hget(keys.STATE, "history"))

            before, after = in_a_loop(across_a_restart)
            assert after is not None
            assert after != before
            connections.client().ping()
            server.kill()
            server.start()
            assert connections.client().hget(keys.STATE, "history") not in {None, after}

    def test_it_is_said_again_on_a_connection_that_was_lost(self) -> None:
        with running_redis() as server, configured(server.url):

            async def across_a_loss(client: redis.asyncio.Redis) -> Any:
                await client.ping()
                with server.client() as direct:
                    direct.flushall()
                drop_connections(server)
                return await _once_it_works(lambda: client.hget(keys.STATE, "history"))

            assert in_a_loop(across_a_loss)
            connections.client().ping()
            with server.client() as direct:
                direct.flushall()
            drop_connections(server)
            assert connections.client().hget(keys.STATE, "history")

    def test_a_connection_that_cannot_be_greeted_serves_nobody(self) -> None:
        with running_redis() as server, configured(server.url):
            with server.client() as direct:
                direct.set(keys.STATE, "not what the greeting expects")
            for _ in range(2):
                with pytest.raises(connections.TROUBLE):
                    connections.client().ping()
                with pytest.raises(connections.TROUBLE):
                    in_a_loop(lambda client: client.ping())


class Refusing:
    """Takes connections, counts them, and says nothing to them, or closes them at once."""

    def __init__(self, *, is_silent: bool) -> None:
        self.taken = 0
        self._is_silent = is_silent
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._held: list[socket.socket] = []
        self.url = f"redis://127.0.0.1:{self._listener.getsockname()[1]}/0"

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=self._accept)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._thread.join(PATIENCE)
        self._listener.close()
        for one in self._held:
            one.close()

    def _accept(self) -> None:
        while True:
            try:
                taken, _ = self._listener.accept()
            except OSError:
                return
            self.taken += 1
            if self._is_silent:
                self._held.append(taken)
            else:
                taken.close()


@pytest.mark.parametrize("is_silent", [True, False], ids=["a silent Redis", "a Redis that hangs up"])
class TestNothingIsTriedTwice:
    """Who tries again connects again, and that is counted; the time shows that the waiting ends."""

    def test_by_the_synchronous_client(self, *, is_silent: bool) -> None:
        with Refusing(is_silent=is_silent) as refusing, configured(refusing.url, timeout=TIMEOUT):
            began = time.monotonic()
            with pytest.raises(connections.TROUBLE):
                connections.client().get("anything")
            assert time.monotonic() - began < PATIENCE / 2
            assert refusing.taken == 1

    def test_by_the_asynchronous_client(self, *, is_silent: bool) -> None:
        with Refusing(is_silent=is_silent) as refusing, configured(refusing.url, timeout=TIMEOUT):
            began = time.monotonic()
            with pytest.raises(connections.TROUBLE):
                in_a_loop(lambda client: client.get("anything"))
            assert time.monotonic() - began < PATIENCE / 2
            assert refusing.taken == 1

    def test_by_those_who_ask_a_sentinel(self, *, is_silent: bool) -> None:
        # A pool looks whether a connection is still open before it lends it, and replaces one that
        # is not. To a Sentinel nothing was said by then, so nothing was waited for either.
        most = 1 if is_silent else 2
        with Refusing(is_silent=is_silent) as refusing:
            sentinel = refusing.url.removeprefix("redis://").removesuffix("/0")
            with configured("redis://service", sentinels=[sentinel], timeout=TIMEOUT):
                began = time.monotonic()
                with pytest.raises(connections.TROUBLE):
                    connections.client().get("anything")
                assert time.monotonic() - began < PATIENCE / 2
                assert 1 <= refusing.taken <= most
                began = time.monotonic()
                with pytest.raises(connections.TROUBLE):
                    in_a_loop(lambda client: client.get("anything"))
                assert time.monotonic() - began < PATIENCE / 2
                assert refusing.taken <= 2 * most


class TestEventLoops:
    def test_each_has_a_client_of_its_own(self) -> None:
        with running_redis() as server, configured(server.url):

            async def identity(client: redis.asyncio.Redis) -> redis.asyncio.Redis:
                assert connections.async_client() is client
                assert await client.ping()
                return client

            assert in_a_loop(identity) is not in_a_loop(identity)

    def test_a_client_for_slow_commands_is_another_one(self) -> None:
        with running_redis() as server, configured(server.url, timeout=0.1):

            async def both(client: redis.asyncio.Redis) -> Any:
                patient = connections.async_client(timeout=PATIENCE)
                assert patient is not client
                return await patient.xread({"nothing": "$"}, block=300)

            assert not in_a_loop(both)

    def test_a_herd_waits_its_turn_instead_of_failing(self) -> None:
        with running_redis() as server, configured(server.url, timeout=PATIENCE):
            connections.client().set("wanted", "once")

            async def herd(client: redis.asyncio.Redis) -> tuple[list[Any], int]:
                found = await asyncio.gather(*(client.get("wanted") for _ in range(500)))
                return found, int((await client.info("clients"))["connected_clients"])

            found, connected = in_a_loop(herd)
            assert found == [b"once"] * 500
            assert connected <= 40


class TestSentinels:
    def test_both_clients_follow_the_master_and_greet_it(self) -> None:
        with running_sentinels(replicas=2, min_replicas_to_write="1") as sentinels:
            named = [f"{host}:{port}" for host, port in sentinels.addresses]
            with configured(f"redis://{MASTER_NAME}/0", sentinels=named):
                both_reach_the_same(sentinels.master)
                first = history(sentinels.master)

                async def across_a_failover(client: redis.asyncio.Redis) -> Any:
                    assert await client.hget(keys.STATE, "history") == first
                    sentinels.kill_master()
                    return await _once_it_works(lambda: client.hget(keys.STATE, "history"))

                second = in_a_loop(across_a_failover)
                assert second not in {None, first}
                assert connections.client().hget(keys.STATE, "history") == second
                both_reach_the_same(sentinels.master)

    def test_the_synchronous_client_greets_the_new_master(self) -> None:
        with running_sentinels(replicas=2, min_replicas_to_write="1") as sentinels:
            named = [f"{host}:{port}" for host, port in sentinels.addresses]
            with configured(f"redis://{MASTER_NAME}/0", sentinels=named):
                first = connections.client().hget(keys.STATE, "history")
                sentinels.kill_master()
                found: list[Any] = []
                wait_until(lambda: _tried(found), "the new master is not reached")
                assert found[0] not in {None, first}

    @needs_openssl
    def test_over_tls_with_a_password_and_a_name_in_capitals(self, tmp_path: Path) -> None:
        files = certificates(tmp_path / "known")
        with with_tls(files) as (server, url), _tls_sentinel(tmp_path, files, url) as sentinel:
            asked = {"sentinels": [sentinel], "sentinel_password": AWKWARD.replace(" ", "")}
            with configured("rediss://Posts-Master", ca_file=str(files.authority), **asked):
                # The master is reached, and asked first of all whether it can be relied on.
                with pytest.raises(redis.ResponseError, match="min-replicas-to-write"):
                    connections.client().ping()
                with pytest.raises(redis.ResponseError, match="min-replicas-to-write"):
                    in_a_loop(lambda client: client.ping())
                with server.client() as direct:
                    assert direct.hget(keys.STATE, "history") is None

    def test_a_master_that_would_go_on_when_it_was_replaced_is_refused(self) -> None:
        with running_sentinels() as sentinels:
            named = [f"{host}:{port}" for host, port in sentinels.addresses]
            with (
                configured(f"redis://{MASTER_NAME}/0", sentinels=named),
                pytest.raises(redis.ResponseError, match="min-replicas-to-write must be at least 1"),
            ):
                connections.client().ping()


def _tried(found: list[Any]) -> bool:
    try:
        found.append(connections.client().hget(keys.STATE, "history"))
    except connections.TROUBLE:
        return False
    return True


async def _once_it_works(ask: Callable[[], Any]) -> Any:
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            return await ask()
        except connections.TROUBLE:
            assert time.monotonic() < deadline, "the new master is not reached"


@contextmanager
def _tls_sentinel(directory: Path, files: Certificates, url: str) -> Iterator[str]:
    """Run one Sentinel that speaks TLS and wants a password; yield its address."""
    tls_port, master_port = free_port(), url.rpartition(":")[2].partition("/")[0]
    configuration = directory / "sentinel.conf"
    configuration.write_text(
        f"port 0\ntls-port {tls_port}\ntls-replication yes\ntls-auth-clients no\n"
        f"tls-cert-file {files.certificate}\ntls-key-file {files.key}\n"
        f"tls-ca-cert-file {files.authority}\ndir {directory}\n"
        f'requirepass "{AWKWARD.replace(" ", "")}"\n'
        f"sentinel monitor Posts-Master 127.0.0.1 {master_port} 1\n",
        encoding="utf-8",
    )
    with ExitStack() as stack:
        log = stack.enter_context((directory / "sentinel.log").open("wb"))
        process = subprocess.Popen(
            ["redis-server", configuration, "--sentinel"], stdout=log, stderr=log, start_new_session=True
        )
        stack.callback(process.wait, PATIENCE)
        stack.callback(process.kill)
        wait_until(lambda: _accepts(tls_port), "the Sentinel does not answer", directory / "sentinel.log")
        yield f"127.0.0.1:{tls_port}"


def _accepts(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True
