"""What `--timeframe` may be, for every verb the same: the verbs of one program must not differ in what 1D means."""

from core.errors import ConfigurationError
from core.market import Timeframe

_NAMES = {each.value.lower(): each for each in Timeframe} | {"1d": Timeframe.D}


def chosen_timeframe(written: str) -> Timeframe:
    """Return the timeframe of a name, in small letters or large. Raises `ConfigurationError` that lists them all."""
    found = _NAMES.get(written.strip().lower())
    if found is None:
        known = ", ".join(each.value for each in Timeframe)
        raise ConfigurationError(f"--timeframe {written}: must be one of {known}")
    return found
