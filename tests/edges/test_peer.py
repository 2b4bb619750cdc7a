"""An edge is spoken to on one kept connection, which has one timeout and verifies who is there."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from caching.edges.edge import Failed
from tests import certificates
from tests.edges.doubles.server import PATIENCE, Server
from tests.edges.told import Plain, address, backend


def test_a_connection_is_kept(double: Server) -> None:
    with backend(address(double)) as told:
        for _ in range(3):
            told.purge(["post:1"], is_hard=False)

    assert (double.connections, len(double.calls)) == (1, 3)


def test_a_kept_connection_that_has_died_is_made_anew(double: Server) -> None:
    with backend(address(double)) as told:
        told.purge(["post:1"], is_hard=True)
        double.disconnect()
        told.purge(["post:2"], is_hard=True)

    assert (double.connections, len(double.calls)) == (2, 2)


def test_an_edge_that_was_away_is_told_when_it_is_back(double: Server) -> None:
    with backend(address(double)) as told:
        told.purge(["post:1"], is_hard=True)
        double.stop()
        with pytest.raises(Failed, match="out of reach: Connection refused"):
            told.purge(["post:2"], is_hard=True)
        double.start()
        told.purge(["post:2"], is_hard=True)

    assert len(double.calls) == 2


Serving = Callable[[socket.socket, int], None]


@contextmanager
def listening(serve: Serving) -> Iterator[int]:
    """Yield a port where each connection is served by `serve`, with its number."""
    done = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def accept() -> None:
            for number in range(100):
                try:
                    end, _ = listener.accept()
                except OSError:
                    return
                if done.is_set():
                    end.close()
                    return
                with end:
                    serve(end, number)

        thread = threading.Thread(target=accept, daemon=True)
        thread.start()
        port = listener.getsockname()[1]
        try:
            yield port
        finally:
            done.set()
            socket.create_connection(("127.0.0.1", port)).close()
            thread.join(PATIENCE)
    assert not thread.is_alive()


def test_a_connection_that_breaks_at_once_is_not_made_again() -> None:
    accepted = []

    def serve(end: socket.socket, number: int) -> None:
        accepted.append(number)
        end.recv(65536)

    with listening(serve) as port, backend(f"purge://127.0.0.1:{port}") as told:
        with pytest.raises(Failed, match=r"out of reach|as it should"):
            told.purge(["post:1"], is_hard=True)
        assert accepted == [0]


def test_a_connection_that_dies_twice_is_a_failure() -> None:
    accepted = []

    def serve(end: socket.socket, number: int) -> None:
        accepted.append(number)
        end.recv(65536)
        if number == 0:
            end.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
            end.recv(65536)

    with listening(serve) as port, backend(f"purge://127.0.0.1:{port}") as told:
        told.purge(["post:1"], is_hard=True)
        with pytest.raises(Failed):
            told.purge(["post:2"], is_hard=True)
        assert accepted == [0, 1]


@pytest.mark.parametrize(
    "piece",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"HTTP/1.1 200 OK\r\n" + b"a: b\r\n" * 3, id="half a head"),
        pytest.param(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n", id="no body"),
    ],
)
def test_an_edge_that_answers_a_byte_at_a_time_has_one_timeout(piece: bytes) -> None:
    def serve(end: socket.socket, _: int) -> None:
        end.settimeout(0.02)
        end.sendall(piece)
        for _ in range(int(PATIENCE / 0.02)):
            try:
                if not end.recv(65536):
                    return
            except TimeoutError:
                end.sendall(b"x")
            except OSError:
                return

    with (
        listening(serve) as port,
        backend(f"purge://127.0.0.1:{port}?timeout=0.2") as told,
        pytest.raises(Failed, match=r"did not answer within 0\.2 s"),
    ):
        told.purge(["post:1"], is_hard=True)


@pytest.mark.parametrize("junk", [b"SSH-2.0-server\r\n", b"\x00" * 100, b"HTTP/1.1 xyz\r\n\r\n"])
def test_what_is_no_http_is_a_failure(junk: bytes) -> None:
    def serve(end: socket.socket, _: int) -> None:
        end.recv(65536)
        end.sendall(junk)

    with listening(serve) as port, backend(f"purge://127.0.0.1:{port}") as told, pytest.raises(Failed):
        told.purge(["post:1"], is_hard=True)


def test_a_name_that_nobody_knows_is_a_failure() -> None:
    with (
        backend("varnish://edge.invalid?timeout=5") as told,
        pytest.raises(Failed, match="name is not known"),
    ):
        told.purge(["post:1"], is_hard=True)


class Secure(Plain):
    """The same, over TLS."""

    def __init__(self, files: certificates.Certificates) -> None:
        super().__init__()
        self.files = files

    def start(self) -> None:
        super().start()
        self.secure(self.files.certificate, self.files.key)


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> certificates.Certificates:
    if not certificates.can_be_made():
        pytest.skip("openssl is not installed")
    return certificates.certificates(tmp_path_factory.mktemp("tls") / "files")


def test_a_certificate_of_nobody_we_trust_is_refused(files: certificates.Certificates) -> None:
    with (
        Secure(files) as double,
        backend(f"purges://127.0.0.1:{double.port}") as told,
        pytest.raises(Failed, match="certificate is not accepted: unable to get local issuer"),
    ):
        told.purge(["post:1"], is_hard=True)
    assert not double.calls


def test_a_certificate_for_another_host_is_refused(
    files: certificates.Certificates, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(files.authority))
    with (
        Secure(files) as double,
        backend(f"purges://localhost:{double.port}") as told,
        pytest.raises(Failed, match="certificate is not accepted: Hostname mismatch"),
    ):
        told.purge(["post:1"], is_hard=True)
    assert not double.calls


def test_a_certificate_that_is_trusted_is_spoken_to_on_one_connection(
    files: certificates.Certificates, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(files.authority))
    with Secure(files) as double, backend(f"purges://127.0.0.1:{double.port}") as told:
        told.purge(["post:1"], is_hard=True)
        told.purge(["post:1"], is_hard=True)
        double.disconnect()
        told.purge(["post:1"], is_hard=True)

        assert (double.connections, len(double.calls)) == (2, 3)
