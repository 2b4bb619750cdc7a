"""The load tests know nothing of the service but its URLs, and their examples are true."""

import ast
import doctest
import importlib
from pathlib import Path

import pytest

import loadtests

FOLDER = Path(loadtests.__file__).parent
OURS = {"api", "caching", "querysets", "settings", "benchmarks", "tests", "django", "rest_framework"}
EXAMPLES = sorted(path.stem for path in FOLDER.glob("*.py") if ">>> " in path.read_text())


def _imported(path):
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or ""


def test_nothing_of_ours_is_imported():
    imported = {name.partition(".")[0] for path in FOLDER.glob("*.py") for name in _imported(path)}

    assert not imported & OURS


@pytest.mark.parametrize("module", EXAMPLES)
def test_examples_in_docstrings_are_true(module):
    results = doctest.testmod(importlib.import_module(f"loadtests.{module}"), optionflags=doctest.ELLIPSIS)

    assert results.attempted > 0
    assert results.failed == 0
