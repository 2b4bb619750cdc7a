"""What a write says is what the next read shows, with every counter right."""

from __future__ import annotations

from datetime import timedelta
from unittest import mock

import pytest
from django.db import IntegrityError
from django.utils import timezone

from api import authoring
from api.models import Author, Category, Post, Tag
from tests.api.writers import DRAFTS, POSTS, Writer, assert_counters_are_right, assert_problem
from tests.factories import make_category, make_post, make_tag

BODY = "<p>Both are <em>beer</em>.</p>"
TOMORROW = timedelta(days=1)


def new_post(**members: object) -> dict[str, object]:
    return {"title": "Ale and lager", "body": BODY, "category": make_category().slug, **members}


def read(writer: Writer, url: str) -> object:
    response = writer.get(url)
    assert response.status_code == 200
    return response.json()


# Creating


def test_new_post_is_a_draft_that_only_its_author_finds(writer: Writer, client) -> None:
    response = writer.post(POSTS, new_post())
    assert response.status_code == 201
    location = response["Location"]
    assert location == f"{DRAFTS}{response.json()['id']}/" == response["Content-Location"]
    assert response.json()["status"] == "draft"
    assert read(writer, location) == response.json()
    assert client.get(response.json()["url"]).status_code == 404


def test_new_post_shows_what_was_sent_and_what_follows_from_it(writer: Writer) -> None:
    tags = [make_tag(name="a"), make_tag(name="b")]
    category = make_category()
    sent = {
        "title": " Ale & lager ",
        "body": BODY,
        "category": category.pk,
        "tags": [tags[1].slug, tags[0].pk],
    }
    post = writer.post(POSTS, sent).json()
    assert post["title"] == "Ale & lager"
    assert post["slug"] == "ale-lager"
    assert post["excerpt"] == "Both are beer."
    assert post["author"]["id"] == writer.author.pk
    assert post["category"]["id"] == category.pk
    assert [tag["name"] for tag in post["tags"]] == ["a", "b"]
    assert Post.objects.get(pk=post["id"]).text == "Both are beer."


def test_body_is_sanitised(writer: Writer) -> None:
    post = writer.post(POSTS, new_post(body='<p onclick="x()">Hi</p><script>x()</script>')).json()
    assert post["body"] == "<p>Hi</p>"


def test_two_posts_of_one_title_get_slugs_of_their_own(writer: Writer) -> None:
    slugs = [writer.post(POSTS, new_post()).json()["slug"] for _ in range(3)]
    assert slugs == ["ale-and-lager", "ale-and-lager-2", "ale-and-lager-3"]


def test_slug_that_is_taken_while_we_look_is_not_given_twice(writer: Writer) -> None:
    make_post(slug="ale-and-lager")
    with mock.patch.object(authoring, "free_slug", side_effect=["ale-and-lager", "ale-and-lager-2"]):
        response = writer.post(POSTS, new_post())
    assert response.json()["slug"] == "ale-and-lager-2"


def test_chosen_slug_is_kept(writer: Writer) -> None:
    assert writer.post(POSTS, new_post(slug="beer-2")).json()["slug"] == "beer-2"


@pytest.mark.parametrize(
    "slug", ["42", "trending", "Ale", "ale_lager", "-ale", "", "a" * 81, "naïve", 7, None]
)
def test_slug_that_a_url_means_something_else_by_is_refused(writer: Writer, slug: object) -> None:
    assert set(assert_problem(writer.post(POSTS, new_post(slug=slug)), 400)["errors"]) == {"slug"}


def test_slug_of_another_post_is_refused_even_if_that_is_deleted(writer: Writer) -> None:
    make_post(slug="taken", deleted_at=timezone.now())
    assert "another post" in str(
        assert_problem(writer.post(POSTS, new_post(slug="taken")), 400)["errors"]["slug"]
    )


# Replacing and changing


def test_put_replaces_everything_but_the_slug(writer: Writer) -> None:
    post = make_post(author=writer.author, tags=[make_tag()], excerpt="By hand.", slug="kept")
    response = writer.put(f"{POSTS}{post.pk}/", new_post(title="New"))
    assert response.status_code == 200
    document = response.json()
    assert (document["title"], document["slug"], document["tags"]) == ("New", "kept", [])
    assert document["excerpt"] == "Both are beer."
    assert read(writer, f"{POSTS}kept/") == document


def test_put_needs_what_creating_needs(writer: Writer) -> None:
    post = make_post(author=writer.author)
    problem = assert_problem(writer.put(f"{POSTS}{post.pk}/", {}), 400)
    assert set(problem["errors"]) == {"title", "body", "category"}


