"""What is one way to poison a cache? What an attacker sends, and whose answer he wants to spoil.

A case is data. In its texts, which go out as Latin-1, byte for byte, these are replaced:

    {victim}   the URL that others ask for afterwards, of this case alone and in no cache before
    {other}    another URL that exists, with other content
    {post} {author} {draft}   numbers of a post, its author and a draft, this case's own
    {token}    the credentials of the drafts' author
    {evil}     a word that may be in no answer to anybody else

Each case runs twice: with nothing stored before, and with the right answer in the cache already.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

POST: Final = "/api/v1/posts/{post}/"
LIST: Final = "/api/v1/posts/?author={author}&limit=1"
COMMENTS: Final = "/api/v1/posts/{post}/comments/"
TAG: Final = "/api/v1/tags/tag-{post}/"
MISSING: Final = "/api/v1/posts/no-such-post-{post}/"
DRAFT: Final = "/api/v1/drafts/{draft}/"
DRAFTS: Final = "/api/v1/drafts/"
TOKEN: Final = "Authorization: Token {token}"
EVIL: Final = "evil-7c1d"
HOST: Final = "Host: localhost"


@dataclass(frozen=True, slots=True)
class Case:
    """One attack: requests, each on a connection of its own, before somebody asks for the victim.

    Each request is a sequence of pieces with a pause between them. `is_one` says that a request is
    answered once; else whatever comes is awaited. `leaves`: the attacker does not wait at all.
    `is_refused`: whatever he is told, it is no success.
    """

    name: str
    requests: tuple[tuple[str, ...], ...]
    victim: str = POST
    method: str = "GET"
    is_one: bool = False
    leaves: bool = False
    mischief: str = ""
    is_refused: bool = False

    @property
    def is_private(self) -> bool:
        """Whether the attack is on what only its author may see."""
        return any(TOKEN in piece for pieces in self.requests for piece in pieces)


def sent(
    name: str,
    *fields: str,
    method: str = "GET",
    target: str = "{victim}",
    version: str = "HTTP/1.1",
    host: str = HOST,
    body: str = "",
    victim: str = POST,
    leaves: bool = False,
    mischief: str = "",
    is_refused: bool = False,
) -> Case:
    """Send one request with these field lines; a body gets its length unless a field frames it."""
    lines = [f"{method} {target} {version}", *([host] if host else []), *fields]
    framed = any(field.lower().startswith(("content-length", "transfer-encoding")) for field in fields)
    if body and not framed:
        lines.append(f"Content-Length: {len(body)}")
    text = "\r\n".join([*lines, "", body])
    return Case(
        name,
        ((text,),),
        victim,
        method,
        is_one=True,
        leaves=leaves,
        mischief=mischief,
        is_refused=is_refused,
    )


def asked(name: str, target: str, *fields: str, victim: str = POST) -> Case:
    """Ask for another target than the victim's."""
    return sent(name, *fields, target=target, victim=victim)


def raw(name: str, *lines: str, victim: str = POST, leaves: bool = False) -> Case:
    """Send these lines, ended by CRLF but for the last, and nothing else."""
    return Case(name, (("\r\n".join(lines),),), victim, leaves=leaves)


def in_pieces(name: str, *pieces: str, victim: str = POST, leaves: bool = False) -> Case:
    """Send one request in pieces, with a pause between them."""
    return Case(name, (pieces,), victim, leaves=leaves)


def one_by_one(name: str, *cases: Case, victim: str = POST) -> Case:
    """Send the requests of several cases, each on a connection of its own."""
    return Case(name, tuple(request for case in cases for request in case.requests), victim)
