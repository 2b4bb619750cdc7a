"""What an editor saves in the admin is safe, complete and counted, and lists stay cheap."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from api.counters import reconcile
from api.models import Author, Category, Comment, Like, Post, PostTag, Tag
from tests.factories import (
    make_author,
    make_category,
    make_comment,
    make_like,
    make_post,
    make_tag,
    make_user,
)

pytestmark = pytest.mark.django_db

MODELS = (Post, Comment, Author, Category, Tag, Like)


@pytest.fixture
def editor() -> Client:
    """Return a browser in which a superuser is logged in."""
    client = Client()
    client.force_login(make_user(is_staff=True, is_superuser=True))
    return client


def url(model: type, page: str, *args: object) -> str:
    return reverse(f"admin:api_{model._meta.model_name}_{page}", args=args)


def form_of(post: Post | None = None, **changes: object) -> dict[str, object]:
    """Return what a browser sends for the form of a post, or of a new one."""
    moment = post.published_at if post else None
    carried = list(post.post_tags.all()) if post else []
    form = {
        "title": post.title if post else "",
        "slug": post.slug if post else "",
        "excerpt": post.excerpt if post else "",
        "body": post.body if post else "",
        "status": post.status if post else "draft",
        "published_at_0": moment.date().isoformat() if moment else "",
        "published_at_1": moment.time().isoformat() if moment else "",
        "author": post.author_id if post else "",
        "category": post.category_id if post else "",
        "score": post.score if post else 0,
        "view_count": post.view_count if post else 0,
        "source_url": "",
        "licence": "",
        "post_tags-TOTAL_FORMS": len(carried),
        "post_tags-INITIAL_FORMS": len(carried),
    }
    for place, tie in enumerate(carried):
        form |= {
            f"post_tags-{place}-id": tie.pk,
            f"post_tags-{place}-post": tie.post_id,
            f"post_tags-{place}-tag": tie.tag_id,
        }
    return {**form, **changes}


def run_action(editor: Client, model: type, action: str, *rows: object) -> None:
    keys = [row.pk for row in rows]
    answer = editor.post(url(model, "changelist"), {"action": action, "_selected_action": keys})
    assert answer.status_code == 302


def assert_counted() -> None:
    assert set(reconcile().values()) == {0}


@pytest.mark.parametrize("model", MODELS)
def test_lists_searches_and_forms_are_shown(editor: Client, model: type) -> None:
    post = make_post(tags=[make_tag()])
    make_comment(post=post)
    make_like(post=post)
    row = model.objects.first()
    assert editor.get(url(model, "changelist")).status_code == 200
    assert editor.get(url(model, "changelist"), {"q": "1"}).status_code == 200
    assert editor.get(url(model, "change", row.pk)).status_code == 200


def test_list_of_posts_takes_as_many_queries_for_fifty_as_for_one(
    editor: Client, django_assert_num_queries
) -> None:
    make_post()
    with django_assert_num_queries(5) as few:
        editor.get(url(Post, "changelist"))
    for _ in range(49):
        make_post()
    with django_assert_num_queries(len(few)):
        editor.get(url(Post, "changelist"))


def test_new_post_is_sanitised_and_completed(editor: Client) -> None:
    tag = make_tag()
    tags = {"post_tags-TOTAL_FORMS": 1, "post_tags-0-tag": tag.pk}
    body = "<p>Hello</p><script>alert(1)</script>"
    form = form_of(title="Hello, World", body=body, category=make_category().pk, author=make_author().pk)
    editor.post(url(Post, "add"), {**form, **tags, "status": "published"})
    post = Post.objects.get()
    assert (post.slug, post.body, post.text, post.excerpt) == (
        "hello-world",
        "<p>Hello</p>",
        "Hello",
        "Hello",
    )
    assert post.published_at is not None
    assert Tag.objects.get().post_count == 1
    assert_counted()


@pytest.mark.parametrize("slug", ["123", "trending", "Upper", "under_score"])
def test_slug_that_would_mean_something_else_is_refused(editor: Client, slug: str) -> None:
    form = form_of(title="Hello", body="<p>x</p>", category=make_category().pk, slug=slug)
    answer = editor.post(url(Post, "add"), form)
    assert answer.status_code == 200
    assert not Post.objects.exists()


def test_changed_body_changes_what_is_derived_from_it(editor: Client) -> None:
    post = make_post(body="<p>Old.</p>", text="Old.", excerpt="Old.")
    answer = editor.post(url(Post, "change", post.pk), form_of(post, body="<p onclick='x()'>New.</p>"))
    assert answer.status_code == 302
    changed = Post.objects.get()
    assert (changed.body, changed.text, changed.excerpt) == ("<p>New.</p>", "New.", "New.")
    assert changed.updated_at > post.updated_at
    assert (changed.slug, changed.published_at) == (post.slug, post.published_at)


def test_excerpt_that_somebody_wrote_survives_a_new_body(editor: Client) -> None:
    post = make_post(body="<p>Old.</p>", text="Old.", excerpt="Written by hand.")
    editor.post(url(Post, "change", post.pk), form_of(post, body="<p>New.</p>"))
    assert Post.objects.get().excerpt == "Written by hand."


def test_saving_without_a_change_is_no_edit(editor: Client) -> None:
    post = make_post()
    editor.post(url(Post, "change", post.pk), form_of(post))
    assert Post.objects.get().updated_at == post.updated_at


def test_moved_post_is_counted_where_it_is_now(editor: Client) -> None:
    old, new = make_tag(), make_tag()
    post = make_post(tags=[old])
    reconcile()
    author, category = make_author(), make_category()
    form = form_of(post, author=author.pk, category=category.pk, **{"post_tags-0-tag": new.pk})
    assert editor.post(url(Post, "change", post.pk), form).status_code == 302
    assert Author.objects.get(pk=author.pk).post_count == 1
    assert Tag.objects.get(pk=old.pk).post_count == 0
    assert PostTag.objects.get().tag == new
    assert_counted()


def test_counter_that_moved_while_the_form_was_open_is_not_set_back(editor: Client) -> None:
    post = make_post()
    form = form_of(post, title="Another title")
    make_like(post=post)
    reconcile()
    editor.post(url(Post, "change", post.pk), form)
    assert Post.objects.get().like_count == 1


@pytest.mark.parametrize("action", ["publish_selected", "archive_selected", "delete_softly", "restore"])
def test_actions_keep_the_counters(editor: Client, action: str) -> None:
    now = timezone.now()
    posts = [
        make_post(tags=[make_tag()]),
        make_post(status=Post.Status.DRAFT, published_at=None),
        make_post(status=Post.Status.ARCHIVED),
        make_post(deleted_at=now),
    ]
    reconcile()
    run_action(editor, Post, action, *posts)
    listed = {"publish_selected": 3, "archive_selected": 0, "delete_softly": 0, "restore": 2}
    assert Post.objects.filter(listed=1).count() == listed[action]
    assert_counted()


def test_publishing_what_was_archived_keeps_its_moment(editor: Client) -> None:
    moment = datetime(2020, 1, 1, tzinfo=UTC)
    run_action(editor, Post, "publish_selected", make_post(status=Post.Status.ARCHIVED, published_at=moment))
    assert Post.objects.get().published_at == moment


def test_posts_and_comments_cannot_be_deleted_for_good(editor: Client) -> None:
    comment = make_comment()
    for row in (comment, comment.post):
        assert editor.post(url(type(row), "delete", row.pk), {"post": "yes"}).status_code == 403
    assert Comment.objects.exists()


def test_comment_is_sanitised_deleted_and_restored(editor: Client) -> None:
    comment = make_comment()
    reconcile()
    form = {"body": "<p>New<script>x</script></p>", "score": 0, "source_url": "", "licence": ""}
    assert editor.post(url(Comment, "change", comment.pk), form).status_code == 302
    assert Comment.objects.get().body == "<p>New</p>"
    for action, listed in (("delete_softly", 0), ("delete_softly", 0), ("restore", 1), ("restore", 1)):
        run_action(editor, Comment, action, comment)
        assert Comment.objects.filter(listed=1).count() == Post.objects.get().comment_count == listed


def test_deleted_author_takes_the_likes_out_of_the_counters(editor: Client) -> None:
    like = make_like()
    reconcile()
    assert editor.post(url(Author, "delete", like.author_id), {"post": "yes"}).status_code == 302
    assert Post.objects.get().like_count == 0
    assert_counted()


def test_like_is_taken_back_and_counted_no_more(editor: Client) -> None:
    like = make_like()
    reconcile()
    assert editor.post(url(Like, "delete", like.pk), {"post": "yes"}).status_code == 302
    assert Post.objects.get().like_count == 0


def test_new_author_gets_a_slug(editor: Client) -> None:
    editor.post(url(Author, "add"), {"name": "Ann Hopper", "slug": "", "user": "", "source_url": ""})
    assert Author.objects.get().slug == "ann-hopper"
