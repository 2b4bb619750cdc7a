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


def _imported(path: Path) -> set[str]:
    """Return the names that a module imports, those of `from a import b` as `a.b` as well."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names |= {node.module or "", *(f"{node.module}.{alias.name}" for alias in node.names)}
    return names


def _reaching(modules: dict[str, set[str]], roots: set[str]) -> set[str]:
    """Return the modules that import one of the roots, directly or through others."""
    reaching = {name for name, names in modules.items() if {n.partition(".")[0] for n in names} & roots}
    while more := {name for name, names in modules.items() if names & reaching} - reaching:
        reaching |= more
    return reaching


def test_the_contracts_are_kept() -> None:
    lint = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run([lint], cwd=ROOT, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stdout


def test_every_module_without_django_is_declared_pure() -> None:
    contract = _contract(PURE)
    modules = {
        ".".join(path.relative_to(ROOT).with_suffix("").parts): _imported(path)
        for path in (ROOT / "caching").rglob("*.py")
        if path.name != "__init__.py" and "migrations" not in path.parts
    }
    impure = _reaching(modules, set(contract["forbidden_modules"]))
    assert modules.keys() - impure == set(contract["source_modules"])
