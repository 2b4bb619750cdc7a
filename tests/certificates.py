"""A certificate authority of the tests' own, and a certificate for this machine signed by it."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Certificates:
    """The files of TLS: who is trusted, and who we are."""

    authority: Path
    certificate: Path
    key: Path


def can_be_made() -> bool:
    """Tell whether this machine has what makes certificates."""
    return shutil.which("openssl") is not None


def certificates(directory: Path, *, address: str = "IP:127.0.0.1") -> Certificates:
    """Return a new authority, and a certificate for `address` that it has signed."""
    directory.mkdir()
    made = Certificates(directory / "ca.pem", directory / "server.pem", directory / "server.key")
    authority_key, request = directory / "ca.key", directory / "server.csr"
    extensions = directory / "extensions"
    extensions.write_text(f"subjectAltName = {address}\nextendedKeyUsage = serverAuth, clientAuth\n")
    new_key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-batch"]
    _openssl(
        *("req", "-x509", "-days", "2", "-subj", "/CN=authority of the tests", *new_key),
        *("-keyout", authority_key, "-out", made.authority),
    )
    _openssl("req", "-subj", "/CN=server of the tests", *new_key, "-keyout", made.key, "-out", request)
    _openssl(
        *("x509", "-req", "-days", "2", "-in", request, "-extfile", extensions, "-out", made.certificate),
        *("-CA", made.authority, "-CAkey", authority_key, "-CAcreateserial"),
    )
    return made


def _openssl(*arguments: str | Path) -> None:
    done = subprocess.run(["openssl", *arguments], capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, f"openssl {arguments[0]}: {done.stderr}"
