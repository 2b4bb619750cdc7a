"""Is this what the origin says to somebody who asks in an ordinary way, and nobody attacks?

Compared are status, content, and all fields but those that tell of the way of one answer. A proxy
may have habits of its own (fields that it adds, takes away or words anew); they are learnt from
answers about things that nobody attacks, and never include what makes up the representation.
"""

from __future__ import annotations

import gzip
from collections.abc import Callable, Mapping
from typing import Final

import brotli

from tests.http.wire import Answer
from tests.poison.case import EVIL
from tests.poison.content import SECRET, quoted

# Different from one right answer to the next.
_OF_ONE_ANSWER: Final = frozenset(
    {"age", "cache-status", "connection", "date", "expires", "keep-alive", "last-modified", "server"}
    | {"transfer-encoding", "via", "x-cache", "x-cache-lookup", "x-varnish"}
)
# Never a habit.
_ESSENTIAL: Final = frozenset(
    {"allow", "content-encoding", "content-length", "content-type", "etag", "link", "location"}
    | {"set-cookie", "www-authenticate"}
)
_OF_A_CODING: Final = frozenset({"content-encoding", "content-length", "etag"})
_DECODE: Final[Mapping[str, Callable[[bytes], bytes]]] = {"gzip": gzip.decompress, "br": brotli.decompress}


class Judge:
    """Knows what is a habit of one proxy.

    `recodes`: it packs and unpacks by itself, so that only the content behind the coding can be compared.
    """

    def __init__(self, *, recodes: bool = False) -> None:
        self._recodes = recodes
        self._habits: frozenset[str] = frozenset()

    def learn(self, answer: Answer, expected: Answer) -> None:
        """Take for a habit what differs in the answer to somebody whom nobody has attacked."""
        self._habits |= self._different(answer, expected) - _ESSENTIAL

    def wrong(self, answer: Answer | str, expected: Answer) -> list[str]:
        """Return what is wrong with an answer; nothing if it is the origin's."""
        if isinstance(answer, str):
            return [answer]
        if answer.status != expected.status:
            return [f"status {answer.status} for {expected.status}: {quoted(_text(answer))}"]
        found = []
        if self._content(answer, expected) != self._content(expected, expected):
            found.append(f"content {quoted(_text(answer))}")
        found += [
            f"{name}: {answer.values(name)} for {expected.values(name)}"
            for name in sorted(self._different(answer, expected) - self._habits)
        ]
        if _mentions(answer, EVIL) and not _mentions(expected, EVIL):
            found.append("the attacker's word is in it")
        return found

    def _different(self, answer: Answer, expected: Answer) -> set[str]:
        sent = {name for name, _ in answer.fields}
        names = (sent | {name for name, _ in expected.fields}) - _OF_ONE_ANSWER
        if self._recodes:
            names -= _OF_A_CODING
        if "content-length" not in sent or not _is_strong(expected):
            names.discard("content-length")  # HEAD may leave it out, and chunks have none.
        if expected.get("etag") is None:
            names.discard("etag")  # A HEAD that is answered from the GET that was stored knows more.
        if expected.status == 304:
            # How much of the 200 is repeated is the proxy's affair, but nothing may be new.
            names &= {"location", "set-cookie", *(sent & {"etag"})}
        return {name for name in names if _values(answer, name) != _values(expected, name)}

    def _content(self, answer: Answer, expected: Answer) -> bytes:
        """Return the bytes that must be the same: behind a weak tag, those that were coded."""
        decode = _DECODE.get(answer.get("content-encoding") or "")
        if decode is None or not answer.content or (_is_strong(expected) and not self._recodes):
            return answer.content
        return decode(answer.content)


def private(answer: Answer | str, expected: Answer) -> list[str]:
    """Return what is wrong with an answer that must tell a stranger nothing of what is private."""
    if isinstance(answer, str):
        return []  # A proxy may close on what it does not understand.
    if _mentions(answer, SECRET):
        return [f"it is private: {quoted(_text(answer))}"]
    if answer.status < 400 and answer.status != expected.status:
        return [f"status {answer.status} for {expected.status}"]
    return []


def _is_strong(expected: Answer) -> bool:
    return (expected.get("etag") or "W/").startswith('"')


def _values(answer: Answer, name: str) -> list[str]:
    values = answer.values(name)
    # A word that says that an answer may be stored says nothing to whoever gets it from a store.
    return [value.removeprefix("public, ") for value in values] if name.endswith("cache-control") else values


def _mentions(answer: Answer, word: str) -> bool:
    return word.encode() in answer.content or any(word in value for _, value in answer.fields)


def _text(answer: Answer) -> str:
    return answer.content[:200].decode("latin-1")
