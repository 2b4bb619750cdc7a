"""Django's own tests of cache backends hold for `TieredCache`: all of them, none skipped.

`deploy/fetch-django-tests.sh` fetches them; `contract.py` says which are run over what.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys

import django
import pytest

from tests.redis import is_installed, running_redis
from tests.server import ROOT

DJANGO_TESTS = ROOT / "var" / f"django-tests-{django.__version__}"
PATIENCE = 240.0  # Seconds; the tests sleep through the lives of values.

pytestmark = [
    pytest.mark.skipif(not is_installed(), reason="redis-server is not installed"),
    pytest.mark.skipif(
        not DJANGO_TESTS.is_dir(),
        reason="Django's tests are not there (deploy/fetch-django-tests.sh needs a network)",
    ),
]


def started(test_case: str, redis_url: str) -> subprocess.Popen[str]:
    """Start a test case of the contract in a process of its own."""
    return subprocess.Popen(
        [sys.executable, "-m", "django", "test", f"tests.django_suite.contract.{test_case}"],
        cwd=ROOT,
        env={
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "tests.django_suite.settings",
            "PYTHONPATH": os.pathsep.join([str(ROOT), str(DJANGO_TESTS)]),
            "REDIS_URL": redis_url,
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def test_every_test_of_the_contract_passes_in_each_way_of_asking():
    expected = {"WithoutL1Tests": 54, "WithL1Tests": 55, "ThroughCoroutinesTests": 55, "AsyncTests": 10}
    with running_redis() as redis:
        # Side by side, for they mostly sleep; each in a database of its own, for they clear it.
        running = {
            test_case: started(test_case, redis.url.replace("db=0", f"db={number}"))
            for number, test_case in enumerate(expected)
        }
        try:
            reports = {
                test_case: process.communicate(timeout=PATIENCE)[0] for test_case, process in running.items()
            }
        finally:
            for process in running.values():
                process.kill()
                process.wait()

    for test_case, least in expected.items():
        report = reports[test_case]
        ran = re.search(r"^Ran (\d+) tests? in", report, re.MULTILINE)
        assert ran is not None, report
        assert int(ran[1]) >= least, report
        # With a skipped test it would say how many.
        assert re.search(r"^OK$", report, re.MULTILINE), report
