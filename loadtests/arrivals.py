"""When is each request due? In an open loop: whatever has become of those before it.

Clients of a public service do not wait for each other. Requests come in bursts, so the gaps
between them are not alike: they follow a gamma distribution with a given coefficient of variation
(standard deviation over mean): 1 would be a Poisson process, less is more regular, more is
burstier. Where the rate changes, the gap under way is shortened or stretched with it, so that
each stretch of time has its rate from its first moment on.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from random import Random

Stretch = tuple[float, float]  # Seconds, and requests per second in them.


def gaps(variation: float, random: Random) -> Iterator[float]:
    """Yield gaps with a mean of 1 and this coefficient of variation.

    >>> from itertools import islice
    >>> list(islice(gaps(0, Random(1)), 2))
    [1.0, 1.0]
    """
    if variation < 0:
        raise ValueError(f"need a coefficient of variation of at least 0, got {variation}")
    square = variation**2
    while True:
        yield random.gammavariate(1 / square, square) if square else 1.0


def due_moments(stretches: Sequence[Stretch], *, variation: float, random: Random) -> Iterator[float]:
    """Yield the moments at which requests are due, in seconds since the first stretch began.

    >>> list(due_moments([(2, 1), (1, 4)], variation=0, random=Random(1)))
    [1.0, 2.0, 2.25, 2.5, 2.75]
    """
    following = gaps(variation, random)
    left = next(following)  # Of the gap under way, in gaps of mean length.
    began = 0.0
    for seconds, rate in stretches:
        if seconds < 0 or rate < 0:
            raise ValueError(f"need stretches of time with a rate, got {seconds} s at {rate}/s")
        due = began + left / rate if rate else float("inf")
        while due < began + seconds:
            yield due
            due += next(following) / rate
        began += seconds
        # What of the gap lies beyond this stretch is gone through at the rate of the next.
        left = (due - began) * rate if rate else left
