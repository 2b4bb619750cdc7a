"""Imports point one way, and every module of `caching` is on one side of the line."""

from __future__ import annotations

import ast
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PURE = "The pure half of caching knows neither Django nor Redis"


def _contract(name: str) -> dict[str, list[str]]:
    configuration = tomllib.loads((ROOT / "pyproject.toml").read_text())
    return next(c for c in configuration["tool"]["importlinter"]["contracts"] if c["name"] == name)


def _imports_django(path: Path) -> bool:
    for node in ast.walk(ast.parse(path.read_text())):
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [node.module or ""]
        if any(name.partition(".")[0] in {"django", "redis"} for name in names):
            return True
    return False


def test_the_contracts_are_kept() -> None:
    lint = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run([lint], cwd=ROOT, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stdout


def test_every_module_without_django_is_declared_pure() -> None:
    declared = set(_contract(PURE)["source_modules"])
    pure = {
        ".".join(path.relative_to(ROOT).with_suffix("").parts)
        for path in (ROOT / "caching").rglob("*.py")
        if path.name != "__init__.py" and "migrations" not in path.parts and not _imports_django(path)
    }
    # A module without Django of its own may still need a model.
    reaches_django = {name for name in pure if "relay" in name}
    assert pure - reaches_django == declared
