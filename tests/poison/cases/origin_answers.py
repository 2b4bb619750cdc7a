"""What if the attacker, or bad luck, makes our own answers slow, cut, or those of a machine in between?

Each mischief (`mischief.py`) is played on whoever asks for the victim while the attack lasts.
"""

from __future__ import annotations

from typing import Final

from tests.poison.case import LIST, Case, sent
from tests.poison.mischief import MISCHIEFS

_FRESH: Final = "Cache-Control: no-cache"

CASES: Final[tuple[Case, ...]] = (
    *(sent(mischief, mischief=mischief) for mischief in MISCHIEFS),
    sent("of a list: cut in the body", victim=LIST, mischief="cut in the body"),
    sent("of a list: bare 404", victim=LIST, mischief="bare 404"),
    sent("in a coding: cut in the body", "Accept-Encoding: gzip", mischief="cut in the body"),
    sent("in a coding: chunked without an end", "Accept-Encoding: br", mischief="chunked without an end"),
    sent("of a range: cut in the body", "Range: bytes=0-3", mischief="cut in the body"),
    *(
        sent(f"by HEAD: {mischief}", method="HEAD", mischief=mischief)
        for mischief in MISCHIEFS
        if "head" in mischief or "line" in mischief
    ),
    sent("by HEAD: bare 200", method="HEAD", mischief="bare 200"),
    sent("by HEAD: bare 404", method="HEAD", mischief="bare 404"),
    sent("anew: cut in the body", _FRESH, mischief="cut in the body"),
    sent("anew: cut after the head", _FRESH, mischief="cut after the head"),
    sent("anew: bare 500", _FRESH, mischief="bare 500"),
    sent("anew: bare 304", _FRESH, mischief="bare 304"),
    sent("anew: bare 404", _FRESH, mischief="bare 404"),
    sent("with a condition: bare 304", "If-None-Match: *", mischief="bare 304"),
    sent("with a condition: cut in the body", 'If-None-Match: "{evil}"', mischief="cut in the body"),
    sent("slow, and away", mischief="slow", leaves=True),
    sent("slow in a coding, and away", "Accept-Encoding: gzip", mischief="slow", leaves=True),
    sent("slow of a list, and away", victim=LIST, mischief="slow", leaves=True),
    sent("slow by HEAD, and away", method="HEAD", mischief="slow", leaves=True),
    sent("cut in the body, and away", mischief="cut in the body", leaves=True),
)
