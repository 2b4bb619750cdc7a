"""REDIS_URL says where Redis is, and nothing else: neither to redis-py nor to whoever reads a report."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.views.debug import SafeExceptionReporterFilter

from settings.redis import crosses_a_network_in_the_clear, shared_store

PASSWORD = "pässword"


def _store(url: str, **options: Any) -> dict[str, Any]:
    return shared_store(url, timeout=0.05, **options)


@pytest.mark.parametrize(
    ("url", "location", "database"),
    [
        ("redis://redis.example", "redis://redis.example", 0),
        ("redis://redis.example:6380/", "redis://redis.example:6380/", 0),
        ("redis://a:b@redis.example:6380/12", "redis://redis.example:6380/12", 12),
        ("redis://redis.example?db=3", "redis://redis.example?db=3", 3),
        ("redis://[::1]:6379/1", "redis://[::1]:6379/1", 1),
        ("rediss://:b@redis.example/1", "rediss://redis.example/1", 1),
        ("unix:///run/redis.sock", "unix:///run/redis.sock", 0),
        ("unix://a:b@/run/redis.sock?db=4", "unix:///run/redis.sock?db=4", 4),
    ],
)
def test_an_address_is_taken_apart(url: str, location: str, database: int) -> None:
    store = _store(url)
    assert store["LOCATION"] == location
    assert store["OPTIONS"]["DB"] == database
    assert (store["OPTIONS"]["PASSWORD"] == "b") is ("b@" in url)


@pytest.mark.parametrize(
    "url",
    [
        pytest.param("http://redis.example", id="another scheme"),
        pytest.param("redis.example:6379", id="no scheme"),
        pytest.param("redis:///0", id="no host"),
        pytest.param(f"redis://:{PASSWORD}@redis.example:port/0", id="a port that is no number"),
        pytest.param(f"redis://:{PASSWORD}@redis.example:0", id="port 0"),
        pytest.param(f"redis://:{PASSWORD}@redis.example:70000", id="a port too high"),
        pytest.param(f"redis://:{PASSWORD}/x@redis.example", id="a password that is not encoded"),
        pytest.param(f"redis://:{PASSWORD}#x@redis.example", id="another one"),
        pytest.param(f"redis://:{PASSWORD}@redis.example/posts", id="a database with a name"),
        pytest.param("redis://redis.example/-1", id="a database below 0"),
        pytest.param(f"redis://:{PASSWORD}@redis.example?socket_timeout=60", id="another timeout"),
        pytest.param("unix://run/redis.sock", id="a path that is none"),
    ],
)
def test_an_address_that_is_none_is_refused_without_its_password(url: str) -> None:
    with pytest.raises(ImproperlyConfigured) as refusal:
        _store(url)
    assert str(refusal.value).startswith("REDIS_URL needs ")
    assert "unix:///path" in str(refusal.value)
    assert PASSWORD not in str(refusal.value)
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize(
    ("url", "options", "right"),
    [
        ("redis://service:6379", {"sentinels": ["a:1"]}, "SERVICE"),
        ("unix:///run/redis.sock", {"sentinels": ["a:1"]}, "SERVICE"),
        ("redis://service", {"sentinels": ["a"]}, "HOST:PORT"),
        ("redis://service", {"sentinels": ["a:b"]}, "HOST:PORT"),
        ("rediss://redis.example", {"ca_file": "/nowhere/ca.pem"}, "REDIS_CA_FILE needs a file"),
        ("redis://redis.example", {"ca_file": __file__}, "rediss://"),
        ("redis://redis.example", {"key_file": __file__}, "REDIS_KEY_FILE"),
    ],
)
def test_what_does_not_go_together_is_refused(url: str, options: dict[str, Any], right: str) -> None:
    with pytest.raises(ImproperlyConfigured, match=right):
        _store(url, **options)


def test_the_name_of_a_service_keeps_its_capitals() -> None:
    store = _store("redis://u:p@Posts/1", sentinels=["a:1", "[::1]:2"], sentinel_password=PASSWORD)
    assert store["OPTIONS"]["SERVICE"] == "Posts"
    assert store["OPTIONS"]["SENTINELS"] == [("a", 1), ("::1", 2)]
    assert store["OPTIONS"]["SENTINEL_KWARGS"] == {"password": PASSWORD}


def test_an_error_report_shows_no_password(tmp_path: Path) -> None:
    store = _store(f"redis://user:{PASSWORD}@service", sentinels=["a:1"], sentinel_password=PASSWORD)
    assert PASSWORD not in repr(SafeExceptionReporterFilter().cleanse_setting("CACHES", {"l2": store}))


@pytest.mark.parametrize(
    ("url", "options", "is_clear"),
    [
        ("redis://redis.example", {}, True),
        ("redis://10.0.0.1:6379", {}, True),
        ("redis://127.0.0.1:6379", {}, False),
        ("redis://[::1]:6379", {}, False),
        ("redis://localhost", {}, False),
        ("rediss://redis.example", {}, False),
        ("unix:///run/redis.sock", {}, False),
        ("redis://service", {"sentinels": ["127.0.0.1:26379"]}, True),
        ("rediss://service", {"sentinels": ["127.0.0.1:26379"]}, False),
    ],
)
def test_what_crosses_a_network_in_the_clear_is_known(
    url: str,
    options: dict[str, Any],
    is_clear: bool,  # noqa: FBT001
) -> None:
    assert crosses_a_network_in_the_clear(_store(url, **options)) is is_clear
