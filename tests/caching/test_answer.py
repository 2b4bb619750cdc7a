"""From an entry and a request follows one answer, without any further work."""

from http import HTTPStatus

import orjson
import pytest

from caching import cache_status
from caching.answer import answer, redirect, refusal, unstored
from caching.conditional import Preconditions
from caching.entry import Reply
from caching.headers import PUBLIC_FIELDS, RequestFields
from caching.validators import http_date
from tests.caching.entries import BODY, NOW, entry_of

PLAIN = RequestFields(None, None)
LATER = NOW + 5


def ask(
    entry, *, accept_encoding=None, authorized=False, now=LATER, method="GET", status=None, **preconditions
):
    sent = Preconditions(**preconditions) if preconditions else None
    request = RequestFields(accept_encoding, sent, authorized)
    return answer(entry, request, method=method, now=now, cache_status=status or cache_status.HIT)


def test_a_hit_hands_out_the_block_as_it_lies_there():
    entry = entry_of()

    given = ask(entry)

    assert given.status == 200
    assert given.fields is entry.variants["identity"].full_dated
    assert given.body is entry.variants["identity"].body


def test_a_304_hands_out_the_block_as_it_lies_there():
    entry = entry_of()

    given = ask(entry, if_none_match=entry.variants["identity"].etag)

    assert (given.status, given.body) == (304, b"")
    assert given.fields is entry.variants["identity"].not_modified


def test_the_coding_that_the_client_likes_best_is_sent():
    given = ask(entry_of(), accept_encoding=b"br;q=0.5, gzip")

    assert dict(given.fields)[b"content-encoding"] == b"gzip"


def test_the_tag_of_a_coding_that_the_client_does_not_take_is_no_match():
    entry = entry_of()

    given = ask(entry, accept_encoding=b"br", if_none_match=entry.variants["gzip"].etag)

    assert given.status == 200
    assert dict(given.fields)[b"etag"] == entry.variants["br"].etag


def test_the_tag_of_another_coding_that_it_takes_is_a_match():
    entry = entry_of()
    held = entry.variants["gzip"].etag

    given = ask(entry, accept_encoding=b"br, gzip", if_none_match=held)

    assert given.status == 304
    assert dict(given.fields)[b"etag"] == held


def test_whoever_refuses_every_coding_gets_406_that_nobody_stores():
    given = ask(entry_of(), accept_encoding=b"identity;q=0")

    assert given.status == 406
    assert dict(given.fields)[b"cache-control"] == b"no-store"
    assert dict(given.fields)[b"vary"] == b"Accept-Encoding"


def test_a_failed_precondition_is_412_that_nobody_stores():
    given = ask(entry_of(), if_match=b'"another"')

    assert given.status == 412
    assert dict(given.fields)[b"cache-control"] == b"no-store"


def test_a_404_ignores_preconditions():
    entry = entry_of(status=404)

    assert ask(entry, if_none_match=b"*").status == 404
    assert ask(entry, if_none_match=entry.variants["identity"].etag).status == 404
    assert ask(entry, if_match=b'"another"').status == 404


# Last-Modified never lies (V12, V26).


def test_last_modified_is_left_out_until_its_second_has_come():
    entry = entry_of(now=1000.2)

    # The clock behind `Date` may lag by a second, so that second has to be over.
    assert b"last-modified" not in dict(ask(entry, now=1001.9).fields)
    assert dict(ask(entry, now=1002.0).fields)[b"last-modified"] == http_date(1001)


@pytest.mark.parametrize("offset", [0, 0.5, 0.9, 1, 1.5, 1.79, 1.8, 2.5, 100])
def test_last_modified_is_never_later_than_the_answer(offset):
    entry = entry_of(now=1000.2)
    server_date = int(1000.2 + offset) - 1  # The server formats its Date once a second.

    fields = dict(ask(entry, now=1000.2 + offset).fields)

    assert b"last-modified" not in fields or fields[b"last-modified"] <= http_date(server_date)


def test_a_change_within_the_same_second_is_seen_by_whoever_has_only_a_date():
    before, after = entry_of(now=1000.2), entry_of(b"/things/1/", now=1000.6, body=BODY + b" ")
    first = ask(before, now=1000.3)
    # RFC 9110 §13.1.3: a client without a Last-Modified may send the Date of the answer it has.
    date = dict(first.fields).get(b"last-modified", http_date(1000))

    for moment in (1000.7, 1001.0, 1500.0):
        assert ask(after, now=moment, if_modified_since=date).status == 200


def test_a_date_from_before_the_change_is_no_match_however_late_it_was_given():
    before, after = entry_of(now=1000.2), entry_of(now=2000.2, body=BODY + b" ")
    date = dict(ask(before, now=2000.1).fields)[b"last-modified"]

    assert ask(before, now=2000.1, if_modified_since=date).status == 304
    assert ask(after, now=2000.3, if_modified_since=date).status == 200
    assert ask(after, now=2000.3, if_modified_since=http_date(2000)).status == 200
    assert ask(after, now=2002.0, if_modified_since=http_date(2000)).status == 200
    assert ask(after, now=2002.0, if_modified_since=http_date(2001)).status == 304


