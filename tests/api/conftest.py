"""Who writes in the tests of the API."""

from __future__ import annotations

import pytest

from tests.api.writers import Writer, make_writer


@pytest.fixture
def writer(db: None) -> Writer:
    """Return a client that writes as an author."""
    return make_writer()


@pytest.fixture
def stranger(db: None) -> Writer:
    """Return a client that writes as another author."""
    return make_writer()


@pytest.fixture
def staff(db: None) -> Writer:
    """Return a client that may change anything, and has no author."""
    return make_writer(is_staff=True, is_author=False)
