"""What of somebody's HTML do we show, and what does it say as plain text?

Whatever is stored in a `body` has come through `sanitise`, so whoever reads a body may
show it as it is:

    somebody's HTML ──sanitise──► body ──plain_text──► text ──excerpt_of──► excerpt

Sanitising parses as a browser does and keeps a list of elements and attributes; all
else is unwrapped, or dropped with its content where that was never meant to be read.
This module knows no model and no source of content.
"""

from __future__ import annotations

import re
from html import escape, unescape
from typing import Final

import nh3

EXCERPT_LENGTH: Final = 200  # Characters: a sentence or two.

# Parsing takes time quadratic in the depth of nesting and in some runs of characters: a megabyte
# of "<div>" took over ten minutes. Nobody's article comes near these; beyond them only text is kept.
MOST_CHARACTERS: Final = 200_000
MOST_TAGS: Final = 5_000

# Where one of these begins or ends, a line of the plain text does.
_BLOCKS: Final = frozenset(
    {
        *("blockquote", "br", "dd", "dl", "dt", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "li", "ol", "p"),
        *("pre", "table", "tbody", "td", "tfoot", "th", "thead", "tr", "ul"),
    },
)
_INLINE: Final = frozenset(
    {
        *("a", "abbr", "b", "cite", "code", "del", "em", "i", "img", "ins", "kbd", "mark", "q", "s", "samp"),
        *("small", "strike", "strong", "sub", "sup", "var"),
    },
)
# Their content is code, a control or a picture, and would look odd as text.
_DROPPED_WITH_CONTENT: Final = frozenset(
    {
        *("iframe", "math", "noembed", "noframes", "noscript", "object", "script", "select", "style", "svg"),
        *("template", "textarea", "title"),
    },
)
_ATTRIBUTES: Final = {
    "a": {"href", "title"},
    "abbr": {"title"},
    "img": {"alt", "height", "src", "title", "width"},
    "ol": {"start"},
    "td": {"colspan", "rowspan"},
    "th": {"colspan", "rowspan"},
}
_SCHEMES: Final = {"http", "https", "mailto"}
_LINK_REL: Final = "nofollow noopener noreferrer"

_cleaner = nh3.Cleaner(
    tags=set(_BLOCKS | _INLINE),
    clean_content_tags=set(_DROPPED_WITH_CONTENT),
    attributes=_ATTRIBUTES,
    url_schemes=_SCHEMES,
    link_rel=_LINK_REL,
    url_relative="deny",
)
# No attribute survives it, so each "<...>" of its output is a tag and each other "<" is escaped.
_skeleton = nh3.Cleaner(
    tags=set(_BLOCKS),
    clean_content_tags=set(_DROPPED_WITH_CONTENT),
    attributes={},
    link_rel=None,
)
_TAG: Final = re.compile(r"<[^<>]*>")


def sanitise(html: str, *, base_url: str | None = None) -> str:
    """Return what of `html` is safe to show; sanitising an article again changes nothing.

    Links and pictures relative to `base_url` become absolute. Without one they lose their
    address: a body is shown on sites that we do not know.

    >>> sanitise('<p onclick="x()">Hi<script>x()</script> <a href="javascript:x()">you</a>')
    '<p>Hi <a rel="nofollow noopener noreferrer">you</a></p>'
    """
    if _is_costly(html):
        return f"<p>{escape(plain_text(html), quote=False)}</p>"
    if base_url is None:
        return _cleaner.clean(html)
    # A cleaner for each base is a few microseconds; keeping them would be a cache to bound.
    absolute = nh3.clean(
        html,
        tags=set(_BLOCKS | _INLINE),
        clean_content_tags=set(_DROPPED_WITH_CONTENT),
        attributes=_ATTRIBUTES,
        url_schemes=_SCHEMES,
        link_rel=_LINK_REL,
        url_relative=("rewrite_with_base", base_url),
    )
    return str(absolute)


def plain_text(html: str) -> str:
    r"""Return what `html` says, a line for each block that says anything.

    >>> plain_text("<h2>Ale &amp; lager</h2><p>Both are <em>beer</em>.</p><ul><li>One<li>Two</ul>")
    'Ale & lager\nBoth are beer.\nOne\nTwo'
    """
    # A newline in HTML is a space; the ones that count are put in for the blocks.
    skeleton = html.replace("\0", "") if _is_costly(html) else _skeleton.clean(html)
    lines = unescape(_TAG.sub("\n", skeleton.replace("\r", " ").replace("\n", " "))).split("\n")
    return "\n".join(line for line in (" ".join(line.split()) for line in lines) if line)


def excerpt_of(text: str, length: int = EXCERPT_LENGTH) -> str:
    """Return the beginning of a plain text as one line of at most `length` characters.

    >>> excerpt_of("Both ale and lager are beer.", length=15)
    'Both ale and…'
    """
    line = " ".join(text.split())
    if len(line) <= length:
        return line
    whole_words = line[:length].rpartition(" ")[0]
    return (whole_words or line[: length - 1]).rstrip(" ,;:-") + "…"


def _is_costly(html: str) -> bool:
    return len(html) > MOST_CHARACTERS or html.count("<") > MOST_TAGS
