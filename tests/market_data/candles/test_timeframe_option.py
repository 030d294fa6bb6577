"""One meaning of `--timeframe` for all verbs."""

import pytest

from core.errors import ConfigurationError
from core.market import Timeframe
from market_data.candles.timeframe_option import chosen_timeframe


@pytest.mark.parametrize("timeframe", Timeframe)
def test_every_timeframe_has_its_own_name_in_small_letters_and_large(timeframe: Timeframe):
    assert chosen_timeframe(timeframe.value) is timeframe
    assert chosen_timeframe(timeframe.value.upper()) is chosen_timeframe(timeframe.value.lower()) is timeframe


def test_a_day_may_be_written_1d():
    assert chosen_timeframe("1D") is Timeframe.D


@pytest.mark.parametrize("written", ["7m", "", "1h", ","])
def test_any_other_name_is_refused_with_those_there_are(written: str):
    with pytest.raises(ConfigurationError, match=f"^--timeframe {written}: must be one of 1m, 3m, 5m, 15m, 60m, D$"):
        chosen_timeframe(written)
