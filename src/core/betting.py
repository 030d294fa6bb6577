"""Is what happens still what was promised? Bet against the promise: a fortune that cannot grow while it is kept.

A fair or losing game that begins with 1 and never goes below 0 ever reaches 1 / alpha with a probability of at most
alpha, however long it is played and whenever somebody looks (Ville 1939, "Étude critique de la notion de collectif").
So a fortune of 1,000 is evidence that errs once in a thousand lives of a model, without a table of looks and lengths.

Two promises are bet against.

"Today is like the days of the training." If days could have come in any order, today's number is as likely to fall into
one place among all days before as into any other. So the chance that it falls between two neighbours of the training is
known: one more than the live days that fell there, out of all places (an urn of Pólya). Whoever expects the strange
ends more often than that wins if they come, and the days that were strange already do not make the next ones usual. Of
tests of exchangeability by betting: Vovk, Nouretdinov and Gammerman 2003, "Testing exchangeability on-line".

"The chance of a win is at least q." That needs no independence at all: Waudby-Smith and Ramdas 2024, "Estimating means
of bounded random variables by betting".

Only sums, products, quotients and square roots, which every processor rounds alike: a replay elsewhere is the same.
"""

from collections.abc import Sequence
from math import fsum, sqrt
from typing import TypeAlias

JUMP = 0.01
"""Share of the fortune that is spread anew over the ways before each bet, so that one that lost comes back in time
(the Simple Jumper of Vovk et al. 2021, "Retrain or not retrain")."""
MOST = 1e12
"""A fortune above this is given away: giving keeps the promise of Ville, and numbers stay finite."""

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
    """Return what no bet and three that expect high numbers make of one, ever more boldly.

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
    """Return what 0, 1/4, 1/2 and all of a fortune make of one promise: 1 or less expected if it is true.

    `promised` is the chance, 0 to 1, that was claimed before.
    """
    broken = promised - is_kept
    return 1.0, 1.0 + 0.25 * broken, 1.0 + 0.5 * broken, 1.0 + broken


def _roots(share: float) -> tuple[float, float, float]:
    second = sqrt(share)
    fourth = sqrt(second)
    return second, fourth, sqrt(fourth)
