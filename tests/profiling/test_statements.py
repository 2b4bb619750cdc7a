"""What a statement asks for is read from its SQL, whoever wrote it."""

from __future__ import annotations

import pytest

from benchmarks.profile.statements import columns_of, is_read, shape_of


@pytest.mark.parametrize(
    ("one", "other"),
    [
        pytest.param("SELECT a FROM t WHERE id = 7", "SELECT a FROM t WHERE id = 12", id="a number"),
        pytest.param("SELECT a FROM t WHERE b = 'x'", "SELECT a FROM t WHERE b = 'it''s'", id="a text"),
        pytest.param("SELECT a FROM t WHERE id = %s", "SELECT a FROM t WHERE id = 3", id="a place"),
        pytest.param("SELECT a FROM t WHERE id IN (1, 2)", "SELECT a FROM t WHERE id IN (5)", id="a list"),
        pytest.param("SELECT a\n  FROM t", "SELECT a FROM t", id="lines"),
    ],
)
def test_a_question_about_other_rows_has_the_same_shape(one: str, other: str) -> None:
    assert shape_of(one) == shape_of(other)


def test_questions_about_other_columns_differ_even_by_a_digit() -> None:
    assert shape_of('SELECT "col1" FROM t') != shape_of('SELECT "col2" FROM t')
    assert shape_of("SELECT a FROM t") != shape_of("SELECT b FROM t")


@pytest.mark.parametrize(
    ("sql", "columns"),
    [
        pytest.param('SELECT "api_post"."id", "api_post"."title" FROM "api_post"', "id title", id="quoted"),
        pytest.param("SELECT p.id, p.text AS t FROM api_post p ORDER BY p.score", "id text", id="an alias"),
        pytest.param("SELECT p.id FROM api_post AS p WHERE p.score > 3", "id", id="a condition"),
        pytest.param("SELECT id, body FROM api_post LIMIT 3", "id body", id="unqualified"),
        pytest.param("SELECT * FROM api_post", "*", id="a star"),
        pytest.param("SELECT p.* FROM api_post p", "*", id="a star of an alias"),
        pytest.param('SELECT COUNT(*) AS "n" FROM api_post', "", id="a count"),
        pytest.param('SELECT ("api_post"."id") AS "x" FROM api_post', "id", id="parentheses"),
        pytest.param("SELECT COALESCE(p.score, p.id) FROM api_post p", "score id", id="a call"),
        pytest.param(
            "SELECT p.id FROM api_post p WHERE p.id IN (SELECT q.body FROM api_post q)", "id", id="in"
        ),
        pytest.param(
            "SELECT p.id FROM api_post p UNION ALL SELECT q.slug FROM api_post q", "id slug", id="union"
        ),
        pytest.param("SELECT u.c FROM (SELECT p.body AS c FROM api_post p) u", "body", id="derived"),
        pytest.param("WITH x AS (SELECT p.body FROM api_post p) SELECT x.body FROM x", "body", id="with"),
        pytest.param(
            "SELECT p.id FROM a JOIN api_post p ON (p.text = a.text) WHERE (p.body = 'SELECT')", "id", id="on"
        ),
    ],
)
def test_the_columns_of_a_statement_are_those_that_come_back(sql: str, columns: str) -> None:
    found = {column for column in columns_of(sql) if column.startswith("api_post")}
    assert found == {f"api_post.{column}" for column in columns.split()}


def test_a_column_of_nobody_knows_which_table_is_not_lost() -> None:
    assert columns_of("SELECT body FROM api_post, api_comment") == {"?.body"}


def test_what_begins_a_transaction_reads_nothing() -> None:
    assert all(map(is_read, ("(SELECT 1) UNION (SELECT 2)", "WITH x AS (SELECT 1) SELECT 2", "\nselect 1")))
    assert not any(map(is_read, ("BEGIN DEFERRED", "SET TRANSACTION READ ONLY", "SAVEPOINT selected")))
