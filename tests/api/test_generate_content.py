"""Generated content is the same for the same seed, skewed like a real site's, and consistent."""

from __future__ import annotations

import subprocess
import sys
from io import StringIO
from itertools import pairwise
from pathlib import Path
from statistics import mean, median

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.db.models import F, Max

from api.content.html import excerpt_of, plain_text, sanitise
from api.counters import reconcile
from api.models import Author, Category, Comment, Like, Post, PostTag, Tag
from tests.factories import make_post

pytestmark = pytest.mark.django_db

UNTIL = "2024-06-01T12:00:00"
MODELS = (Author, Category, Tag, Post, Comment, Like)


def generate(posts: int = 150, seed: int = 1, **options: object) -> str:
    """Generate posts; return what the command says."""
    out = StringIO()
    call_command("generate_content", posts=posts, seed=seed, until=UNTIL, stdout=out, **options)
    return out.getvalue()


def everything() -> dict[str, list[dict[str, object]]]:
    """Return all rows, with keys counted from the table's first one."""
    first = {model: model.objects.earliest("pk").pk for model in MODELS}
    relations = {
        "id": None,
        "author_id": Author,
        "category_id": Category,
        "post_id": Post,
        "parent_id": Comment,
    }

    def row_of(model: type, row: dict[str, object]) -> dict[str, object]:
        return {
            name: value - first[relations[name] or model]
            if name in relations and value is not None
            else value
            for name, value in row.items()
        }

    tables = {
        model.__name__: [row_of(model, row) for row in model.objects.order_by("pk").values()]
        for model in MODELS
    }
    carried = PostTag.objects.order_by("post", "tag").values_list(
        "post__slug", "tag__slug", "score", "listed"
    )
    return {**tables, "PostTag": [dict(enumerate(row)) for row in carried]}


def forget_everything() -> None:
    for model in (Like, Comment, PostTag, Post, Tag, Category, Author):
        model.objects.all().delete()


def test_same_seed_makes_the_same_content() -> None:
    generate(seed=7)
    first = everything()
    forget_everything()
    generate(seed=7)
    assert everything() == first


def test_another_seed_makes_other_content() -> None:
    generate(posts=20, seed=7)
    first = list(Post.objects.values_list("title", flat=True))
    forget_everything()
    generate(posts=20, seed=8)
    assert list(Post.objects.values_list("title", flat=True)) != first


def test_content_has_passed_the_sanitiser() -> None:
    generate()
    for post in Post.objects.all():
        assert sanitise(post.body) == post.body
        assert plain_text(post.body) == post.text
        assert excerpt_of(post.text) == post.excerpt
    assert all(sanitise(body) == body for body in Comment.objects.values_list("body", flat=True))


def test_counters_and_copies_are_right() -> None:
    generate()
    assert set(reconcile().values()) == {0}
    drifted = PostTag.objects.exclude(
        listed=F("post__listed"), score=F("post__score"), view_count=F("post__view_count")
    )
    assert PostTag.objects.exists()
    assert not drifted.exists()


def test_posts_are_newer_the_higher_their_id_and_a_few_are_still_to_come() -> None:
    generate(posts=200)
    moments = list(Post.objects.order_by("pk").values_list("created_at", flat=True))
    assert all(earlier <= later for earlier, later in pairwise(moments))
    assert (moments[-1] - moments[0]).days > 5 * 365
    scheduled = Post.objects.filter(published_at__gt=UNTIL + "Z")
    assert 1 <= scheduled.count() <= 5
    assert not scheduled.exclude(status=Post.Status.PUBLISHED).exists()
    assert not Comment.objects.filter(created_at__gt=UNTIL + "Z").exists()


def test_some_posts_are_drafts_and_some_archived() -> None:
    generate()
    assert Post.objects.filter(status=Post.Status.DRAFT, published_at=None).exists()
    assert Post.objects.filter(status=Post.Status.ARCHIVED).exists()
    assert Post.objects.filter(listed=1).count() > 130


