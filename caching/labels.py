"""How does an answer tell an edge what it depends on, within what proxies take?

The same surrogate keys in up to four dialects, each of them a field:

    Surrogate-Key   post:42 posts        Fastly, and many others
    xkey            post:42 posts        Varnish with its xkey module
    Cache-Tag       post:42,posts        Cloudflare
    Cache-Groups    "post:42", "posts"   RFC 9875; edges need not look beyond 32 of them

Proxies refuse an answer whose head is too long: default nginx from 3.9 kB of one field on, default
Varnish from 8.5 kB. So there is a budget, for all dialects together. An answer with more keys is
labelled more coarsely, kind by kind: `tag:any` says that it shows rows of tags, and not which.
Nothing is cut off, and nothing becomes unpurgeable, for whoever purges `tag:7` purges what is
labelled `tag:any` as well (`purged_with`):

    keys      all  post:*  post:42  post:43  tag:*  tag:7  tag:8  tag:9
    labels    all  post:*  post:42  post:43  tag:*  tag:any             purged by post:42, any tag, ...
    at worst  all  any                                                  purged by whatever changes
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from hashlib import blake2b
from typing import Final, NamedTuple

from caching.headers import Field
from caching.surrogate_keys import EVERYTHING, surrogate_key

ANY: Final = "any"
# The least budget, in bytes: `all any` in each dialect.
LEAST_BYTES: Final = 128

_LINE: Final = 4  # Bytes of a field line beside its name and value: a colon, a space, and its end.
_COARSE: Final = ":*"


class Dialect(NamedTuple):
    """A field that carries labels: how it spells them, and at what price."""

    field: bytes
    spelled: Callable[[Iterable[str]], str]
    extra: int  # Bytes that a label costs beside itself.
    most: int | None = None


def _spaced(labels: Iterable[str]) -> str:
    return " ".join(labels)


def _listed(labels: Iterable[str]) -> str:
    return ",".join(labels)


def structured(labels: Iterable[str]) -> str:
    """Spell labels as a list of strings (RFC 9651 §3.1); nothing in a label needs to be escaped."""
    return ", ".join(f'"{label}"' for label in labels)


# RFC 9875 §2.1: caches have to support 32 groups of 32 characters, and may ignore more.
MOST_GROUPS: Final = 32

DIALECTS: Final[Mapping[str, Dialect]] = {
    "surrogate-key": Dialect(b"surrogate-key", _spaced, 1),
    "cache-tag": Dialect(b"cache-tag", _listed, 1),
    "xkey": Dialect(b"xkey", _spaced, 1),
    "cache-groups": Dialect(b"cache-groups", structured, 4, MOST_GROUPS),
}
FIELD_NAMES: Final = frozenset(dialect.field for dialect in DIALECTS.values())


def kind_of(key: str) -> str:
    """Return the kind of a surrogate key.

    >>> kind_of("post:42:comments"), kind_of("posts")
    ('post', 'posts')
    """
    return key.partition(":")[0]


def wide_key(key: str) -> str:
    """Return the label of answers that carry keys of this kind and do not say which.

    >>> wide_key("post:42")
    'post:any'
    """
    return surrogate_key(f"{kind_of(key)}:{ANY}")


def purged_with(keys: Iterable[str]) -> frozenset[str]:
    """Return the labels by which all answers are found that carry one of these keys."""
    labels = {ANY}
    for key in keys:
        labels.add(key)
        if key not in {EVERYTHING, ANY}:
            labels.add(wide_key(key))
    return frozenset(labels)


class Labelling:
    """Labels answers in these dialects, within so many bytes of header lines.

    `given_up`: the kinds that are named coarsely first, those that change least before the others;
    kinds that it does not name follow, the largest first.
    """

    def __init__(
        self, dialects: Sequence[str] = (), *, budget: int = LEAST_BYTES, given_up: Sequence[str] = ()
    ) -> None:
        """Raise `ValueError` for a dialect that there is not, or a budget that holds nothing."""
        unknown = [name for name in dialects if name not in DIALECTS]
        if unknown:
            raise ValueError(f"need dialects among {', '.join(DIALECTS)}, got {unknown[0]!r}")
        if budget < LEAST_BYTES:
            raise ValueError(f"need a budget of at least {LEAST_BYTES} bytes, got {budget}")
        self._dialects: Final = tuple(DIALECTS[name] for name in DIALECTS if name in dialects)
        self._budget: Final = budget
        self._given_up: Final = tuple(given_up)
        self._fixed: Final = sum(len(dialect.field) + _LINE for dialect in self._dialects)
        self._most: Final = min((dialect.most for dialect in self._dialects if dialect.most), default=None)

    @property
    def variant(self) -> bytes:
        """What tells entries apart that were labelled differently: nothing if they are not labelled."""
        if not self._dialects:
            return b""
        settings = (*(dialect.field for dialect in self._dialects), self._budget, *self._given_up)
        return blake2b(repr(settings).encode(), digest_size=4).hexdigest().encode() + b":"

    def fields(self, keys: Collection[str]) -> tuple[Field, ...]:
        """Return the fields that label an answer with these keys: equal keys, equal fields."""
        if not self._dialects:
            return ()
        labels = self.labels(keys)
        return tuple((dialect.field, dialect.spelled(labels).encode("ascii")) for dialect in self._dialects)

    def labels(self, keys: Collection[str]) -> list[str]:
        """Return the labels of an answer that carries these keys, `all` among them, in order."""
        if self._fits(keys):
            return sorted(keys)
        kinds = _by_kind(keys)
        chosen = set(keys)
        for kind in self._order(kinds):
            coarser = {key for key in kinds[kind] if key.endswith(_COARSE)} | {wide_key(kind)}
            if _size(coarser) < _size(kinds[kind]):
                chosen = (chosen - kinds[kind]) | coarser
                if self._fits(chosen):
                    return sorted(chosen)
        return [EVERYTHING, ANY]

    def _order(self, kinds: Mapping[str, set[str]]) -> Iterator[str]:
        yield from (kind for kind in self._given_up if kind in kinds)
        others = (kind for kind in kinds if kind not in self._given_up)
        yield from sorted(others, key=lambda kind: (-_size(kinds[kind]), kind))

    def _fits(self, labels: Collection[str]) -> bool:
        if self._most is not None and len(labels) > self._most:
            return False
        size = _size(labels)
        taken = sum(size + dialect.extra * len(labels) for dialect in self._dialects)
        return self._fixed + taken <= self._budget


def _by_kind(keys: Iterable[str]) -> dict[str, set[str]]:
    kinds: dict[str, set[str]] = {}
    for key in keys:
        if key != EVERYTHING:
            kinds.setdefault(kind_of(key), set()).add(key)
    return kinds


def _size(labels: Iterable[str]) -> int:
    return sum(map(len, labels))