def test_patch_changes_what_it_names_and_nothing_else(writer: Writer) -> None:
    tag = make_tag()
    post = make_post(author=writer.author, tags=[tag], excerpt="By hand.")
    before = read(writer, f"{POSTS}{post.pk}/")
    after = writer.patch(f"{POSTS}{post.slug}/", {"title": "New"}).json()
    differing = {name for name in before if before[name] != after[name]}
    assert differing == {"title", "updated_at"}


def test_empty_patch_changes_nothing_at_all(writer: Writer) -> None:
    post = make_post(author=writer.author)
    before = writer.get(f"{POSTS}{post.pk}/")
    assert writer.patch(f"{POSTS}{post.pk}/", {}).content == before.content


def test_excerpt_follows_the_body_until_somebody_writes_one(writer: Writer) -> None:
    url = writer.post(POSTS, new_post()).json()["url"]
    assert writer.patch(url, {"body": "<p>Second.</p>"}).json()["excerpt"] == "Second."
    assert writer.patch(url, {"excerpt": "By hand."}).json()["excerpt"] == "By hand."
    assert writer.patch(url, {"body": "<p>Third.</p>"}).json()["excerpt"] == "By hand."
    assert writer.patch(url, {"excerpt": ""}).json()["excerpt"] == "Third."


def test_text_follows_the_body(writer: Writer) -> None:
    post = make_post(author=writer.author)
    writer.patch(f"{POSTS}{post.pk}/", {"body": "<p>Found by search.</p>"})
    assert Post.objects.get(pk=post.pk).text == "Found by search."


def test_old_slug_leads_nowhere_after_a_change(writer: Writer) -> None:
    post = make_post(author=writer.author, slug="old")
    writer.patch(f"{POSTS}{post.pk}/", {"slug": "new"})
    assert writer.get(f"{POSTS}old/").status_code == 404
    assert writer.get(f"{POSTS}new/").status_code == 200


def test_own_slug_may_be_sent_again(writer: Writer) -> None:
    post = make_post(author=writer.author)
    assert writer.patch(f"{POSTS}{post.pk}/", {"slug": post.slug}).status_code == 200


def test_answer_to_a_write_is_byte_for_byte_the_next_read(writer: Writer, client) -> None:
    post = make_post(author=writer.author)
    answer = writer.patch(f"{POSTS}{post.pk}/", {"title": "New"})
    assert answer.content == client.get(answer["Content-Location"]).content


def test_change_is_dated(writer: Writer) -> None:
    post = make_post(author=writer.author)
    writer.patch(f"{POSTS}{post.pk}/", {"tags": [make_tag().pk]})
    assert Post.objects.get(pk=post.pk).updated_at > post.updated_at


# Publishing and archiving


def test_publishing_a_draft_makes_it_public_now(writer: Writer, client) -> None:
    post = writer.post(POSTS, new_post()).json()
    response = writer.post(f"{post['url']}publish/")
    assert response.status_code == 200
    assert response["Content-Location"] == post["url"]
    assert "status" not in response.json()
    assert client.get(post["url"]).content == response.content
    assert client.get(POSTS).json()["results"][0]["id"] == post["id"]


def test_post_may_be_published_at_a_moment_to_come(writer: Writer, client) -> None:
    post = writer.post(POSTS, new_post()).json()
    response = writer.post(
        f"{post['url']}publish/", {"published_at": (timezone.now() + TOMORROW).isoformat()}
    )
    assert response.json()["status"] == "scheduled"
    assert response["Content-Location"] == f"{DRAFTS}{post['id']}/"
    assert client.get(post["url"]).status_code == 404
    assert writer.post(f"{post['url']}publish/").status_code == 200
    assert client.get(post["url"]).status_code == 200


def test_publishing_twice_changes_nothing(writer: Writer) -> None:
    post = make_post(author=writer.author)
    before = writer.get(f"{POSTS}{post.pk}/").content
    assert writer.post(f"{POSTS}{post.pk}/publish/").content == before


def test_archived_post_keeps_its_date_when_it_is_published_again(writer: Writer, client) -> None:
    post = make_post(author=writer.author)
    archived = writer.post(f"{POSTS}{post.pk}/archive/")
    assert archived.json()["status"] == "archived"
    assert client.get(f"{POSTS}{post.pk}/").status_code == 404
    assert writer.post(f"{POSTS}{post.pk}/archive/").content == archived.content
    writer.post(f"{POSTS}{post.pk}/publish/")
    assert Post.objects.get(pk=post.pk).published_at == post.published_at