# What one answer says differently.


def test_credentials_make_an_answer_public_for_browsers_and_edges():
    entry = entry_of()
    plain, given = dict(ask(entry).fields), ask(entry, authorized=True)

    fields = dict(given.fields)
    assert fields[b"cache-control"] == b"public, " + plain[b"cache-control"]
    assert fields[b"cdn-cache-control"] == b"public, " + plain[b"cdn-cache-control"]
    assert fields[b"etag"] == plain[b"etag"]
    assert given.body == entry.variants["identity"].body
    assert not plain[b"cache-control"].startswith(b"public")


def test_nobody_may_keep_an_answer_beyond_a_scheduled_change():
    entry = entry_of(changes_at=NOW + 8)

    for given in (ask(entry, now=NOW + 5), ask(entry, now=NOW + 5, if_none_match=b"*")):
        fields = dict(given.fields)
        for name in (b"cache-control", b"cdn-cache-control", b"surrogate-control"):
            # Three seconds are left, of which one may pass before the next look at the clock.
            assert fields[name] == b"max-age=2, stale-while-revalidate=0, stale-if-error=0"


@pytest.mark.parametrize("status", sorted(cache_status.UNSTORED))
def test_nobody_keeps_what_we_do_not_keep_ourselves(status):
    """An edge may have been told of the write that has overtaken a build before its answer comes."""
    for given in (ask(entry_of(), status=status), ask(entry_of(), if_none_match=b"*", status=status)):
        fields = dict(given.fields)
        for name in (b"cache-control", b"cdn-cache-control", b"surrogate-control"):
            assert fields[name] == b"max-age=0, stale-while-revalidate=0, stale-if-error=0"


@pytest.mark.parametrize("passed", [0.0, 0.4, 0.9, 5.0, 5.5, 5.9, 7.0, 7.9])
def test_the_lifetime_of_an_answer_ends_within_the_last_two_seconds_before_a_scheduled_change(passed):
    entry = entry_of(changes_at=NOW + 8)
    ask(entry, now=NOW)

    told = dict(ask(entry, now=NOW + passed).fields)[b"cdn-cache-control"]

    max_age = int(told.split(b",")[0].removeprefix(b"max-age="))
    assert max(0, 8 - passed - 2) <= max_age <= 8 - passed


def test_the_scheduled_change_of_one_answer_does_not_change_the_entry():
    entry = entry_of(changes_at=NOW + 8)
    before = list(entry.variants["identity"].full_dated)

    ask(entry, now=NOW + 5, authorized=True)

    assert entry.variants["identity"].full_dated == before


def test_a_stale_answer_says_how_old_it_is():
    fields = dict(ask(entry_of(), now=NOW + 61, status=cache_status.STALE).fields)

    assert fields[b"age"] == b"61"
    assert fields[b"cache-status"] == cache_status.STALE[1]


def test_a_fresh_answer_has_no_age():
    assert b"age" not in dict(ask(entry_of(), authorized=True).fields)


def test_a_304_with_another_cache_status_has_it_once():
    given = ask(entry_of(), if_none_match=b"*", status=cache_status.COLLAPSED)

    assert [value for name, value in given.fields if name == b"cache-status"] == [cache_status.COLLAPSED[1]]


# Errors and redirects of the front's own.


@pytest.mark.parametrize("status", [400, 406, 412, 429, 503])
def test_a_refusal_is_a_problem_that_nobody_stores(status):
    given = refusal(status, "because", fields=[(b"retry-after", b"2")], parameter="limit")

    fields = dict(given.fields)
    assert fields[b"content-type"] == b"application/problem+json"
    assert fields[b"content-length"] == b"%d" % len(given.body)
    assert fields[b"cache-control"] == b"no-store"
    assert fields[b"retry-after"] == b"2"
    assert set(PUBLIC_FIELDS) <= set(given.fields)
    assert orjson.loads(given.body) == {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": "because",
        "parameter": "limit",
    }


def test_an_answer_that_may_not_be_kept_is_sent_as_django_gave_it():
    given = unstored(Reply(500, b"{}", "application/problem+json", ((b"retry-after", b"5"),)))

    fields = dict(given.fields)
    assert (given.status, given.body) == (500, b"{}")
    assert fields[b"cache-control"] == b"no-store"
    assert fields[b"retry-after"] == b"5"


def test_a_redirect_keeps_the_method_and_says_how_long_it_holds():
    given = redirect("/things/1/", max_age=60)

    fields = dict(given.fields)
    assert (given.status, given.body) == (308, b"")
    assert fields[b"location"] == b"/things/1/"
    assert fields[b"cache-control"] == b"max-age=60"
    assert fields[b"vary"] == b"Accept-Encoding"


def test_t1_a_redirect_is_labelled_as_it_is_told():
    labels = [(b"xkey", b"all")]

    assert dict(redirect("/things/1/", max_age=60, labels=labels).fields)[b"xkey"] == b"all"
    assert b"xkey" not in dict(redirect("/things/1/", max_age=60).fields)
