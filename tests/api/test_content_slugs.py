"""Whatever it is made of, a slug is words of ASCII joined by hyphens, names one row, and is no id."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.content.slugs import LONGEST, SlugPool, free_slug, slug_of
from api.models import Post, Tag
from tests.factories import make_post, make_tag

SLUG = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")


@given(st.text(max_size=300))
def test_any_text_makes_a_slug(text: str) -> None:
    slug = slug_of(text, kind="post")
    assert SLUG.fullmatch(slug)
    assert len(slug) <= LONGEST
    assert not slug.isdigit()
    assert slug != "trending"


@pytest.mark.parametrize(
    ("text", "slug"),
    [
        pytest.param("Does beer go bad?", "does-beer-go-bad", id="words"),
        pytest.param("Don't", "dont", id="an apostrophe joins"),
        pytest.param("Crème brûlée", "creme-brulee", id="accents go"),
        pytest.param("2020", "post-2020", id="all digits would be an id"),
        pytest.param("Trending", "post-trending", id="reserved for a page"),
        pytest.param("  ---  ", "post", id="no word at all"),
        pytest.param("C#", "c-sharp", id="told apart from C"),
        pytest.param("word " * 40, "-".join(["word"] * 16), id="cut between words"),
        pytest.param("x" * 200, "x" * 80, id="cut inside a word that is too long"),
    ],
)
def test_slug_says_what_the_text_says(text: str, slug: str) -> None:
    assert slug_of(text, kind="post") == slug


@pytest.mark.django_db
def test_first_gets_the_words_and_the_next_a_number() -> None:
    make_post(slug="a-title")
    make_post(slug="a-title-2")
    assert free_slug(Post, "Another title") == "another-title"
    assert free_slug(Post, "A title") == "a-title-3"


@pytest.mark.django_db
def test_row_keeps_its_own_slug() -> None:
    post = make_post(slug="a-title")
    assert free_slug(Post, "A title", keep=post.pk) == "a-title"


@pytest.mark.django_db
def test_deleted_post_keeps_its_slug_to_itself() -> None:
    make_post(slug="a-title", deleted_at="2024-01-01T00:00Z")
    assert free_slug(Post, "A title") == "a-title-2"


@pytest.mark.django_db
def test_number_fits_behind_the_longest_slug() -> None:
    make_post(slug="x" * 80)
    assert free_slug(Post, "x" * 90) == "x" * 78 + "-2"


@pytest.mark.django_db
def test_very_common_title_takes_few_queries(django_assert_max_num_queries) -> None:
    Tag.objects.bulk_create(Tag(name="a", slug=f"a-{number}") for number in range(2, 1000))
    make_tag(slug="a")
    with django_assert_max_num_queries(6):
        assert free_slug(Tag, "a") == "a-1000"
    with django_assert_max_num_queries(8):
        assert SlugPool(Tag).take(["a", "b", "a"]) == ["a-1000", "b", "a-1001"]


@pytest.mark.django_db
def test_pool_gives_no_slug_twice_within_a_batch_or_between_batches() -> None:
    pool = SlugPool(Tag)
    first = pool.take(["ale", "ale-2", "ale", "Ale!", "stout"])
    assert first == ["ale", "ale-2", "ale-3", "ale-4", "stout"]
    Tag.objects.bulk_create(Tag(name=slug, slug=slug) for slug in first)
    assert pool.take(["stout", "ale", "ale"]) == ["stout-2", "ale-5", "ale-6"]


@pytest.mark.django_db
def test_pool_knows_what_is_in_the_table() -> None:
    make_tag(slug="ale")
    make_tag(slug="ale-2")
    assert SlugPool(Tag).take(["ale", "lager"]) == ["ale-3", "lager"]
