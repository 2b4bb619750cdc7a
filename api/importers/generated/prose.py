"""How is plausible English made cheaply?

Sentences are patterns filled with words. Paragraphs are made and sanitised once, into a pool
from which posts and comments are put together: joining what has been sanitised needs no
sanitising, so a post costs a few microseconds instead of a parser's hundred.
"""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import Final

from api.content.html import plain_text, sanitise
from api.importers.generated.vocabulary import ADJECTIVES, NOUNS, PLACES, TIMES, VERBS

_TITLES: Final = (
    "How do you {verb} {a_adjective} {noun}?",
    "Why every {noun} needs {a_adjective2} {noun2}",
    "A short history of the {adjective} {noun}",
    "What {a_noun} can teach us about the {adjective} {noun2}",
    "How to {verb} {a_noun} {time}",
    "Notes on the {adjective} {noun} of {place}",
    "{Noun} or {noun2}: which one for {place}?",
    "The {adjective} {noun} and the {adjective2} {noun2}",
    "Is it wise to {verb} {a_noun} {time}?",
    "In praise of the {adjective} {noun}",
    "From {place} with {a_adjective} {noun}",
    "{Adjective} {noun}, {adjective2} {noun2}",
)
_SENTENCES: Final = (
    "The {adjective} {noun} stood beside the {noun2} {time}.",
    "Nobody in {place} would {verb} {a_noun} {time}.",
    "It takes {a_adjective} {noun} to {verb} {a_adjective2} {noun2}.",
    "If you {verb} the {noun} first, the {noun2} stays {adjective}.",
    "We used to {verb} every {noun} {time}, and the {noun2} was {adjective} enough.",
    "{A_adjective} {noun} is worth more than {a_adjective2} {noun2}.",
    "In {place} they {verb} the {noun} before they {verb2} the {noun2}.",
    "What matters is the {noun}, not how {adjective} the {noun2} looks {time}.",
    "My neighbour learned to {verb} {a_adjective} {noun} {time}.",
    "There is {a_adjective} {noun} near {place} that I still {verb} {time}.",
    "One {noun} is enough; two make the {noun2} {adjective}.",
    "Older books say that the {noun} was {adjective}, but {place} had {a_adjective2} one.",
    "You can {verb} it {time}, though the {adjective} {noun} will not thank you.",
    "So the {noun} of {place} became {adjective}, and the {noun2} remained.",
)
_OPENINGS: Final = (
    "This is about the {noun}, and about {place}.",
    "I came across {a_adjective} {noun} in {place} {time}.",
    "Few things are as {adjective} as {a_noun} {time}.",
    "For years I have tried to {verb} the {adjective} {noun}.",
    "Somebody in {place} asked me about the {adjective} {noun}.",
)
_DECORATED: Final = (
    "<h2>The {adjective} {noun}</h2>",
    "<blockquote><p>{A_adjective} {noun} is never {adjective2}.</p></blockquote>",
    "<ul><li>{a_adjective} {noun}</li><li>{a_noun} from {place}</li><li>the {noun2}, {time}</li></ul>",
    "<ol><li>First {verb} the {noun}.</li><li>Then {verb2} the {noun2} {time}.</li></ol>",
    "<pre><code>{verb} --{adjective} {noun} {noun2}</code></pre>",
)
_POOL_SIZE: Final = 3_000
_REMARKS: Final = 3_000


@dataclass(frozen=True, slots=True)
class Passage:
    """A piece of sanitised HTML, and what it says."""

    html: str
    text: str

    @classmethod
    def of(cls, html: str) -> Passage:
        """Sanitise some HTML."""
        clean = sanitise(html)
        return cls(clean, plain_text(clean))


class Prose:
    """A pool of passages, the same for the same seed."""

    def __init__(self, random: Random) -> None:
        self.paragraphs = [Passage.of(_paragraph(random)) for _ in range(_POOL_SIZE)]
        self.remarks = [Passage.of(f"<p>{_sentences(random, 1, 3)}</p>") for _ in range(_REMARKS)]


def title_and_opening(random: Random) -> tuple[str, str]:
    """Return a title, and a sentence to begin with on the same subject."""
    words = _words(random)
    title = random.choice(_TITLES).format_map(words)
    return title, random.choice(_OPENINGS).format_map(words)


def _paragraph(random: Random) -> str:
    if random.random() < 0.2:
        return random.choice(_DECORATED).format_map(_words(random))
    sentences = _sentences(random, 4, 8)
    if random.random() < 0.3:
        word = random.choice(NOUNS)
        sentences = sentences.replace(f" {word} ", f" <em>{word}</em> ")
    if random.random() < 0.2:
        place = random.choice(PLACES)
        sentences += f' See <a href="https://example.org/{place.lower()}">what {place} says</a>.'
    return f"<p>{sentences}</p>"


def _sentences(random: Random, least: int, most: int) -> str:
    number = random.randint(least, most)
    return " ".join(random.choice(_SENTENCES).format_map(_words(random)) for _ in range(number))


def _words(random: Random) -> dict[str, str]:
    adjective, adjective2 = random.choice(ADJECTIVES), random.choice(ADJECTIVES)
    noun, noun2 = random.choice(NOUNS), random.choice(NOUNS)
    an_adjective = _with_article(adjective)
    return {
        "adjective": adjective,
        "Adjective": adjective.capitalize(),
        "a_adjective": an_adjective,
        "A_adjective": an_adjective.capitalize(),
        "adjective2": adjective2,
        "a_adjective2": _with_article(adjective2),
        "noun": noun,
        "Noun": noun.capitalize(),
        "a_noun": _with_article(noun),
        "noun2": noun2,
        "verb": random.choice(VERBS),
        "verb2": random.choice(VERBS),
        "place": random.choice(PLACES),
        "time": random.choice(TIMES),
    }


def _with_article(word: str) -> str:
    # "honest" and "useful" sound otherwise than they are spelled.
    is_vowel = word[0] in "aeiou" and not word.startswith("us")
    return f"{'an' if is_vowel or word == 'honest' else 'a'} {word}"
