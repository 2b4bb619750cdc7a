"""How does the database itself report what changed?

watch.py        which columns of which table feed which surrogate keys: data
sqlite.py       those data as SQLite triggers
postgresql.py   ... and as PostgreSQL ones
install.py      makes the database have exactly these triggers, and tells when it has not
"""
