"""Is what happens still what was promised? The evidence is a fortune that is bet against the promise.

While the promise is kept, the bets are fair or losing. A fortune that begins with 1, is bet so and never goes below 0
ever reaches 1 / alpha with a probability of at most alpha, however long it goes on and whenever somebody looks (Ville
1939, "Étude critique de la notion de collectif"). So an alarm at 1,000 is false for at most one model in a thousand,
and no table says when or how often to look.

Two promises are bet against.

"Today is like the days of the training." If days could have come in any order, today's number is as likely to fall into
one place among all days before as into any other. So the chance that it falls between two neighbours of the training is
known: one more than the live days that fell there, out of all places (Pólya's urn). A bet on high or low numbers wins
if they come more often than that. Live days are placed among those of the training only. Tests of exchangeability by
betting: Vovk, Nouretdinov and Gammerman 2003, "Testing exchangeability on-line".

"The chance of a win is at least q." That needs no independence at all: Waudby-Smith and Ramdas 2024, "Estimating means
of bounded random variables by betting".

Only sums, products, quotients and square roots, which every processor rounds alike: a replay elsewhere is the same.
"""

from collections.abc import Sequence
from math import fsum, sqrt
from typing import TypeAlias

JUMP = 0.01
"""Share of the fortune that is spread evenly over the ways again before each bet, so that one that lost can win later
(the Simple Jumper of Vovk et al. 2021, "Retrain or not retrain")."""
MOST = 1e12
"""A fortune is cut to this, so that numbers stay finite; having less makes no alarm more likely."""

Bets: TypeAlias = tuple[float, ...]
"""A fortune by the ways it is bet, from not at all to boldly; empty before the first bet: 1, equally spread."""


def fortune(bets: Bets) -> float:
    """Return the evidence against the promise: 1 to begin with; to reach 1 / alpha by chance has probability alpha."""
    return fsum(bets) if bets else 1.0


def after_bet(bets: Bets, factors: Sequence[float]) -> Bets:
    """Return the fortune after one bet; `factors` say what each way made of a rupee: expected is 1 if all is well."""
    stakes = bets or (1.0 / len(factors),) * len(factors)
    spread = JUMP * fsum(stakes) / len(stakes)
    won = tuple(((1.0 - JUMP) * each + spread) * factor for each, factor in zip(stakes, factors, strict=True))
    total = fsum(won)
    return won if total <= MOST else tuple(each * (MOST / total) for each in won)


def place_among(value: float, trained: Sequence[float]) -> int:
    """Return how many numbers of the training are as high or higher: 0 for the highest of all."""
    return sum(each >= value for each in trained)


def chance_of(place: int, trained: int, live: Sequence[int]) -> float:
    """Return the chance of a place among `trained` numbers after the places of the live days so far."""
    return (1 + live.count(place)) / (trained + 1 + len(live))


def factors_of_high(place: int, trained: int, chance: float) -> Bets:
    """Return what becomes of 1 by no bet, and by three on high numbers, each bolder than the one before.

    Each spreads its stake over the places as `share ** k` does, k = 1/2, 1/4 and 1/8, `share` counted from the top.
    """
    last = _roots(place / (trained + 1))
    return 1.0, *((up - down) / chance for up, down in zip(_roots((place + 1) / (trained + 1)), last, strict=True))


def factors_of_low(place: int, trained: int, chance: float) -> Bets:
    """Return the same of bets on low numbers."""
    return factors_of_high(trained - place, trained, chance)


def factors_of_both(place: int, trained: int, chance: float) -> Bets:
    """Return the same of bets on high numbers and of others on low ones."""
    return factors_of_high(place, trained, chance) + factors_of_low(place, trained, chance)[1:]


def factors_of_promise(promised: float, *, is_kept: bool) -> Bets:
    """Return what becomes of 1 if 0, 1/4, 1/2 or all of it is bet against a promise: on average 1 at most, if kept.

    `promised` is the chance, 0 to 1, that was claimed before.
    """
    broken = promised - is_kept
    return 1.0, 1.0 + 0.25 * broken, 1.0 + 0.5 * broken, 1.0 + broken


def _roots(share: float) -> tuple[float, float, float]:
    second = sqrt(share)
    fourth = sqrt(second)
    return second, fourth, sqrt(fourth)
