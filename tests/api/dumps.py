"""Stack Exchange dumps for tests: written row by row, in each shape in which they are published."""

from __future__ import annotations

import zipfile
from collections.abc import Iterable
from pathlib import Path
from xml.sax.saxutils import quoteattr

import py7zr

SITE = "ale.stackexchange.com"

Row = dict[str, object]

USERS: list[Row] = [
    {"Id": -1, "DisplayName": "Community", "CreationDate": "2014-01-01T00:00:00.000"},
    {
        "Id": 1,
        "DisplayName": "Ann Hopper",
        "CreationDate": "2014-01-02T00:00:00.000",
        "AboutMe": "<p>secret-about-me</p>",
        "EmailHash": "secret-hash",
        "Location": "secret-location",
        "WebsiteUrl": "https://secret-website.example",
    },
    {"Id": 2, "DisplayName": "bob@example.com", "CreationDate": "2014-01-03T00:00:00.000"},
    {"Id": 3, "DisplayName": "Only Likes", "CreationDate": "2014-01-03T00:00:00.000"},
    {"Id": 4, "DisplayName": "Silent", "CreationDate": "2014-01-03T00:00:00.000"},
]

POSTS: list[Row] = [
    {
        "Id": 10,
        "PostTypeId": 1,
        "CreationDate": "2014-02-01T10:00:00.123",
        "LastEditDate": "2014-03-01T10:00:00.000",
        "Score": 7,
        "ViewCount": 1234,
        "Title": "What is ale?",
        "Body": '<p>I <em>wonder</em>.</p><script>alert(1)</script><p><a href="/tags">tags</a></p>',
        "Tags": "<ale><brewing-at-home>",
        "OwnerUserId": 1,
        "ContentLicense": "CC BY-SA 3.0",
    },
    # An answer may precede its question.
    {
        "Id": 21,
        "PostTypeId": 2,
        "ParentId": 11,
        "CreationDate": "2014-02-03T10:00:00.000",
        "Score": -1,
        "Body": "<p>Yes.</p>",
        "OwnerUserId": -1,
        "ContentLicense": "CC BY-SA 4.0",
    },
    {
        "Id": 11,
        "PostTypeId": 1,
        "CreationDate": "2014-02-02T10:00:00.000",
        "ClosedDate": "2014-02-05T10:00:00.000",
        "Score": 0,
        "Title": "What is ale?",
        "Body": "<p>Again.</p>",
        "Tags": "|ale|",
        "OwnerDisplayName": "user23",
    },
    {
        "Id": 12,
        "PostTypeId": 1,
        "CreationDate": "2014-02-02T11:00:00.000",
        "DeletionDate": "2014-02-02T12:00:00.000",
        "Title": "2014",
        "Body": "<p>Spam.</p>",
    },
    {
        "Id": 20,
        "PostTypeId": 2,
        "ParentId": 10,
        "CreationDate": "2014-02-01T12:00:00.000",
        "LastEditDate": "2014-02-01T13:00:00.000",
        "Score": 3,
        "Body": "<p>Beer.</p>",
        "OwnerUserId": 2,
    },
    {"Id": 30, "PostTypeId": 5, "CreationDate": "2014-02-01T12:00:00.000", "Body": "About a tag."},
    {"Id": 22, "PostTypeId": 2, "ParentId": 999, "CreationDate": "2014-02-01T12:00:00.000", "Body": "Lost."},
    {"Id": 13, "PostTypeId": 1, "CreationDate": "soon", "Title": "Broken", "Body": "x"},
    {"Id": 10, "PostTypeId": 1, "CreationDate": "2015-01-01T00:00:00", "Title": "A second 10", "Body": "x"},
]

COMMENTS: list[Row] = [
    {
        "Id": 100,
        "PostId": 10,
        "Score": 2,
        "Text": "See *this*: <b>",
        "CreationDate": "2014-02-01T14:00:00.000",
        "UserId": 2,
    },
    {
        "Id": 101,
        "PostId": 20,
        "Text": "Thanks `x`",
        "CreationDate": "2014-02-01T15:00:00.000",
        "UserDisplayName": "user23",
    },
    {"Id": 102, "PostId": 888, "Text": "Lost", "CreationDate": "2014-02-01T15:00:00.000", "UserId": 4},
]

VOTES: list[Row] = [
    {"Id": 1, "PostId": 10, "VoteTypeId": 2, "CreationDate": "2014-02-01T00:00:00.000"},
    {"Id": 2, "PostId": 10, "VoteTypeId": 5, "UserId": 3, "CreationDate": "2014-02-02T00:00:00.000"},
    {"Id": 3, "PostId": 10, "VoteTypeId": 5, "UserId": 2, "CreationDate": "2014-02-03T00:00:00.000"},
    {"Id": 4, "PostId": 10, "VoteTypeId": 5, "UserId": 2, "CreationDate": "2014-02-04T00:00:00.000"},
    {"Id": 5, "PostId": 777, "VoteTypeId": 2, "CreationDate": "2014-02-01T00:00:00.000"},
    {"Id": 6, "PostId": 20, "VoteTypeId": 1, "CreationDate": "2014-02-01T00:00:00.000"},
    {"Id": 7, "PostId": 10, "VoteTypeId": 5, "CreationDate": "2014-02-01T00:00:00.000"},
]


def xml(table: str, rows: Iterable[Row]) -> str:
    """Return a table's file as the site writes it, byte order mark and all."""
    lines = (
        f"  <row {' '.join(f'{name}={quoteattr(str(value))}' for name, value in row.items())} />"
        for row in rows
    )
    body = "\n".join(lines)
    return f'\ufeff<?xml version="1.0" encoding="utf-8"?>\n<{table.lower()}>\n{body}\n</{table.lower()}>\n'


def write_folder(
    parent: Path,
    *,
    site: str = SITE,
    users: Iterable[Row] = USERS,
    posts: Iterable[Row] = POSTS,
    comments: Iterable[Row] = COMMENTS,
    votes: Iterable[Row] = VOTES,
) -> Path:
    """Write a dump as a folder."""
    folder = parent / site
    folder.mkdir(parents=True, exist_ok=True)
    for table, rows in {"Users": users, "Posts": posts, "Comments": comments, "Votes": votes}.items():
        (folder / f"{table}.xml").write_text(xml(table, rows), encoding="utf-8")
    return folder


def as_zip(folder: Path) -> Path:
    """Pack a dump as a zip with a folder in it."""
    path = folder.with_name("dump.zip")
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in sorted(folder.iterdir()):
            archive.write(file, f"{folder.name}/{file.name}")
    return path


def as_7z(folder: Path) -> Path:
    """Pack a dump as a 7z that is called like the site, as they are published."""
    path = folder.with_name(f"{folder.name}.7z")
    with py7zr.SevenZipFile(path, "w") as archive:
        for file in sorted(folder.iterdir()):
            archive.write(file, file.name)
    return path
