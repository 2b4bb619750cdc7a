"""Every public read shows exactly its fields, in a constant number of queries, whoever asks and however."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone
from rest_framework.authtoken.models import Token

from api.models import Post
from api.serializers.authors import AuthorItem
from api.serializers.categories import CategoryItem
from api.serializers.comments import CommentItem
from api.serializers.posts import PostDetail, PostItem
from api.serializers.tags import TagItem
from querysets import projections
from tests.api.walking import get, ids
from tests.factories import make_author, make_category, make_comment, make_post, make_tag, make_user

pytestmark = pytest.mark.django_db

MOMENT = datetime(2024, 3, 1, 12, tzinfo=UTC)


@pytest.fixture
def post() -> Post:
    """Return a post with everything that a post can have."""
    return make_post(
        title="Pale ale",
        slug="pale-ale",
        excerpt="On hops.",
        body="<p>Hops.</p>",
        author=make_author(name="Jane", slug="jane", source_url="https://example.org/jane"),
        category=make_category(name="Beer", slug="beer"),
        tags=[make_tag(name="ipa", slug="ipa"), make_tag(name="ale", slug="ale")],
        score=3,
        like_count=2,
        comment_count=1,
        view_count=9,
        published_at=MOMENT,
        updated_at=MOMENT,
        source_url="https://example.org/q/1",
        licence="CC BY-SA 4.0",
    )


def test_a_post_in_a_list(post):
    author, category = post.author, post.category
    ale, ipa = post.tags.order_by("name")
    (shown,) = get("/api/v1/posts/")["results"]
    assert shown == {
        "id": post.pk,
        "url": f"/api/v1/posts/{post.pk}/",
        "slug": "pale-ale",
        "title": "Pale ale",
        "excerpt": "On hops.",
        "author": {
            "id": author.pk,
            "slug": "jane",
            "name": "Jane",
            "url": f"/api/v1/authors/{author.pk}/",
            "source_url": "https://example.org/jane",
        },
        "category": {
            "id": category.pk,
            "slug": "beer",
            "name": "Beer",
            "url": f"/api/v1/categories/{category.pk}/",
        },
        "tags": [
            {"id": ale.pk, "slug": "ale", "name": "ale", "url": f"/api/v1/tags/{ale.pk}/"},
            {"id": ipa.pk, "slug": "ipa", "name": "ipa", "url": f"/api/v1/tags/{ipa.pk}/"},
        ],
        "score": 3,
        "like_count": 2,
        "comment_count": 1,
        "view_count": 9,
        "published_at": "2024-03-01T12:00:00Z",
        "updated_at": "2024-03-01T12:00:00Z",
        "source_url": "https://example.org/q/1",
        "licence": "CC BY-SA 4.0",
    }
    assert list(shown) == list(projections.POST_LIST)


def test_a_post_by_itself_has_its_body_and_is_the_same_by_id_and_by_slug(post, client):
    by_id, by_slug = (client.get(f"/api/v1/posts/{reference}/") for reference in (post.pk, "pale-ale"))
    assert by_id.content == by_slug.content
    assert by_id["Content-Type"] == "application/json"
    assert by_id.json() == {**get("/api/v1/posts/")["results"][0], "body": "<p>Hops.</p>"}


def test_a_post_without_an_author():
    make_post(author=None)
    assert get("/api/v1/posts/")["results"][0]["author"] is None


def test_comments(post):
    first = make_comment(post=post, body="<p>Yes.</p>", created_at=MOMENT, updated_at=MOMENT)
    answer = make_comment(post=post, parent=first, author=None, created_at=MOMENT + timedelta(hours=1))
    shown = get(f"/api/v1/posts/{post.pk}/comments/")["results"]
    assert [comment["id"] for comment in shown] == [first.pk, answer.pk]
    assert (shown[1]["parent"], shown[1]["author"]) == (first.pk, None)
    assert shown[0] == get(f"/api/v1/comments/{first.pk}/")
    assert shown[0] == {
        "id": first.pk,
        "url": f"/api/v1/comments/{first.pk}/",
        "post": post.pk,
        "parent": None,
        "author": {
            "id": first.author.pk,
            "slug": first.author.slug,
            "name": first.author.name,
            "url": f"/api/v1/authors/{first.author.pk}/",
            "source_url": "",
        },
        "body": "<p>Yes.</p>",
        "score": 0,
        "created_at": "2024-03-01T12:00:00Z",
        "updated_at": "2024-03-01T12:00:00Z",
        "source_url": "",
        "licence": "",
    }


@pytest.mark.parametrize(
    ("path", "make", "more"),
    [
        ("authors", make_author, {"source_url": "", "created_at": "2024-03-01T12:00:00Z"}),
        ("categories", make_category, {"description": ""}),
        ("tags", make_tag, {}),
    ],
)
def test_directories(path, make, more):
    row = make(name="Name", slug="name", post_count=4, created_at=MOMENT)
    expected = {
        "id": row.pk,
        "url": f"/api/v1/{path}/{row.pk}/",
        "slug": "name",
        "name": "Name",
        "post_count": 4,
        **more,
    }
    assert get(f"/api/v1/{path}/")["results"] == [expected]
    assert get(f"/api/v1/{path}/{row.pk}/") == get(f"/api/v1/{path}/name/") == expected


@pytest.mark.parametrize("serializer", [PostItem, PostDetail, CommentItem, AuthorItem, CategoryItem, TagItem])
def test_a_serializer_declares_the_fields_of_its_projection_in_their_order(serializer):
    assert list(serializer().fields) == list(serializer.projection)


def test_sparse_fields_leave_out_the_others(post):
    assert get("/api/v1/posts/?fields=title,id")["results"] == [{"id": post.pk, "title": "Pale ale"}]
    assert get("/api/v1/posts/pale-ale/?fields=body") == {"body": "<p>Hops.</p>"}
    assert list(get("/api/v1/authors/jane/?fields=post_count,url")) == ["url", "post_count"]


def test_filters_select_by_id_and_by_slug(post):
    make_post()
    for name, row in (("author", post.author), ("category", post.category), ("tag", post.tags.first())):
        for reference in (row.pk, row.slug):
            assert ids(get(f"/api/v1/posts/?{name}={reference}")) == [post.pk]


def test_search_finds_words_of_title_and_text(post):
    other = make_post(title="Stout", text="No hops at all")
    Post.objects.filter(pk=post.pk).update(text="Hops")
    assert ids(get("/api/v1/posts/?search=hops")) == [other.pk, post.pk]
    assert ids(get("/api/v1/posts/?search=Hops+pale")) == [post.pk]
    assert ids(get("/api/v1/posts/?search=%22NEAR%28")) == []


def test_trending_shows_the_best_of_the_last_days():
    now = timezone.now()
    low, high = (make_post(score=score, published_at=now - timedelta(hours=5)) for score in (1, 8))
    older = make_post(score=99, published_at=now - timedelta(days=3))
    assert ids(get("/api/v1/posts/trending/")) == [older.pk, high.pk, low.pk]
    assert ids(get("/api/v1/posts/trending/?days=1")) == [high.pk, low.pk]
    assert ids(get("/api/v1/posts/trending/?days=1&limit=1")) == [high.pk]


HIDDEN = [
    pytest.param({"status": Post.Status.DRAFT}, id="draft"),
    pytest.param({"status": Post.Status.ARCHIVED}, id="archived"),
    pytest.param({"deleted_at": MOMENT}, id="deleted"),
    pytest.param({"published_at": datetime(2099, 1, 1, tzinfo=UTC)}, id="scheduled"),
    pytest.param({"published_at": None}, id="without a moment"),
]


@pytest.mark.parametrize("columns", HIDDEN)
def test_what_is_not_public_is_nowhere(client, columns):
    tag = make_tag()
    post = make_post(tags=[tag], title="secret", **columns)
    comment = make_comment(post=post)
    for path in (
        f"posts/{post.pk}/",
        f"posts/{post.slug}/",
        f"posts/{post.pk}/comments/",
        f"comments/{comment.pk}/",
    ):
        response = client.get(f"/api/v1/{path}")
        assert response.status_code == 404
        assert b"secret" not in response.content
    for query in (
        "",
        "ordering=-score",
        f"author={post.author_id}",
        f"category={post.category_id}",
        f"tag={tag.pk}",
        "search=secret",
    ):
        assert ids(get(f"/api/v1/posts/?{query}".rstrip("?"))) == []
    assert ids(get("/api/v1/posts/trending/?days=30")) == []


@pytest.mark.parametrize(
    "path",
    [
        "posts/999/", "posts/no-such-post/", "posts/999/comments/", "comments/999/", "authors/999/",
        "authors/nobody/", "categories/999/", "tags/999/", "posts/?author=999", "posts/?category=nothing",
        "posts/?tag=999", f"posts/{10**18 - 1}/", f"comments/{10**18 - 1}/",
    ],
)  # fmt: skip
def test_what_is_not_there_is_a_problem_with_status_404(client, path):
    response = client.get(f"/api/v1/{path}")
    assert (response.status_code, response["Content-Type"]) == (404, "application/problem+json")
    assert response.json()["title"] == "Not Found"


def test_a_deleted_comment_is_gone_and_its_answers_stay():
    parent = make_comment()
    answer = make_comment(post=parent.post, parent=parent)
    parent.__class__.objects.filter(pk=parent.pk).update(deleted_at=MOMENT)
    (shown,) = get(f"/api/v1/posts/{parent.post_id}/comments/")["results"]
    assert (shown["id"], shown["parent"]) == (answer.pk, parent.pk)


@pytest.mark.parametrize(
    ("url", "queries"),
    [
        # Of a list: where its rows stand, then those rows. Which of them are kept, test_fragments.py says.
        pytest.param("/api/v1/posts/", 4, id="posts: places, rows, tags, next scheduled"),
        pytest.param("/api/v1/posts/?ordering=-score&limit=100", 4, id="in another order"),
        pytest.param("/api/v1/posts/?fields=title", 3, id="without tags"),
        pytest.param("/api/v1/posts/?author=jane", 5, id="filtered: the author, too"),
        pytest.param("/api/v1/posts/?tag=ipa&ordering=view_count", 5, id="by tag"),
        pytest.param("/api/v1/posts/?search=body", 4, id="search"),
        pytest.param("/api/v1/posts/trending/?days=30", 2, id="trending: nothing there, so no rows"),
        pytest.param("/api/v1/posts/pale-ale/", 2, id="post: row, tags"),
        pytest.param("/api/v1/posts/1/comments/", 3, id="comments: post, places, rows"),
        pytest.param("/api/v1/comments/1/", 2, id="comment: its post, row"),
        pytest.param("/api/v1/authors/", 2, id="authors: places, rows"),
        pytest.param("/api/v1/categories/?ordering=-post_count", 2, id="categories"),
        pytest.param("/api/v1/tags/ipa/", 1, id="tag"),
    ],
)
@pytest.mark.parametrize("more", [0, 7])
def test_a_read_takes_a_constant_number_of_queries(post, django_assert_num_queries, url, queries, more):
    Post.objects.filter(pk=post.pk).update(text="body")
    comment = make_comment(post=post)
    url = url.replace("/posts/1/", f"/posts/{post.pk}/").replace("/comments/1/", f"/comments/{comment.pk}/")
    for _ in range(more):
        make_post(author=post.author, tags=list(post.tags.all()))
        make_comment(post=post)
    with django_assert_num_queries(queries):
        get(url)


def test_a_page_in_the_middle_is_spared_the_look_at_what_is_scheduled(client, django_assert_num_queries):
    tag = make_tag()
    for _ in range(9):
        make_post(tags=[tag])
    following = get("/api/v1/posts/?limit=3")["next"]
    with django_assert_num_queries(3):
        second = client.get(following).json()
    third = get(second["next"])
    with django_assert_num_queries(3):
        client.get(third["previous"])


def test_nothing_counts_or_skips(client, django_assert_num_queries):
    for _ in range(5):
        make_post()
    following = get("/api/v1/posts/?limit=2")["next"]
    with django_assert_num_queries(2) as queries:
        client.get(f"{following}&fields=title")
    assert not [query for query in queries if "COUNT(" in query["sql"] or "OFFSET" in query["sql"]]


@pytest.mark.parametrize(
    "accept", ["application/xml", "application/json;q=0", "text/html", "", "nonsense", "*/*"]
)
def test_it_is_json_whatever_is_accepted(post, client, accept):
    response = client.get("/api/v1/posts/", HTTP_ACCEPT=accept)
    assert (response.status_code, response["Content-Type"]) == (200, "application/json")


def test_it_is_the_same_whoever_asks(post, client):
    token = Token.objects.create(user=make_user(is_staff=True))
    anonymous = client.get("/api/v1/posts/")
    for value in (f"Token {token.key}", "Token wrong", "Basic !!!", "nonsense"):
        response = client.get(
            "/api/v1/posts/", HTTP_AUTHORIZATION=value, HTTP_COOKIE="sessionid=x", HTTP_HOST="localhost"
        )
        assert response.content == anonymous.content
        assert "Set-Cookie" not in response


def test_credentials_of_a_read_are_not_looked_up(post, client, django_assert_num_queries):
    with django_assert_num_queries(2):
        client.get("/api/v1/posts/pale-ale/", HTTP_AUTHORIZATION="Token " + "0" * 40)


def test_the_same_rows_are_the_same_bytes(post, client):
    assert len({client.get("/api/v1/posts/").content for _ in range(3)}) == 1
    assert b": " not in client.get("/api/v1/posts/?fields=id").content


@pytest.mark.parametrize(
    "path", ["posts/", "posts/trending/", "posts/1/", "authors/", "authors/jane/", "comments/5/"]
)
def test_options_tells_the_methods_and_has_no_body(client, django_assert_num_queries, path):
    with django_assert_num_queries(0):
        response = client.options(f"/api/v1/{path}")
    assert (response.status_code, response.content) == (204, b"")
    assert {"GET", "HEAD", "OPTIONS"} <= set(response["Allow"].split(", "))
    assert response["Access-Control-Allow-Methods"] == response["Allow"]
    assert response["Access-Control-Allow-Origin"] == "*"
    allowed = set(response["Access-Control-Allow-Headers"].split(", "))
    assert {"Authorization", "Content-Type", "If-Match", "If-None-Match"} <= allowed