@pytest.mark.parametrize(
    "moment",
    [
        "2024-01-01",
        "2024-01-01T00:00:00",
        "20240101T000000Z",
        "2024-13-01T00:00:00Z",
        "0000-01-01T00:00:00Z",
        "0001-01-01T00:00:00+14:00",
        "9999-12-31T23:59:59-14:00",
        "now",
        "",
        1704067200,
        True,
        None,
        [],
        {},
    ],
)
def test_moment_that_could_mean_several_is_refused(writer: Writer, moment: object) -> None:
    post = make_post(author=writer.author)
    problem = assert_problem(writer.post(f"{POSTS}{post.pk}/publish/", {"published_at": moment}), 400)
    assert set(problem["errors"]) == {"published_at"}


# Deleting


def test_deleted_post_is_gone_for_everyone_and_stays_in_the_table(writer: Writer, staff: Writer) -> None:
    post = make_post(author=writer.author)
    response = writer.delete(f"{POSTS}{post.pk}/")
    assert (response.status_code, response.content) == (204, b"")
    assert "Content-Type" not in response
    for url in (f"{POSTS}{post.pk}/", f"{POSTS}{post.slug}/", f"{DRAFTS}{post.pk}/"):
        assert staff.get(url).status_code == 404
    assert_problem(writer.delete(f"{POSTS}{post.pk}/"), 404)
    assert_problem(staff.post(f"{POSTS}{post.pk}/publish/"), 404)
    assert Post.objects.get(pk=post.pk).deleted_at is not None


# Counters


def test_counters_are_right_after_each_kind_of_write(writer: Writer) -> None:
    tags = [make_tag(), make_tag(), make_tag()]
    shelves = [make_category(), make_category()]
    url = writer.post(POSTS, new_post(category=shelves[0].pk, tags=[tags[0].pk, tags[1].pk])).json()["url"]
    assert_counters_are_right()
    assert Author.objects.get(pk=writer.author.pk).post_count == 0
    steps = [
        lambda: writer.post(f"{url}publish/"),
        lambda: writer.patch(url, {"category": shelves[1].slug}),
        lambda: writer.patch(url, {"tags": [tags[1].slug, tags[2].slug]}),
        lambda: writer.put(url, new_post(category=shelves[0].pk)),
        lambda: writer.patch(url, {"tags": [tag.pk for tag in tags]}),
        lambda: writer.post(f"{url}archive/"),
        lambda: writer.patch(url, {"tags": [tags[0].pk], "category": shelves[1].pk}),
        lambda: writer.post(f"{url}publish/"),
        lambda: writer.post(f"{url}publish/", {"published_at": (timezone.now() + TOMORROW).isoformat()}),
        lambda: writer.delete(url),
    ]
    listed = []
    for step in steps:
        assert step().status_code in {200, 204}
        assert_counters_are_right()
        listed.append(Author.objects.get(pk=writer.author.pk).post_count)
    assert listed == [1, 1, 1, 1, 1, 0, 0, 1, 1, 0]


def test_counter_that_has_drifted_does_not_stop_a_write(writer: Writer) -> None:
    tag = make_tag()
    post = make_post(author=writer.author, tags=[tag])
    assert Tag.objects.get(pk=tag.pk).post_count == 0
    assert writer.post(f"{POSTS}{post.pk}/archive/").status_code == 200
    assert Tag.objects.get(pk=tag.pk).post_count == 0


# All or nothing


def test_failure_in_the_middle_of_a_write_leaves_no_trace(writer: Writer) -> None:
    post = make_post(author=writer.author)
    rows = (Post.objects.values(), Category.objects.values(), Author.objects.values(), Tag.objects.values())
    body = new_post(tags=[make_tag().pk])
    before = [list(row.order_by("pk")) for row in rows]
    with mock.patch("api.views.post_writes.post_representation", side_effect=IntegrityError):
        assert_problem(writer.put(f"{POSTS}{post.pk}/", body), 409)
        assert_problem(writer.post(POSTS, body), 409)
        assert_problem(writer.post(f"{POSTS}{post.pk}/archive/"), 409)
    assert [list(row.order_by("pk")) for row in rows] == before


def test_write_costs_a_constant_number_of_queries(writer: Writer, django_assert_max_num_queries) -> None:
    post = make_post(author=writer.author, tags=[make_tag() for _ in range(10)])
    others = [make_tag().pk for _ in range(10)]
    with django_assert_max_num_queries(16):
        writer.patch(f"{POSTS}{post.pk}/", {"title": "New"})
    with django_assert_max_num_queries(50):  # Each of twenty tags counts one post more or less.
        writer.patch(f"{POSTS}{post.pk}/", {"tags": others})
