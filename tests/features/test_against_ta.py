"""The `ta` library as oracle: another author's formulas must give our numbers, within a stated tolerance.

Differences are measured in standard deviations of the feature. Recursive averages are seeded differently (TA-Lib with
a simple mean, `ta` with the first value), so they are compared after `SETTLED` candles, when the seed has decayed to
nothing; this also masks the zeros that `ta` returns while ATR and ADX warm up. `ta` is given prices in whole units:
on rupees it decides ties of MFI and ADX (0.10 against 0.0999...) at random, and no tolerance could be stated.
"""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
import ta

from features.batch import FeatureTable, compute
from features.columns import CandleColumns
from features.specification import DEFAULT_NAMES, FeatureSpecification

SETTLED = 900
ROUNDING = 1e-9
"""Same formula, other order of operations."""
CANCELLATION = 1e-6
"""Variances as a difference of large sums of squares lose digits in one of the two libraries."""


@dataclass(frozen=True)
class Oracle:
    formula: Callable[[pd.DataFrame], pd.Series]
    tolerance: float = ROUNDING


def sma(frame, window):
    return ta.trend.SMAIndicator(frame["close"], window).sma_indicator()


def ema(frame, window):
    return ta.trend.EMAIndicator(frame["close"], window).ema_indicator()


def atr(frame, window):
    return ta.volatility.AverageTrueRange(frame["high"], frame["low"], frame["close"], window).average_true_range()


def adx(frame):
    return ta.trend.ADXIndicator(frame["high"], frame["low"], frame["close"], 14)


def bands(frame):
    return ta.volatility.BollingerBands(frame["close"], 20, 1)


def spread(frame):
    return bands(frame).bollinger_hband() - bands(frame).bollinger_mavg()


def directional(frame):
    up, down = adx(frame).adx_pos(), adx(frame).adx_neg()
    return (up - down) / (up + down)


def slope(frame):
    places = np.arange(14) - 6.5
    rise = frame["close"].rolling(14).apply(lambda window: (places * window).sum() / (places**2).sum(), raw=True)
    return rise / atr(frame, 14)


def obv_slope(frame):
    """`ta` adds the volume of an unchanged close, we do not: the oracle is given no volume there."""
    moved = frame["volume"].where(frame["close"].diff() != 0, 0)
    balance = ta.volume.OnBalanceVolumeIndicator(frame["close"], moved).on_balance_volume()
    return balance.diff(10) / frame["volume"].rolling(10).sum()


def volume_zscore(frame):
    window = frame["volume"].rolling(20)
    return (frame["volume"] - window.mean()) / window.std(ddof=0)


def vwap_gap(frame):
    """`ta`'s VWAP rolls over a window; the session's is that of a window as long as the session so far."""
    money = (frame["high"] + frame["low"] + frame["close"]) / 3 * frame["volume"]
    return frame["close"] / (money.groupby(frame["day"]).cumsum() / frame["volume"].groupby(frame["day"]).cumsum()) - 1


def session_open(frame):
    return frame.groupby("day")["open"].transform("first")


