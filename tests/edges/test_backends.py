"""A backend tells its edge exactly what has changed, and says why when it could not."""

from __future__ import annotations

import json

import pytest

from caching.edges.backends import http
from caching.edges.edge import Failed
from tests.edges.doubles.cloudflare import CloudflareDouble
from tests.edges.doubles.fastly import FastlyDouble
from tests.edges.doubles.server import Reply, Server
from tests.edges.told import TOKEN, Plain, address, backend


def test_plain_purge_names_the_keys_in_two_dialects(plain: Plain) -> None:
    with backend(address(plain)) as told:
        told.purge(["post:1", "any"], is_hard=True)

    (call,) = plain.calls
    assert (call.method, call.path) == ("PURGE", "/labels")
    assert call.fields["Surrogate-Key"] == "post:1 any"
    assert call.fields["Cache-Tag"] == "post:1,any"
    assert "Fastly-Soft-Purge" not in call.fields


@pytest.mark.parametrize("path", ["", "/"])
def test_plain_purge_without_a_path_is_for_the_root(plain: Plain, path: str) -> None:
    with backend(f"purge://127.0.0.1:{plain.port}{path}") as told:
        told.purge(["post:1"], is_hard=False)

    assert plain.calls[0].path == "/"


@pytest.mark.parametrize("kind", ["fastly", "cloudflare"])
def test_a_vendor_is_told_softly_only_if_it_is_configured_so(
    request: pytest.FixtureRequest, kind: str
) -> None:
    vendor = request.getfixturevalue(kind)

    with backend(address(vendor)) as told:
        told.purge(["post:1", "post:9"], is_hard=False)
    assert (vendor.objects.fresh, vendor.objects.stale) == ({"/b"}, set())

    with backend(f"{address(vendor)}&soft=on") as told:
        told.purge(["post:2"], is_hard=False)
        assert vendor.objects.stale == {"/b"}
        told.purge(["post:2"], is_hard=True)
    assert not vendor.objects.fresh | vendor.objects.stale


def test_plain_purge_is_soft_only_if_it_is_configured_so(plain: Plain) -> None:
    for query, is_hard in (("", False), ("?soft=on", False), ("?soft=on", True)):
        with backend(address(plain) + query) as told:
            told.purge(["post:1"], is_hard=is_hard)

    assert ["Fastly-Soft-Purge" in call.fields for call in plain.calls] == [False, True, False]


def test_keys_go_to_a_vendor_in_the_body(fastly: FastlyDouble, cloudflare: CloudflareDouble) -> None:
    for vendor in (fastly, cloudflare):
        with backend(address(vendor)) as told:
            told.purge(["post:1", "any"], is_hard=True)

    assert fastly.calls[0].json == {"surrogate_keys": ["post:1", "any"]}
    assert cloudflare.calls[0].json == {"tags": ["post:1", "any"]}


def test_everything_at_fastly_can_be_soft(fastly: FastlyDouble) -> None:
    with backend(f"{address(fastly)}&soft=on") as told:
        told.purge(["all"], is_hard=False)

    assert fastly.objects.stale == {"/a", "/b"}


