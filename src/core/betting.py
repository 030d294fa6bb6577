"""Is what happens still what was promised? Bet against the promise: a fortune that cannot grow while it is kept.

A fair or losing game that begins with 1 and never goes below 0 ever reaches 1 / alpha with a probability of at most
alpha, however long it is played and whenever somebody looks (Ville 1939, "Étude critique de la notion de collectif").
So a fortune of 1,000 is evidence that errs once in a thousand lives of a model, without a table of looks and lengths.

Two promises are bet against. "Today is like the days of the training": the rank of today among them and all days since
is a p-value, and the p-values of successive days are independent (Vovk, Nouretdinov and Gammerman 2003, "Testing
exchangeability on-line"). "The chance of a win is at least q": that needs no independence at all (Waudby-Smith and
Ramdas 2024, "Estimating means of bounded random variables by betting").

Only sums, products, quotients and square roots, which every processor rounds alike: a replay elsewhere gives equal bytes.
"""

from collections.abc import Sequence
from math import fsum, sqrt
from typing import TypeAlias

BETTORS = 4
"""Ways to bet, from not at all to boldly. How far the world is from the promise is not known beforehand."""
JUMP = 0.01
"""Share of the fortune that is spread anew over the ways before each bet, so that one that lost comes back in time
(the Simple Jumper of Vovk et al. 2021, "Retrain or not retrain")."""
MOST = 1e12
"""A fortune above this is given away: giving keeps the promise of Ville, and numbers stay finite."""

Bets: TypeAlias = tuple[float, ...]
"""The fortune, by the way it is bet."""

START: Bets = (1.0 / BETTORS,) * BETTORS


def fortune(bets: Bets) -> float:
    """Return the evidence against the promise: 1 to begin with; to reach 1 / alpha by chance has probability alpha."""
    return fsum(bets)


def after_bet(bets: Bets, factors: Sequence[float]) -> Bets:
    """Return the fortune after one bet; `factors` say what each way made of a rupee, at most 1 expected if all is well."""
    spread = JUMP * fortune(bets) / len(bets)
    won = tuple(((1.0 - JUMP) * each + spread) * factor for each, factor in zip(bets, factors, strict=True))
    total = fortune(won)
    return won if total <= MOST else tuple(each * (MOST / total) for each in won)


def rank(value: float, known: Sequence[float]) -> float:
    """Return the share of `known`, the value among them, that is as high or higher: small for a value that is too high.

    Equals count against the value, so that ties make the p-value larger and never smaller.
    """
    return (1 + sum(each >= value for each in known)) / (len(known) + 1)


def two_sided_rank(value: float, known: Sequence[float]) -> float:
    """Return a p-value that is small for a value that is too high or too low: twice the smaller of the two ranks."""
    return min(1.0, 2.0 * min(rank(value, known), rank(-value, [-each for each in known])))


def factors_of_rank(p: float) -> Bets:
    """Return k * p^(k - 1) for k = 1, 3/4, 1/2 and 1/4: each is 1 on average over p-values that are evenly spread.

    `p` lies above 0 and at most at 1. Source: the calibrators of Vovk and Wang 2021, "E-values".
    """
    root = sqrt(p)
    fourth = sqrt(root)
    return 1.0, 0.75 / fourth, 0.5 / root, 0.25 / (root * fourth)


def factors_of_promise(promised: float, *, is_kept: bool) -> Bets:
    """Return what 0, 1/4, 1/2 and all of a fortune make of one promise: 1 or less on average if the chance was `promised`.

    `promised` is the chance, 0 to 1, that was claimed before.
    """
    broken = promised - is_kept
    return 1.0, 1.0 + 0.25 * broken, 1.0 + 0.5 * broken, 1.0 + broken