ORACLES = {
    "return_1": Oracle(lambda frame: ta.momentum.ROCIndicator(frame["close"], 1).roc() / 100),
    "return_3": Oracle(lambda frame: ta.momentum.ROCIndicator(frame["close"], 3).roc() / 100),
    "return_12": Oracle(lambda frame: ta.momentum.ROCIndicator(frame["close"], 12).roc() / 100),
    "ema_gap_9": Oracle(lambda frame: frame["close"] / ema(frame, 9) - 1),
    "ema_gap_21": Oracle(lambda frame: frame["close"] / ema(frame, 21) - 1),
    "sma_gap_50": Oracle(lambda frame: frame["close"] / sma(frame, 50) - 1),
    "macd_histogram_12_26_9": Oracle(lambda frame: ta.trend.MACD(frame["close"]).macd_diff() / atr(frame, 26)),
    "rsi_14": Oracle(lambda frame: ta.momentum.RSIIndicator(frame["close"], 14).rsi()),
    "adx_14": Oracle(lambda frame: adx(frame).adx()),
    "directional_14": Oracle(directional),
    "atr_ratio_14": Oracle(lambda frame: atr(frame, 14) / frame["close"]),
    "zscore_20": Oracle(lambda frame: (frame["close"] - sma(frame, 20)) / spread(frame), CANCELLATION),
    "volatility_20": Oracle(lambda frame: spread(frame) / sma(frame, 20), CANCELLATION),
    "stochastic_14": Oracle(
        lambda frame: ta.momentum.StochasticOscillator(frame["high"], frame["low"], frame["close"], 14).stoch() / 100
    ),
    "slope_14": Oracle(slope),
    "cci_20": Oracle(lambda frame: ta.trend.CCIIndicator(frame["high"], frame["low"], frame["close"], 20).cci()),
    "mfi_14": Oracle(
        lambda frame: ta.volume.MFIIndicator(
            frame["high"], frame["low"], frame["close"], frame["volume"], 14
        ).money_flow_index()
    ),
    "obv_slope_10": Oracle(obv_slope),
    "volume_zscore_20": Oracle(volume_zscore, CANCELLATION),
    "vwap_gap": Oracle(vwap_gap),
    "open_gap": Oracle(lambda frame: frame["close"] / session_open(frame) - 1),
    "overnight_gap": Oracle(
        lambda frame: (
            session_open(frame) / frame.groupby("day")["close"].last().shift().reindex(frame["day"]).to_numpy() - 1
        )
    ),
    "body_14": Oracle(lambda frame: (frame["close"] - frame["open"]) / atr(frame, 14)),
    "time_of_day": Oracle(lambda frame: frame["minute"] / 1440),
}


@pytest.fixture(scope="module")
def history(make_walk) -> CandleColumns:
    return make_walk(days=60, seed=11)


@pytest.fixture(scope="module")
def table(history) -> FeatureTable:
    return compute(FeatureSpecification.default(), history)


@pytest.fixture(scope="module")
def frame(history) -> pd.DataFrame:
    columns = {"open": history.opens, "high": history.highs, "low": history.lows, "close": history.closes}
    floats = {name: values.astype(float) for name, values in (*columns.items(), ("volume", history.volumes))}
    return pd.DataFrame({**floats, "day": history.days(), "minute": history.minutes()})


def test_every_feature_of_the_default_has_an_oracle():
    assert tuple(ORACLES) == DEFAULT_NAMES


@pytest.mark.parametrize("name", DEFAULT_NAMES)
def test_agrees_with_ta(name, table, frame):
    oracle = ORACLES[name]
    ours = table.values[:, table.specification.columns[name]]
    theirs = oracle.formula(frame).to_numpy()
    compared = table.valid.copy()
    compared[:SETTLED] = False

    differences = np.abs(ours - theirs)[compared] / np.std(ours[compared])

    assert compared.sum() > 500
    assert differences.max() < oracle.tolerance


def test_ta_returns_zeros_while_it_warms_up_and_we_return_no_row(table, frame):
    assert (atr(frame, 14).to_numpy()[:13] == 0).all()
    assert (adx(frame).adx().to_numpy()[:13] == 0).all()
    assert not table.valid[:27].any()


def test_money_flow_is_exact_where_typical_prices_tie(history, table):
    """Counted again in whole numbers of Python, ties included."""
    sums = (history.highs + history.lows + history.closes).tolist()
    flows = [0]
    for (before, now), volume in zip(pairwise(sums), history.volumes.tolist()[1:], strict=True):
        flows.append(now * volume * ((now > before) - (now < before)))
    place = table.specification.columns["mfi_14"]
    assert sum(before == now for before, now in pairwise(sums)) > 20

    for row in np.flatnonzero(table.valid):
        window = flows[row - 13 : row + 1]
        up, down = sum(each for each in window if each > 0), -sum(each for each in window if each < 0)
        assert table.values[row, place] == 100.0 * up / (up + down)
