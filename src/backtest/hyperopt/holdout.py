"""Sessions kept back at the end, which no search sees: the one honest look at its best."""

from dataclasses import dataclass

from backtest.candle_sources import Range
from backtest.hyperopt.ground import Ground
from core.errors import ConfigurationError

_FEWEST_SESSIONS = 2


@dataclass(frozen=True, slots=True, eq=False)
class Split:
    """What is searched, and what is kept back."""

    searched: Ground
    kept_back: Ground | None


def split_at(ground: Ground, share: float) -> Split:
    """Keep back the last sessions. Raises `ConfigurationError` for a share that leaves either side too little."""
    if share == 0:
        return Split(ground, None)
    sessions = ground.sessions
    first = len(sessions) - round(len(sessions) * share) if 0 < share < 1 else 0  # NaN is not between them
    if not _FEWEST_SESSIONS <= first <= len(sessions) - _FEWEST_SESSIONS:
        raise ConfigurationError(
            f"--holdout-share {share:g} of {len(sessions)} sessions: keep back a share that leaves at least "
            f"{_FEWEST_SESSIONS} sessions on either side, or 0 for none"
        )
    before, after = Range(last=sessions[first - 1]), Range(first=sessions[first])
    return Split(ground.within(before), ground.within(after))
