"""The test of first events by section 2.3 of the specification, written again: from which event on there is harm."""

import math
from collections import Counter
from collections.abc import Iterable

GRID = (0.025, 0.05, 0.1, 0.2, 0.4, 0.8, 1.6)
# One metric and one treatment: the whole level is theirs.
THRESHOLD = math.log(1 / 0.05)
# What one event may make of a difference, at most, when it is taken for another.
OF_AN_EVENT = 0.7


def log_e(counts: Counter[tuple[float, bool]]) -> float:
    """The evidence of how many subjects had an event, by share of the treatment and whether they were treated."""

    def likelihood(gain: float) -> float:
        total = 0.0
        for (p, is_treated), count in counts.items():
            q = math.exp(gain) * p / (math.exp(gain) * p + 1 - p)
            total += count * (math.log(q / p) if is_treated else math.log((1 - q) / (1 - p)))
        return total

    exponents = [likelihood(gain) for gain in GRID]
    largest = max(exponents)
    return largest + math.log(sum(math.exp(one - largest) for one in exponents)) - math.log(len(GRID))


def decisive(events: Iterable[tuple[float, bool]], threshold: float = THRESHOLD) -> int | None:
    """The place of the first event, of all in their order, with which the evidence suffices."""
    counts: Counter[tuple[float, bool]] = Counter()
    for place, event in enumerate(events):
        counts[event] += 1
        if log_e(counts) >= threshold:
            return place
    return None
