"""The examples in the docstrings of `caching` are true."""

import doctest
import importlib
from pathlib import Path

import pytest

import caching

MODULES = sorted(
    path.stem for path in Path(caching.__file__).parent.glob("*.py") if ">>> " in path.read_text()
)


@pytest.mark.parametrize("module", MODULES)
def test_examples_in_docstrings_are_true(module):
    results = doctest.testmod(importlib.import_module(f"caching.{module}"))

    assert results.attempted > 0
    assert results.failed == 0
