"""What is in a Stack Exchange dump, as it is published?

A folder, a .zip or a .7z with a file for each table, in which each row is one empty element
whose attributes are its columns. Rows are read as a stream: memory holds one chunk of a file,
whatever its size. Only a 7z has to be unpacked first, to a temporary folder, because its
files are compressed as one.

The parser is handed to nobody: elements below the root are read for their attributes and
nothing else, and a document type declaration, with which entities would come, is refused.
"""

from __future__ import annotations

import lzma
import re
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from typing import IO, Final, TypeAlias
from xml.parsers import expat

import py7zr
from py7zr.exceptions import ArchiveError

Row: TypeAlias = dict[str, str]

TABLES: Final = ("Users", "Posts", "Comments", "Votes")
_CHUNK_BYTES: Final = 256 * 1024
_HOST: Final = re.compile(r"[a-z0-9-]+(\.[a-z0-9-]+)+")
_UNREADABLE: Final = (
    *(ArchiveError, zipfile.BadZipFile, zlib.error, lzma.LZMAError, expat.ExpatError),
    *(EOFError, OSError, NotImplementedError, RuntimeError),  # RuntimeError: a zip with a password.
)


class NotADump(Exception):
    """What was given cannot be read as a dump; the text says why, in one line."""


@dataclass(frozen=True, slots=True)
class Part:
    """The file of one table."""

    size: int
    open: Callable[[], IO[bytes]]


@dataclass(frozen=True, slots=True)
class Dump:
    """An open dump of one site."""

    site: str
    parts: Mapping[str, Part]

    def size(self, table: str) -> int:
        """Return the bytes of a table's file, 0 if there is none."""
        return self.parts[table].size if table in self.parts else 0

    def rows(self, table: str, advance: Callable[[int], object]) -> Iterator[Row]:
        """Yield a table's rows, none if it has no file; tell `advance` the bytes read in between."""
        if table not in self.parts:
            return
        try:
            with self.parts[table].open() as stream:
                yield from _rows(stream, table, advance)
        except _UNREADABLE as error:
            raise NotADump(f"{self.site}, {table}.xml: {_first_line(error)}") from error


@contextmanager
def open_dump(path: Path, site: str | None = None) -> Iterator[Dump]:
    """Open a dump; `site` is its host name, needed if neither the folder nor the file is called like it."""
    with ExitStack() as held:
        try:
            dump = _opened(path, site, held)
        except _UNREADABLE as error:
            raise NotADump(f"{path}: {_first_line(error)}") from error
        yield dump


def _opened(path: Path, site: str | None, held: ExitStack) -> Dump:
    """Return the dump at `path`; what must be closed after it goes to `held`."""
    if path.is_dir():
        found = _tables(path, [file.relative_to(path).as_posix() for file in sorted(path.rglob("*.xml"))])
        parts = {table: _part_of_folder(path / name) for table, name in found.items()}
    elif not path.exists():
        raise NotADump(f"{path}: no such file or folder")
    elif zipfile.is_zipfile(path):
        archive = held.enter_context(zipfile.ZipFile(path))
        found = _tables(path, archive.namelist())
        parts = {table: _part_of_zip(archive, name) for table, name in found.items()}
    elif py7zr.is_7zfile(path):
        folder = Path(held.enter_context(TemporaryDirectory(prefix="readpath-")))
        with py7zr.SevenZipFile(path) as packed:
            found = _tables(path, packed.getnames())
            packed.extract(folder, targets=list(found.values()))
        parts = {table: _part_of_folder(folder / name) for table, name in found.items()}
    else:
        raise NotADump(f"{path}: need a folder, a .zip or a .7z with the dump of one site")
    return Dump(_site(site, path, found["Posts"]), parts)


def _part_of_folder(file: Path) -> Part:
    return Part(file.stat().st_size, lambda: file.open("rb"))


def _part_of_zip(archive: zipfile.ZipFile, name: str) -> Part:
    return Part(archive.getinfo(name).file_size, lambda: archive.open(name))


def _tables(path: Path, members: Sequence[str]) -> dict[str, str]:
    """Return the member that holds each table, of the one folder that has posts."""
    wanted = {f"{table.lower()}.xml": table for table in TABLES}
    folders: dict[PurePosixPath, dict[str, str]] = {}
    for member in members:
        name = PurePosixPath(member)
        if name.name.lower() in wanted:
            folders.setdefault(name.parent, {})[wanted[name.name.lower()]] = member
    sites = [tables for tables in folders.values() if "Posts" in tables]
    if len(sites) != 1:
        raise NotADump(f"{path}: need one Posts.xml, found {len(sites) or 'none'}")
    return sites[0]


def _site(given: str | None, path: Path, posts: str) -> str:
    """Return the site's host name: as given, or what the nearest folder or the file is called."""
    if given is not None:
        candidates = [given]
    else:
        own_name = path.resolve().name
        candidates = [PurePosixPath(posts).parent.name, own_name if path.is_dir() else Path(own_name).stem]
    for name in candidates:
        if _HOST.fullmatch(name.lower()):
            return name.lower()
    raise NotADump(f"{path}: cannot tell the site from the name {candidates[-1]!r}, give --site HOST")


def _rows(stream: IO[bytes], table: str, advance: Callable[[int], object]) -> Iterator[Row]:
    rows: list[Row] = []
    names: list[str] = []

    def start(name: str, columns: Row) -> None:
        if not names:
            names.append(name)
            if name.lower() != table.lower():
                raise NotADump(f"{table}.xml: need the element <{table.lower()}>, found <{name[:40]}>")
        elif name == "row":
            rows.append(columns)

    def refuse(*_declaration: object) -> None:
        raise NotADump(f"{table}.xml: has a document type declaration, which no dump has")

    parser = expat.ParserCreate()
    parser.StartElementHandler = start
    parser.StartDoctypeDeclHandler = refuse
    while chunk := stream.read(_CHUNK_BYTES):
        parser.Parse(chunk)
        advance(len(chunk))
        yield from rows
        rows.clear()
    parser.Parse(b"", True)  # Complains about a file that ends too early.


def _first_line(error: BaseException) -> str:
    return (str(error) or type(error).__name__).splitlines()[0]
