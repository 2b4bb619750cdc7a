"""How does the text of a comment become HTML?

Posts come as HTML, but comments as the text that was typed, in a small dialect of Markdown:
code, emphasis, links, and addresses on their own. All else in it is text, above all what looks
like HTML.
"""

from __future__ import annotations

import re
from html import escape
from typing import Final

from api.content.html import sanitise

# Lengths are bounded, so that no text makes a pattern look through it again and again.
_CODE: Final = r"`(?P<code>[^`\n]{1,600})`"
_URL: Final = r"https?://(?:[^\s<>()\uE000\uE001]|\([^\s<>()]{0,200}\)){1,600}"
_LINK: Final = rf"\[(?P<label>[^\[\]\n]{{1,600}})\]\((?P<target>{_URL})(?:\s+\"[^\"\n]{{0,200}}\")?\)"
_BARE: Final = rf"(?<![\w/])(?P<bare>{_URL}(?<![.,;:!?'\"*]))"
_APART: Final = re.compile(f"{_CODE}|{_LINK}|{_BARE}")
_STRONG: Final = re.compile(r"\*\*(?=\S)(.{1,600}?)(?<=\S)\*\*")
_EMPHASIS: Final = re.compile(r"(?<![\w*])([*_])(?=\S)((?:(?!\1).){1,600})(?<=\S)\1(?![\w*])")
_PLACEHOLDER: Final = re.compile("\ue000(\\d+)\ue001")
_PRIVATE: Final = str.maketrans("", "", "\ue000\ue001")


def html_of(text: str) -> str:
    """Return a comment's text as HTML that is safe to show.

    >>> html_of("Is *that* `a<b`?")
    '<p>Is <em>that</em> <code>a&lt;b</code>?</p>'
    """
    apart: list[str] = []

    def set_apart(match: re.Match[str]) -> str:
        # Stands for what emphasis must not look into, until that is done.
        apart.append(_html_of_part(match))
        return f"\ue000{len(apart) - 1}\ue001"

    marked = escape(_APART.sub(set_apart, text.strip().translate(_PRIVATE)), quote=False)
    emphasised = _EMPHASIS.sub(r"<em>\2</em>", _STRONG.sub(r"<strong>\1</strong>", marked))
    whole = _PLACEHOLDER.sub(lambda match: apart[int(match[1])], emphasised)
    return sanitise(f"<p>{whole.replace(chr(10), '<br>')}</p>")


def _html_of_part(match: re.Match[str]) -> str:
    if match["code"] is not None:
        return f"<code>{escape(match['code'])}</code>"
    if match["bare"] is not None:
        return f'<a href="{escape(match["bare"])}">{escape(match["bare"])}</a>'
    return f'<a href="{escape(match["target"])}">{escape(match["label"])}</a>'
