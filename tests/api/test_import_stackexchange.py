"""A dump becomes posts, comments and likes that are safe to show; again, and nothing changes."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.db.models import Sum

from api.counters import reconcile
from api.importers.stackexchange.comment_text import html_of
from api.models import Author, Category, Comment, Like, Post, PostTag, Tag
from caching.models import Outbox
from tests.api.dumps import COMMENTS, POSTS, SITE, USERS, as_7z, as_zip, write_folder
from tests.factories import make_author, make_post, make_tag

pytestmark = pytest.mark.django_db

DUMPS = Path(__file__).resolve().parents[3] / "shared" / "data" / "stackexchange"
MODELS = (Author, Category, Tag, Post, PostTag, Comment, Like)


def run(path: Path, **options: str) -> str:
    """Import a dump; return what the command says."""
    out = StringIO()
    call_command("import_stackexchange", str(path), stdout=out, **options)
    return out.getvalue()


def everything() -> dict[str, list[tuple[object, ...]]]:
    """Return every row of every table that an import writes."""
    return {model.__name__: list(model.objects.order_by("pk").values_list()) for model in MODELS}


def counts() -> list[int]:
    return [model.objects.count() for model in MODELS]


def with_changed(rows: list[dict[str, object]], number: int, **columns: object) -> list[dict[str, object]]:
    """Return the rows, with other columns in those whose id is `number`."""
    return [{**row, **columns} if row["Id"] == number else row for row in rows]


@pytest.fixture
def dump(tmp_path: Path) -> Path:
    """Return a small dump that has one of everything."""
    return write_folder(tmp_path)


def test_question_becomes_a_post(dump: Path) -> None:
    run(dump)
    post = Post.objects.get(source_url=f"https://{SITE}/q/10")
    assert post.title == "What is ale?"
    assert post.slug == "what-is-ale"
    assert post.body == (
        "<p>I <em>wonder</em>.</p>"
        f'<p><a href="https://{SITE}/tags" rel="nofollow noopener noreferrer">tags</a></p>'
    )
    assert post.text == "I wonder.\ntags"
    assert post.excerpt == "I wonder. tags"
    assert (post.score, post.view_count, post.licence) == (7, 1234, "CC BY-SA 3.0")
    assert post.created_at == post.published_at == datetime(2014, 2, 1, 10, 0, 0, 123_000, tzinfo=UTC)
    assert post.updated_at == datetime(2014, 3, 1, 10, tzinfo=UTC)
    assert {tag.name for tag in post.tags.all()} == {"ale", "brewing-at-home"}
    assert post.status == Post.Status.PUBLISHED
    assert post.listed == 1


def test_site_becomes_the_category(dump: Path) -> None:
    run(dump)
    category = Category.objects.get()
    assert (category.name, category.slug) == (SITE, "ale-stackexchange-com")
    assert category.source_url == f"https://{SITE}"
    assert Post.objects.filter(category=category).count() == 3


def test_closed_question_is_still_read_and_a_deleted_one_is_not(dump: Path) -> None:
    run(dump)
    assert Post.objects.get(source_url=f"https://{SITE}/q/11").listed == 1
    deleted = Post.objects.get(source_url=f"https://{SITE}/q/12")
    assert deleted.deleted_at == datetime(2014, 2, 2, 12, tzinfo=UTC)
    assert deleted.listed == 0


def test_two_questions_with_one_title_get_two_slugs_and_no_slug_is_a_number(dump: Path) -> None:
    run(dump)
    assert set(Post.objects.values_list("slug", flat=True)) == {"what-is-ale", "what-is-ale-2", "post-2014"}


def test_answers_and_comments_become_a_thread(dump: Path) -> None:
    run(dump)
    question = Post.objects.get(source_url=f"https://{SITE}/q/10")
    answer = Comment.objects.get(source_url=f"https://{SITE}/a/20")
    on_question = Comment.objects.get(source_url=f"https://{SITE}/posts/comments/100")
    on_answer = Comment.objects.get(source_url=f"https://{SITE}/posts/comments/101")
    assert [comment.post_id for comment in (answer, on_question, on_answer)] == [question.pk] * 3
    assert (answer.parent, on_question.parent, on_answer.parent) == (None, None, answer)
    assert answer.updated_at == datetime(2014, 2, 1, 13, tzinfo=UTC)
    assert on_question.body == "<p>See <em>this</em>: &lt;b&gt;</p>"
    assert (answer.score, on_question.score, on_answer.score) == (3, 2, 0)


def test_answer_in_front_of_its_question_finds_it(dump: Path) -> None:
    run(dump)
    assert Comment.objects.get(source_url=f"https://{SITE}/a/21").post.title == "What is ale?"


def test_author_links_to_the_profile_and_has_no_email_address_for_a_name(dump: Path) -> None:
    run(dump)
    authors = dict(Author.objects.exclude(source_url="").values_list("source_url", "name"))
    assert authors == {
        f"https://{SITE}/users/-1": "Community",
        f"https://{SITE}/users/1": "Ann Hopper",
        f"https://{SITE}/users/2": "bob",
        f"https://{SITE}/users/3": "Only Likes",
    }


def test_name_without_an_account_is_one_author_without_a_link(dump: Path) -> None:
    run(dump)
    author = Author.objects.get(name="user23")
    assert (author.source_url, author.slug) == ("", "ale-stackexchange-com-user23")
    assert author.posts.count() == author.comments.count() == 1


def test_author_of_our_own_is_not_taken_for_somebody_of_the_same_name(dump: Path) -> None:
    ours = make_author(name="user23", slug="user23")
    run(dump)
    assert not ours.posts.exists()


def test_nothing_of_a_profile_is_kept(dump: Path) -> None:
    run(dump)
    assert "secret" not in str(everything())


def test_favourites_become_likes_and_other_votes_are_in_the_score(dump: Path) -> None:
    said = run(dump)
    likes = Like.objects.values_list("author__name", "created_at").order_by("author__name")
    assert list(likes) == [
        ("Only Likes", datetime(2014, 2, 2, tzinfo=UTC)),
        ("bob", datetime(2014, 2, 3, tzinfo=UTC)),
    ]
    assert Post.objects.get(slug="what-is-ale").score == 7
    assert "1 of votes: counted in the score" in said
    assert "1 of votes: the same favourite again" in said
    assert "1 of votes: a favourite of nobody" in said


def test_rows_that_point_nowhere_are_counted(dump: Path) -> None:
    said = run(dump)
    assert "1 of answers: points to no question or answer that is here" in said
    assert "1 of comments: points to no question or answer that is here" in said
    assert "1 of votes: points to a post that is not there" in said
    assert "1 of questions: CreationDate is not a moment" in said
    assert "1 of questions: a second row with the same id" in said
    assert "1 of users: neither wrote nor liked anything that is imported" in said


def test_older_dump_without_licences_gets_those_of_its_time(dump: Path) -> None:
    run(dump)
    assert Comment.objects.get(source_url=f"https://{SITE}/a/20").licence == "CC BY-SA 3.0"


def test_counters_are_right_afterwards(dump: Path) -> None:
    run(dump)
    post = Post.objects.get(slug="what-is-ale")
    assert (post.like_count, post.comment_count) == (2, 3)
    assert Tag.objects.get(name="ale").post_count == 2
    assert Category.objects.get().post_count == 2
    assert set(reconcile().values()) == {0}


def test_copies_on_tags_are_the_posts(dump: Path) -> None:
    run(dump)
    copies = PostTag.objects.filter(post__slug="what-is-ale").values_list("listed", "score", "view_count")
    assert list(copies) == [(1, 7, 1234)] * 2


@pytest.mark.parametrize("pack", [lambda folder: folder, as_zip, as_7z], ids=["folder", "zip", "7z"])
def test_every_published_shape_is_read(dump: Path, pack: Callable[[Path], Path]) -> None:
    run(pack(dump))
    assert counts() == [5, 1, 2, 3, 3, 4, 2]


def test_site_can_be_named_where_no_file_is_called_like_it(dump: Path) -> None:
    path = dump.rename(dump.with_name("unpacked"))
    with pytest.raises(CommandError, match="give --site"):
        run(path)
    run(path, site=SITE)
    assert Category.objects.get().name == SITE


def test_second_time_changes_nothing(dump: Path) -> None:
    run(dump)
    before = everything()
    Outbox.objects.all().delete()
    said = run(as_zip(dump))
    assert everything() == before
    assert not Outbox.objects.exists()
    table = [line.split() for line in said.splitlines()[2:] if not line.startswith((" ", "skipped"))]
    assert {(row[-4], row[-3]) for row in table} == {("0", "0")}


def test_second_time_writes_no_row(dump: Path, django_assert_num_queries) -> None:
    run(dump)
    writes: list[str] = []

    def note(execute, sql, params, many, context):
        if sql.split(maxsplit=1)[0] in {"INSERT", "UPDATE", "DELETE"}:
            writes.append(sql)
        return execute(sql, params, many, context)

    with connection.execute_wrapper(note):
        run(dump)
    assert writes == []


def test_newer_dump_changes_what_has_changed(dump: Path, tmp_path: Path) -> None:
    run(dump)
    untouched = Post.objects.filter(source_url=f"https://{SITE}/q/11").values().get()
    edited = {"Title": "What is an ale?", "Body": "<p>New.</p>", "LastEditDate": "2016-01-01T00:00:00.000"}
    posts = with_changed(POSTS[:-1], 10, **edited, Score=9, Tags="<ale><new>")
    newer = write_folder(
        tmp_path / "newer",
        posts=with_changed(posts, 20, Score=4),
        users=with_changed(USERS, 1, DisplayName="Ann H."),
        comments=[
            *COMMENTS,
            {"Id": 103, "PostId": 21, "Text": "Late", "CreationDate": "2016-01-01T00:00:00.000", "UserId": 1},
        ],
    )
    run(newer)
    post = Post.objects.get(source_url=f"https://{SITE}/q/10")
    assert (post.title, post.body, post.text, post.excerpt) == (
        "What is an ale?",
        "<p>New.</p>",
        "New.",
        "New.",
    )
    assert (post.score, post.updated_at) == (9, datetime(2016, 1, 1, tzinfo=UTC))
    assert post.slug == "what-is-ale", "links to it must keep working"
    assert {tag.name for tag in post.tags.all()} == {"ale", "new"}
    assert Tag.objects.get(name="brewing-at-home").post_count == 0
    assert Comment.objects.get(source_url=f"https://{SITE}/a/20").score == 4
    assert Comment.objects.get(source_url=f"https://{SITE}/posts/comments/103").parent is not None
    assert Author.objects.get(source_url=f"https://{SITE}/users/1").name == "Ann H."
    assert Post.objects.filter(source_url=f"https://{SITE}/q/11").values().get() == {
        **untouched,
        "comment_count": untouched["comment_count"] + 1,
    }


def test_what_was_edited_here_is_kept_but_for_its_figures(dump: Path, tmp_path: Path) -> None:
    run(dump)
    post = Post.objects.get(slug="what-is-ale")
    post.title = "Edited here"
    post.save()
    run(write_folder(tmp_path / "newer", posts=with_changed(POSTS[:-1], 10, Score=99, Tags="<other>")))
    post.refresh_from_db()
    assert (post.title, post.score) == ("Edited here", 99)
    assert post.tags.count() == 2


def test_what_was_deleted_or_archived_here_stays_so(dump: Path) -> None:
    run(dump)
    moment = datetime(2020, 1, 1, tzinfo=UTC)
    Post.objects.filter(slug="what-is-ale").update(deleted_at=moment)
    Post.objects.filter(slug="what-is-ale-2").update(status=Post.Status.ARCHIVED)
    Comment.objects.filter(source_url=f"https://{SITE}/a/20").update(deleted_at=moment)
    run(dump)
    assert Post.objects.filter(listed=1).count() == 0
    assert Comment.objects.filter(deleted_at=moment).count() == 1


def test_same_tag_of_another_site_is_the_same_tag(dump: Path, tmp_path: Path) -> None:
    ours = make_tag(name="Ale", slug="ale")
    run(dump)
    run(write_folder(tmp_path, site="lager.stackexchange.com"))
    ours.refresh_from_db()
    assert ours.post_count == 4
    assert Tag.objects.count() == 2
    assert Category.objects.count() == 2


def test_content_of_our_own_is_left_alone(dump: Path) -> None:
    ours = make_post(slug="what-is-ale", title="Ours")
    run(dump)
    ours.refresh_from_db()
    assert (ours.title, ours.slug) == ("Ours", "what-is-ale")
    assert Post.objects.filter(slug="what-is-ale-2", title="What is ale?").exists()


def test_question_without_title_or_body_is_imported(tmp_path: Path) -> None:
    moment = "2014-02-01T12:00:00.000"
    bare = [
        {"Id": 1, "PostTypeId": 1, "CreationDate": moment},
        {"Id": 2, "PostTypeId": 1, "CreationDate": moment, "Body": "<p>Why?</p>", "Title": ""},
        {
            "Id": 3,
            "PostTypeId": 1,
            "CreationDate": moment,
            "Title": "x" * 400,
            "Score": 10**12,
            "ViewCount": -5,
        },
    ]
    run(write_folder(tmp_path, posts=bare, users=[], comments=[], votes=[]))
    rows = Post.objects.order_by("pk").values_list("title", "author", "score", "view_count")
    assert list(rows) == [("Question 1", None, 0, 0), ("Why?", None, 0, 0), ("x" * 250, None, 2**31 - 1, 0)]


def test_dump_of_posts_alone_is_imported(dump: Path) -> None:
    for table in ("Users", "Comments", "Votes"):
        (dump / f"{table}.xml").unlink()
    run(dump)
    assert counts() == [1, 1, 2, 3, 3, 2, 0]


def _not_xml(folder: Path) -> Path:
    (folder / "Posts.xml").write_text("no xml at all")
    return folder


def _a_web_page(folder: Path) -> Path:
    (folder / "Posts.xml").write_text("<html><body/></html>")
    return folder


def _truncated(folder: Path) -> Path:
    file = folder / "Comments.xml"
    file.write_bytes(file.read_bytes()[:-30])
    return folder


def _entities(folder: Path) -> Path:
    bomb = '<!DOCTYPE posts [<!ENTITY a "ha"><!ENTITY b "&a;&a;">]><posts><row Id="&b;"/></posts>'
    (folder / "Posts.xml").write_text(bomb)
    return folder


def _no_posts(folder: Path) -> Path:
    (folder / "Posts.xml").unlink()
    return folder


def _text_file(folder: Path) -> Path:
    path = folder / "Readme.txt"
    path.write_text("hello")
    return path


def _broken_zip(folder: Path) -> Path:
    path = as_zip(folder)
    content = bytearray(path.read_bytes())
    content[100:300] = bytes(200)
    path.write_bytes(content)
    return path


def _broken_7z(folder: Path) -> Path:
    path = as_7z(folder)
    path.write_bytes(path.read_bytes()[:200])
    return path


def _empty_zip(folder: Path) -> Path:
    path = folder / "empty.zip"
    zipfile.ZipFile(path, "w").close()
    return path


@pytest.mark.parametrize(
    "spoil",
    [
        _not_xml,
        _a_web_page,
        _truncated,
        _entities,
        _no_posts,
        _text_file,
        _broken_zip,
        _broken_7z,
        _empty_zip,
    ],
)
def test_what_is_no_dump_is_one_line_status_two_and_no_change(
    dump: Path, spoil: Callable[[Path], Path]
) -> None:
    path = spoil(dump)
    before = everything()
    with pytest.raises(CommandError) as refused:
        run(path)
    assert refused.value.returncode == 2
    assert len(str(refused.value).splitlines()) == 1
    assert everything() == before


def test_missing_file_and_missing_argument_are_one_line_and_status_two(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="no such file or folder") as refused:
        run(tmp_path / "nowhere.zip")
    assert refused.value.returncode == 2
    with pytest.raises(CommandError, match="need the path of a dump") as refused:
        call_command("import_stackexchange")
    assert refused.value.returncode == 2


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("*a* _b_ **c**", "<p><em>a</em> <em>b</em> <strong>c</strong></p>"),
        ("2*3*4 snake_case_name", "<p>2*3*4 snake_case_name</p>"),
        ("`*x*` <i>", "<p><code>*x*</code> &lt;i&gt;</p>"),
        ("[x](javascript:alert(1))", "<p>[x](javascript:alert(1))</p>"),
        (
            "(see https://a.org/x_y_z.)",
            '<p>(see <a href="https://a.org/x_y_z" rel="nofollow noopener noreferrer">https://a.org/x_y_z</a>.)</p>',
        ),
        (
            "[the *site*](http://a.org/b_(c))",
            '<p><a href="http://a.org/b_(c)" rel="nofollow noopener noreferrer">the *site*</a></p>',
        ),
    ],
)
def test_text_of_a_comment_becomes_safe_html(text: str, html: str) -> None:
    assert html_of(text) == html


@pytest.mark.skipif(not DUMPS.is_dir(), reason=f"the published dumps are not in {DUMPS}")
def test_published_dump_is_imported_whole_and_only_once() -> None:
    path = DUMPS / "conlang.meta.stackexchange.com.zip"
    run(path)
    assert Post.objects.count() == 54
    assert Comment.objects.filter(source_url__contains="/a/").count() == 115
    assert Comment.objects.filter(source_url__contains="/posts/comments/").count() == 230
    assert Post.objects.aggregate(Sum("comment_count"))["comment_count__sum"] == 345
    assert not Author.objects.filter(name__contains="@").exists()
    before = everything()
    Outbox.objects.all().delete()
    run(path)
    assert everything() == before
    assert not Outbox.objects.exists()
