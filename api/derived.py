"""Which columns and tables does the database derive by itself?

* The copies on `PostTag`, so that a tag's posts are one range of one index in every order.
* The search index: on SQLite a full-text table over the posts; on PostgreSQL an index over
  an expression (made by a migration), which needs no trigger.

Triggers keep them, so raw SQL cannot leave them behind.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from caching.triggers.watch import Trigger

_COPIED: Final = ("listed", "published_at", "score", "view_count")
_COPIES: Final = ", ".join(_COPIED)


def derived(vendor: str) -> Iterable[Trigger]:
    """Return the triggers that keep what is derived."""
    if vendor == "sqlite":
        return (*_sqlite_copies(), *_sqlite_search())
    return _postgresql_copies()


def _sqlite_copies() -> Iterable[Trigger]:
    recopy = (
        f"  UPDATE api_posttag SET ({_COPIES}) = (SELECT {_COPIES} FROM api_post WHERE id = NEW.post_id)"
        " WHERE id = NEW.id;\n"
    )
    differs = " OR ".join(f"OLD.{column} IS NOT NEW.{column}" for column in _COPIED)
    values = ", ".join(f"{column} = NEW.{column}" for column in _COPIED)
    yield Trigger(
        "copies_insert",
        "api_posttag",
        f'CREATE TRIGGER "{{name}}" AFTER INSERT ON api_posttag BEGIN\n{recopy}END',
    )
    yield Trigger(
        "copies_move",
        "api_posttag",
        f'CREATE TRIGGER "{{name}}" AFTER UPDATE OF post_id ON api_posttag BEGIN\n{recopy}END',
    )
    yield Trigger(
        "copies_update",
        "api_post",
        f'CREATE TRIGGER "{{name}}" AFTER UPDATE ON api_post WHEN {differs} BEGIN\n'
        f"  UPDATE api_posttag SET {values} WHERE post_id = NEW.id;\nEND",
    )


def _sqlite_search() -> Iterable[Trigger]:
    add = "  INSERT INTO api_post_search (rowid, title, text) VALUES (NEW.id, NEW.title, NEW.text);\n"
    remove = (
        "  INSERT INTO api_post_search (api_post_search, rowid, title, text)"
        " VALUES ('delete', OLD.id, OLD.title, OLD.text);\n"
    )
    differs = "OLD.title IS NOT NEW.title OR OLD.text IS NOT NEW.text OR OLD.id IS NOT NEW.id"
    for event, when, body in (
        ("insert", "", add),
        ("delete", "", remove),
        ("update", f" WHEN {differs}", remove + add),
    ):
        yield Trigger(
            f"search_{event}",
            "api_post",
            f'CREATE TRIGGER "{{name}}" AFTER {event.upper()} ON api_post{when} BEGIN\n{body}END',
        )


def _postgresql_copies() -> Iterable[Trigger]:
    new_values = ", ".join(f"NEW.{column}" for column in _COPIED)
    changed = ", ".join(f"n.{column}" for column in ("id", *_COPIED))
    values = ", ".join(f"{column} = changed.{column}" for column in _COPIED)
    differs = " OR ".join(f"o.{column} IS DISTINCT FROM n.{column}" for column in _COPIED)
    yield Trigger(
        "copies_insert",
        "api_posttag",
        f"""\
CREATE FUNCTION "{{name}}"() RETURNS trigger LANGUAGE plpgsql
  SECURITY DEFINER SET search_path FROM CURRENT AS $body$
BEGIN
  -- Locked, or a post that is published at the same moment would leave this copy behind.
  SELECT {_COPIES} INTO {new_values} FROM api_post WHERE id = NEW.post_id FOR NO KEY UPDATE;
  RETURN NEW;
END $body$;
CREATE TRIGGER "{{name}}" BEFORE INSERT OR UPDATE OF post_id ON api_posttag
  FOR EACH ROW EXECUTE FUNCTION "{{name}}"()""",
    )
    yield Trigger(
        "copies_update",
        "api_post",
        f"""\
CREATE FUNCTION "{{name}}"() RETURNS trigger LANGUAGE plpgsql
  SECURITY DEFINER SET search_path FROM CURRENT AS $body$
BEGIN
  -- Joined in full for the plan's sake, as in caching/triggers/postgresql.py.
  WITH changed AS MATERIALIZED (
    SELECT {changed} FROM old_rows o FULL JOIN new_rows n USING (id) WHERE {differs}
  )
  UPDATE api_posttag t SET {values} FROM changed WHERE t.post_id = changed.id;
  RETURN NULL;
END $body$;
CREATE TRIGGER "{{name}}" AFTER UPDATE ON api_post
  REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION "{{name}}"()""",
    )
