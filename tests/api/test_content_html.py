"""What `sanitise` returns may be shown as it is, and plain text is what a reader would read."""

from __future__ import annotations

from html.parser import HTMLParser

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from api.content.html import MOST_CHARACTERS, excerpt_of, plain_text, sanitise

ATTACKS = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "<a href='javascript:alert(1)'>x</a>",
    "<a href=' jAvAsCrIpT:alert(1)'>x</a>",
    "<a href='data:text/html,<script>alert(1)</script>'>x</a>",
    "<svg><script>alert(1)</script></svg>",
    "<math><mtext><table><mglyph><style><img src=x onerror=alert(1)>",
    "<iframe src='https://example.org'></iframe>",
    "<p style='background:url(javascript:alert(1))'>x</p>",
    "<!--><img src=x onerror=alert(1)>-->",
    "<form action='https://example.org'><input name=q></form>",
    "<noscript><p title='</noscript><img src=x onerror=alert(1)>'>",
]


class Seen(HTMLParser):
    """Collects the elements and attributes of some HTML."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: set[str] = set()
        self.attributes: set[str] = set()
        self.addresses: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.add(tag)
        self.attributes.update(name for name, _ in attrs)
        self.addresses.extend(value or "" for name, value in attrs if name in {"href", "src"})


@given(
    st.lists(st.sampled_from([*ATTACKS, "<p>", "</p>", "<b>", "text", "&lt;", "<table>", "<td>"])).map(
        "".join
    )
)
@example(html="".join(ATTACKS))
def test_nothing_that_can_run_survives(html: str) -> None:
    seen = Seen(sanitise(html))
    assert not seen.elements & {
        "script",
        "style",
        "iframe",
        "svg",
        "math",
        "form",
        "input",
        "object",
        "noscript",
    }
    assert not any(name.startswith("on") or name == "style" for name in seen.attributes)
    assert all(address.startswith(("http://", "https://", "mailto:")) for address in seen.addresses)


@given(
    st.lists(st.sampled_from([*ATTACKS, "<p>", "<em>", "<a href='https://a.org'>", "x", "&amp;"])).map(
        "".join
    )
)
def test_sanitising_again_changes_nothing(html: str) -> None:
    once = sanitise(html)
    assert sanitise(once) == once


def test_what_articles_are_written_with_stays() -> None:
    article = (
        '<h2>Ale</h2>\n<p>It is <strong>not</strong> <em>wine</em>: <code>a &lt; b</code></p>\n<ol start="3">'
        "<li>One</li></ol><pre><code>x\n  y</code></pre><blockquote><p>So.</p></blockquote><hr><sub>2</sub>"
        '<table><tbody><tr><td colspan="2">1</td></tr></tbody></table>'
    )
    assert sanitise(article) == article


def test_link_tells_robots_and_the_next_page_nothing() -> None:
    assert sanitise('<a href="https://a.org" rel="x">a</a>') == (
        '<a href="https://a.org" rel="nofollow noopener noreferrer">a</a>'
    )


def test_relative_address_needs_a_base() -> None:
    html = '<a href="/tags/ale">ale</a><img src="//i.org/a.png">'
    assert Seen(sanitise(html)).addresses == []
    assert Seen(sanitise(html, base_url="https://a.org/q/1")).addresses == [
        "https://a.org/tags/ale",
        "https://i.org/a.png",
    ]


@pytest.mark.parametrize(
    "html",
    [
        pytest.param("<div>" * 100_000 + "deep", id="deep nesting"),
        pytest.param("".join(f"<b id={n}>" for n in range(50_000)) + "deep", id="formatting that piles up"),
        pytest.param("&" * 900_000, id="a run of ampersands"),
        pytest.param("<" * 900_000, id="a run of brackets"),
        pytest.param("<b " + " ".join(f"a{n}" for n in range(150_000)) + ">", id="attributes without end"),
    ],
)
def test_hostile_size_is_answered_with_text_alone(html: str) -> None:
    """A parser takes seconds to many minutes for each of these."""
    assert len(html) > MOST_CHARACTERS
    assert not Seen(sanitise(html)).elements - {"p"}
    assert "\x00" not in plain_text(html)


def test_null_characters_do_not_reach_the_database() -> None:
    assert "\x00" not in sanitise("a\x00b<p>\x00</p>") + plain_text("a\x00b" + "x" * MOST_CHARACTERS + "\x00")


def test_plain_text_has_a_line_for_each_block() -> None:
    html = "<h2>Ale &amp; lager</h2><p>Both\n are <em>be</em>er.<br>Yes.</p><ul><li>One<li>Two</ul><p> </p>"
    assert plain_text(html) == "Ale & lager\nBoth are beer.\nYes.\nOne\nTwo"


def test_plain_text_leaves_out_what_nobody_reads() -> None:
    assert plain_text("a<script>b</script><style>c</style><!-- d --><img alt='e' title='>f'>") == "a"


def test_plain_text_of_escaped_html_is_the_html() -> None:
    assert plain_text("<p>&lt;b&gt; is bold</p>") == "<b> is bold"


@given(st.text(max_size=500), st.integers(min_value=1, max_value=200))
def test_excerpt_is_one_line_within_its_length(text: str, length: int) -> None:
    excerpt = excerpt_of(text, length=length)
    assert len(excerpt) <= length
    assert excerpt.splitlines() in ([], [excerpt])


def test_excerpt_ends_between_words_and_says_so() -> None:
    assert excerpt_of("Both ale and lager\nare beer.", length=15) == "Both ale and…"
    assert excerpt_of("Short\ntext.") == "Short text."
