"""Make the full-text index: a table of its own on SQLite, an index on PostgreSQL.

Triggers keep the SQLite table in step (`api/derived.py`).
"""

from django.db import migrations

FORWARDS = {
    "sqlite": [
        "CREATE VIRTUAL TABLE api_post_search USING fts5"
        " (title, text, content='api_post', content_rowid='id', tokenize='porter unicode61 remove_diacritics 2')",
        "INSERT INTO api_post_search (api_post_search) VALUES ('rebuild')",
    ],
    "postgresql": [
        "CREATE INDEX api_post_search ON api_post USING gin (to_tsvector('english', title || ' ' || text))",
    ],
}
BACKWARDS = {
    "sqlite": ["DROP TABLE api_post_search"],
    "postgresql": ["DROP INDEX api_post_search"],
}


def run(statements):
    def forwards(apps, schema_editor):
        for statement in statements.get(schema_editor.connection.vendor, ()):
            schema_editor.execute(statement)

    return forwards


class Migration(migrations.Migration):
    dependencies = [("api", "0001_initial")]
    operations = [migrations.RunPython(run(FORWARDS), run(BACKWARDS))]
