"""Django's own tests of what a cache backend must do, applied to `TieredCache`.

Not collected by pytest: `test_django_suite.py` runs this in a process with settings of its own
and Django's tests on its path.
"""

from __future__ import annotations

from asgiref.sync import async_to_sync
from cache.tests import BaseCacheTests, caches_setting_for_tests
from cache.tests_async import AsyncDummyCacheTests
from django.conf import settings
from django.core.cache import cache
from django.test import SimpleTestCase, TestCase, override_settings

from caching.tiered import l1 as tiered_l1
from caching.tiered.backend import TieredCache
from tests.caching.tiered_process import following

ALIAS = "l2"


class ThroughCoroutines:
    """A cache each of whose methods runs the asynchronous twin, so that the same must hold for it."""

    def __init__(self, location, params):
        vars(self)["_cache"] = TieredCache(location, params)

    def __getattr__(self, name):
        return getattr(self._cache, name)

    def __setattr__(self, name, value):
        setattr(self._cache, name, value)

    def __contains__(self, key):
        return self.has_key(key)


def _through_coroutine(name):
    def method(self, *arguments, **named):
        return async_to_sync(getattr(self._cache, f"a{name}"))(*arguments, **named)

    return method


for _name in (
    *("add", "clear", "decr", "decr_version", "delete", "delete_many", "get", "get_many", "get_or_set"),
    *("has_key", "incr", "incr_version", "set", "set_many", "touch"),
):
    setattr(ThroughCoroutines, _name, _through_coroutine(_name))


def _caches(backend):
    """Return Django's own configurations of caches for tests, all over one Redis."""
    return {**caches_setting_for_tests(BACKEND=backend, LOCATION=ALIAS), ALIAS: settings.CACHES[ALIAS]}


class Following:
    """With a tail, as in a worker: what is read twice comes from L1."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.enterClassContext(following())

    def test_what_is_read_is_held_in_this_process(self):
        cache.set("key", "value")
        cache.get("key")

        held = tiered_l1.l1_of(ALIAS, 0)
        assert held.get(cache.make_key("key")) is not None


@override_settings(CACHES=_caches("caching.tiered.backend.TieredCache"))
class WithoutL1Tests(BaseCacheTests, TestCase):
    """As in a process that asks Redis each time."""


@override_settings(CACHES=_caches("caching.tiered.backend.TieredCache"))
class WithL1Tests(Following, BaseCacheTests, TestCase):
    """As in a worker."""


@override_settings(CACHES=_caches(f"{__name__}.ThroughCoroutines"))
class ThroughCoroutinesTests(Following, BaseCacheTests, TestCase):
    """As in a worker, by way of the asynchronous methods."""


# Django's asynchronous tests are written for the cache that forgets everything. These of them hold
# for any cache; the others say that nothing was kept, and for us it is kept.
FOR_ANY_CACHE = (
    "test_aclear",
    "test_aclose",
    "test_adelete_many",
    "test_adelete_many_invalid_key",
    "test_aget_many_invalid_key",
    "test_aget_or_set_callable",
    "test_aset_many",
    "test_aset_many_invalid_key",
    "test_atouch",
    "test_non_existent",
)


@override_settings(CACHES={"default": settings.CACHES["default"], ALIAS: settings.CACHES[ALIAS]})
class AsyncTests(SimpleTestCase):
    """What Django's asynchronous tests demand of any cache."""

    def tearDown(self):
        cache.clear()


for _name in FOR_ANY_CACHE:
    setattr(AsyncTests, _name, getattr(AsyncDummyCacheTests, _name))
