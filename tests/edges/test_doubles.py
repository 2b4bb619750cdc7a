"""The doubles do what the vendors' references say, so what passes here would pass there."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.edges.doubles import cloudflare, fastly
from tests.edges.doubles.cloudflare import CloudflareDouble
from tests.edges.doubles.fastly import FastlyDouble

# Not used, and made once: it takes longer than a test.
TLS = ssl.create_default_context()


def post_json(url: str, *, headers: dict[str, str], json: Any = None) -> httpx.Response:
    """Send one request on a connection of its own."""
    return httpx.post(url, json=json, headers=headers, verify=TLS)


class Clock:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def vendor(clock: Clock) -> Iterator[FastlyDouble]:
    with FastlyDouble(purges_per_hour=5, clock=clock, scopes=["purge_select"]) as double:
        double.keep("/a", "post:1 posts all")
        double.keep("/b", "post:2 posts all")
        yield double


@pytest.fixture
def zone(clock: Clock) -> Iterator[CloudflareDouble]:
    with CloudflareDouble(plan="free", clock=clock) as double:
        double.keep("/a", "post:1,posts, all")
        double.keep("/b", "Post:2,posts,all")
        yield double


def post(
    vendor: FastlyDouble, path: str = "/purge", *, json: Any = None, **fields: str
) -> tuple[int, dict[str, Any]]:
    given = {name.replace("_", "-"): value for name, value in fields.items()}
    headers = {"Fastly-Key": vendor.token, **given}
    answer = post_json(f"{vendor.url}/service/{vendor.service}{path}", json=json, headers=headers)
    return answer.status_code, answer.json()


def purge(
    zone: CloudflareDouble, json: Any, *, action: str = "purge_cache", **headers: str
) -> tuple[int, dict[str, Any]]:
    headers = headers or {"Authorization": f"Bearer {zone.token}"}
    answer = post_json(f"{zone.url}/client/v4/zones/{zone.zone}/{action}", json=json, headers=headers)
    return answer.status_code, answer.json()


def test_fastly_purges_a_batch_and_names_each_key(vendor: FastlyDouble) -> None:
    status, said = post(vendor, json={"surrogate_keys": ["post:1", "post:9"]})

    assert (status, set(said)) == (200, {"post:1", "post:9"})
    assert vendor.objects.fresh == {"/b"}
    assert not vendor.objects.stale


def test_fastly_takes_keys_in_a_field_and_one_in_the_path(vendor: FastlyDouble) -> None:
    assert post(vendor, Surrogate_Key="post:1 post:3")[0] == 200
    assert post(vendor, "/purge/post%3A2")[1]["status"] == "ok"
    assert not vendor.objects.fresh


def test_a_soft_purge_leaves_what_is_stale(vendor: FastlyDouble) -> None:
    post(vendor, json={"surrogate_keys": ["posts"]}, Fastly_Soft_Purge="1")

    assert (vendor.objects.fresh, vendor.objects.stale) == (set(), {"/a", "/b"})


@pytest.mark.parametrize(
    ("path", "json", "fields", "status"),
    [
        pytest.param("/purge", {"surrogate_keys": ["a"]}, {"Fastly_Key": "wrong"}, 401, id="token"),
        pytest.param("/purge_all", None, {}, 403, id="scope"),
        pytest.param("/else", None, {}, 404, id="path"),
        pytest.param("/purge", {"surrogate_keys": ["a"] * 257}, {}, 400, id="keys"),
        pytest.param("/purge", {"surrogate_keys": ["a" * 1025]}, {}, 400, id="key"),
        pytest.param("/purge", {"keys": ["a"]}, {}, 400, id="body"),
        pytest.param("/purge", None, {}, 400, id="nothing"),
    ],
)
def test_fastly_says_no_with_a_message(
    vendor: FastlyDouble, path: str, json: Any, fields: dict[str, str], status: int
) -> None:
    answered, said = post(vendor, path, json=json, **fields)

    assert answered == status
    assert said["msg"]
    assert vendor.objects.fresh == {"/a", "/b"}


def test_fastly_counts_purges_by_the_hour(vendor: FastlyDouble, clock: Clock) -> None:
    statuses = [post(vendor, json={"surrogate_keys": ["none"]})[0] for _ in range(6)]
    clock.now += fastly.HOUR

    assert statuses == [200] * 5 + [429]
    assert post(vendor, json={"surrogate_keys": ["none"]})[0] == 200


def test_fastly_loses_keys_past_the_limit_of_the_field(vendor: FastlyDouble) -> None:
    vendor.keep("/long", " ".join(["k" * 100] * 170) + " last")
    post(vendor, json={"surrogate_keys": ["last"]})

    assert "/long" in vendor.objects.fresh


def test_cloudflare_purges_tags_whatever_their_case(zone: CloudflareDouble) -> None:
    status, said = purge(zone, {"tags": ["POST:1", "post:2"]})

    assert (status, said["success"], said["errors"]) == (200, True, [])
    assert said["result"] == {"id": zone.zone}
    assert not zone.objects.fresh


def test_cloudflare_invalidates_softly(zone: CloudflareDouble) -> None:
    purge(zone, {"tags": ["post:1"]}, action="invalidate_cache")

    assert (zone.objects.fresh, zone.objects.stale) == ({"/b"}, {"/a"})


def test_cloudflare_purges_everything(zone: CloudflareDouble) -> None:
    assert purge(zone, {"purge_everything": True})[0] == 200
    assert not zone.objects.fresh


@pytest.mark.parametrize(
    ("json", "headers", "status", "code"),
    [
        pytest.param({"tags": ["a"]}, {"Authorization": "Bearer wrong"}, 401, 10000, id="token"),
        pytest.param({"tags": ["a"]}, {"Authorization": "Basic x"}, 400, 6003, id="scheme"),
        pytest.param({"tags": ["a"]}, {"Accept": "*/*"}, 400, 9106, id="no token"),
        pytest.param({"tags": ["a"] * 101}, {}, 400, 1000, id="tags"),
        pytest.param({}, {}, 400, 1012, id="nothing"),
        pytest.param({"tags": ["a"], "purge_everything": True}, {}, 400, 1092, id="both"),
    ],
)
def test_cloudflare_says_no_with_a_number(
    zone: CloudflareDouble, json: Any, headers: dict[str, str], status: int, code: int
) -> None:
    answered, said = purge(zone, json, **headers)

    assert (answered, said["success"], said["errors"][0]["code"]) == (status, False, code)
    assert zone.objects.fresh == {"/a", "/b"}


def test_cloudflare_refuses_a_token_that_may_not_purge() -> None:
    with CloudflareDouble(may_purge=False) as zone:
        assert purge(zone, {"tags": ["a"]})[0] == 403


def test_cloudflare_fills_a_bucket_by_the_plan(zone: CloudflareDouble, clock: Clock) -> None:
    url, headers = (
        f"{zone.url}/client/v4/zones/{zone.zone}/purge_cache",
        {"Authorization": f"Bearer {zone.token}"},
    )
    answers = [post_json(url, json={"tags": ["a"]}, headers=headers) for _ in range(26)]
    clock.now += 12
    answers.append(post_json(url, json={"tags": ["a"]}, headers=headers))

    assert [answer.status_code for answer in answers] == [200] * 25 + [429, 200]
    assert answers[25].headers["Retry-After"] == "12"
    assert answers[25].json()["errors"][0]["code"] == 1134
    assert zone.refused == 1


def test_cloudflare_knows_nothing_at_other_paths(zone: CloudflareDouble) -> None:
    answer = post_json(
        f"{zone.url}/client/v4/zones/0/purge_cache",
        headers={"Authorization": f"Bearer {zone.token}"},
    )

    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (404, 7003)


def test_cloudflare_loses_tags_past_the_limit_of_the_field(zone: CloudflareDouble) -> None:
    zone.keep("/long", ",".join(["t" * 100] * 170) + ",last")
    purge(zone, {"tags": ["last"]})

    assert cloudflare.LONGEST_FIELD < 170 * 101
    assert "/long" in zone.objects.fresh


def test_a_double_that_was_stopped_listens_where_it_did(vendor: FastlyDouble) -> None:
    port = vendor.port
    vendor.stop()
    with pytest.raises(httpx.ConnectError):
        post(vendor, json={"surrogate_keys": ["post:1"]})
    vendor.start()

    assert vendor.port == port
    assert post(vendor, json={"surrogate_keys": ["post:1"]})[0] == 200