def test_the_largest_call_is_within_what_the_edge_takes(double: Server) -> None:
    with backend(address(double)) as told:
        keys = [f"{number:0>32}" for number in range(min(told.most_keys, told.most_bytes // 33))]
        told.purge(keys, is_hard=True)

    (call,) = double.calls
    said = call.json or call.fields["Surrogate-Key"].split()
    assert keys in (said, *(said.values() if isinstance(said, dict) else ()))


def test_an_interface_may_be_below_a_path(fastly: FastlyDouble) -> None:
    with backend(f"{address(fastly)}/proxy/") as told, pytest.raises(Failed):
        told.purge(["post:1"], is_hard=True)

    assert fastly.calls[0].path == f"/proxy/service/{fastly.service}/purge"


def failure(double: Server, *replies: Reply, **tokens: str) -> Failed:
    """Return how a call fails that is answered like this."""
    double.instead(*replies)
    with backend(address(double), **tokens) as told, pytest.raises(Failed) as failed:
        told.purge(["post:1"], is_hard=True)
    return failed.value


def test_a_wrong_token_is_named_by_its_variable_and_not_shown(double: Server) -> None:
    wrong = dict.fromkeys(("PURGE_TOKEN", "FASTLY_TOKEN", "CLOUDFLARE_TOKEN"), "some-other-secret")

    failed = failure(double, **wrong)

    assert "it does not accept READPATH_" in failed.reason
    assert "401" in failed.reason
    assert "some-other-secret" not in failed.reason


@pytest.mark.parametrize(
    "before", [pytest.param("", id="alone"), pytest.param("x" * 190, id="where it is cut")]
)
@pytest.mark.parametrize(("kind", "status"), [("fastly", 403), ("cloudflare", 403), ("cloudflare", 200)])
def test_a_token_that_is_sent_back_is_not_shown(
    request: pytest.FixtureRequest, kind: str, status: int, before: str
) -> None:
    said = {"msg": before + TOKEN, "errors": [{"code": 1, "message": before + TOKEN}]}
    # Escaped, as JSON may be: what is compared has to be what would be shown.
    content = json.dumps(said).replace("token", "\\u0074oken").encode()

    failed = failure(request.getfixturevalue(kind), Reply(status, content))

    assert str(status) in failed.reason
    assert "the-t" not in failed.reason


@pytest.mark.parametrize(
    ("fields", "least", "most"),
    [
        pytest.param({"Retry-After": "7"}, 7, 7, id="seconds"),
        pytest.param({"Retry-After": "Wed, 21 Oct 2015 07:28:00 GMT"}, 0, 0, id="a date that is past"),
        pytest.param({"Retry-After": "Wed, 21 Oct 2115 07:28:00 GMT"}, 3600, 3600, id="a broken clock"),
        pytest.param({"Retry-After": "soon"}, None, None, id="no number"),
        pytest.param({"Retry-After": "-5"}, None, None, id="negative"),
        pytest.param({}, None, None, id="nothing"),
        pytest.param(
            {"Fastly-RateLimit-Remaining": "0", "Fastly-RateLimit-Reset": "9999999999"},
            3600,
            3600,
            id="reset",
        ),
    ],
)
def test_how_long_to_wait_is_what_the_edge_asks_for(
    double: Server, fields: dict[str, str], least: float | None, most: float | None
) -> None:
    failed = failure(double, Reply(429, {}, fields))

    assert "too often" in failed.reason
    if least is None:
        assert failed.retry_after is None
    else:
        assert failed.retry_after is not None
        assert least <= failed.retry_after <= (most or 0)


def test_a_full_bucket_at_cloudflare_says_when_to_come_again() -> None:
    # Its clock stands: however slow this machine is, nothing flows into the bucket meanwhile.
    with (
        CloudflareDouble(token=TOKEN, plan="free", clock=lambda: 0.0) as zone,
        backend(address(zone)) as told,
    ):
        for _ in range(25):
            told.purge(["post:1"], is_hard=True)
        with pytest.raises(Failed, match=r"rate limit reached.*1134") as failed:
            told.purge(["post:1"], is_hard=True)

    assert failed.value.retry_after == 12


def test_a_full_hour_at_fastly_says_when_to_come_again() -> None:
    with FastlyDouble(token=TOKEN, purges_per_hour=1) as service, backend(address(service)) as told:
        told.purge(["post:1"], is_hard=True)
        with pytest.raises(Failed, match="Too many requests") as failed:
            told.purge(["post:1"], is_hard=True)

    assert 3500 < (failed.value.retry_after or 0) <= 3600


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_redirect_is_not_followed(double: Server, plain: Plain, status: int) -> None:
    with Plain() as elsewhere:
        failed = failure(double, Reply(status, b"", {"Location": elsewhere.url}))

        assert "redirect" in failed.reason
        assert not elsewhere.calls


@pytest.mark.parametrize("status", [400, 404, 405, 500, 502, 503])
def test_an_error_is_a_failure_with_its_status(double: Server, status: int) -> None:
    assert str(status) in failure(double, Reply(status, b"<html>")).reason


def test_no_success_in_a_200_is_a_failure_at_cloudflare(cloudflare: CloudflareDouble) -> None:
    said = {"success": False, "errors": [{"code": 1107, "message": "Only some\nzones"}], "result": None}

    assert "Only some zones (1107)" in failure(cloudflare, Reply(200, said)).reason


@pytest.mark.parametrize("content", [b"", b"<html>", b"[]", b"null", b'"success"', b"\xff", b"[" * 100_000])
@pytest.mark.parametrize("kind", ["fastly", "cloudflare"])
def test_a_200_of_somebody_else_is_a_failure(
    request: pytest.FixtureRequest, kind: str, content: bytes
) -> None:
    assert "it answered" in failure(request.getfixturevalue(kind), Reply(200, content)).reason


def test_what_an_edge_says_is_shortened_to_a_piece_of_a_line(fastly: FastlyDouble) -> None:
    reason = failure(fastly, Reply(500, {"msg": "long\x1b[31m\n" * 1000, "detail": {"a": 1}})).reason

    assert len(reason) < 300
    assert reason.isprintable()


def test_an_answer_without_end_is_cut_off(double: Server) -> None:
    failed = failure(double, Reply(200, b"x" * (http.MOST_BYTES + 1)))

    assert failed.reason == f"its answer is longer than {http.MOST_BYTES} bytes"


def test_what_is_no_varnish_of_the_recipe_is_a_failure(plain: Plain) -> None:
    with (
        backend(f"varnish://127.0.0.1:{plain.port}") as told,
        pytest.raises(Failed, match="answered 200, but not as deploy/varnish"),
    ):
        told.purge(["soft"], is_hard=True)