def test_few_are_popular_and_many_are_not() -> None:
    generate(posts=1_000)
    views = list(Post.objects.filter(view_count__gt=0).values_list("view_count", flat=True))
    comments = list(Post.objects.filter(listed=1).values_list("comment_count", flat=True))
    assert mean(views) > 3 * median(views)
    assert max(comments) > 10 * (mean(comments) or 1)
    assert Author.objects.aggregate(most=Max("post_count"))["most"] > 3 * 1_000 / Author.objects.count()
    assert Tag.objects.latest("post_count").post_count > 50
    assert Comment.objects.filter(parent__isnull=False).exists()


def test_first_of_each_kind_gets_the_share_that_is_asked_for() -> None:
    generate(posts=300, lead=70)
    most = {model: model.objects.order_by("-post_count").first() for model in (Author, Category, Tag)}
    listed = Post.objects.filter(listed=1).count()
    assert {model: found.pk == model.objects.earliest("pk").pk for model, found in most.items()} == {
        Author: True,
        Category: True,
        Tag: True,
    }
    assert 0.6 < most[Author].post_count / listed < 0.8
    assert 0.6 < most[Category].post_count / listed < 0.8
    assert most[Tag].post_count / listed > 0.7
    assert Author.objects.filter(post_count__gt=0).count() > 10


def test_replies_answer_comments_of_their_own_post() -> None:
    generate()
    assert not Comment.objects.filter(parent__isnull=False).exclude(parent__post=F("post")).exists()


def test_second_run_adds_to_the_first() -> None:
    generate(posts=30)
    generate(posts=30)
    assert Post.objects.count() == 60
    assert Post.objects.values("slug").distinct().count() == 60
    assert Category.objects.values("name").distinct().count() == Category.objects.count()
    assert set(reconcile().values()) == {0}


def test_content_of_our_own_is_left_alone() -> None:
    ours = make_post()
    before = Post.objects.filter(pk=ours.pk).values().get()
    generate(posts=30)
    assert Post.objects.filter(pk=ours.pk).values().get() == before


def test_rows_that_come_later_get_keys_of_their_own() -> None:
    generate(posts=30)
    assert make_post().pk > Post.objects.order_by("-pk")[1].pk


def test_command_says_what_it_made() -> None:
    said = generate(posts=30)
    assert "posts                   30" in said
    assert f"comments      {Comment.objects.count():>12,}" in said


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        ({"posts": "many"}, "--posts needs a whole number, got 'many'"),
        ({"posts": "0"}, "need 1 <= --posts"),
        ({"posts": "-3"}, "need 1 <= --posts"),
        ({"seed": "x"}, "--seed needs a whole number, got 'x'"),
        ({"lead": "x"}, "--lead needs a whole number, got 'x'"),
        ({"lead": "0"}, "need 1 <= --lead <= 99, got 0"),
        ({"lead": "100"}, "need 1 <= --lead <= 99, got 100"),
        ({"until": "tomorrow"}, "--until needs a moment"),
    ],
)
def test_bad_argument_is_one_line_and_status_two(options: dict[str, str], complaint: str) -> None:
    with pytest.raises(CommandError, match=complaint) as refused:
        call_command("generate_content", **options)
    assert refused.value.returncode == 2
    assert len(str(refused.value).splitlines()) == 1
    assert not Post.objects.exists()


@pytest.mark.skipif(connection.vendor == "postgresql", reason="it takes --bulk")
def test_bulk_is_for_postgresql() -> None:
    with pytest.raises(CommandError, match=f"--bulk needs PostgreSQL, got {connection.vendor}") as refused:
        call_command("generate_content", bulk=True)
    assert refused.value.returncode == 2
    assert not Post.objects.exists()


def test_shell_sees_one_line_and_status_two() -> None:
    root = Path(__file__).resolve().parents[2]
    command = [sys.executable, "manage.py", "generate_content", "--posts", "many"]
    finished = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False, timeout=60)
    assert finished.returncode == 2
    assert finished.stderr == "CommandError: --posts needs a whole number, got 'many'\n"
