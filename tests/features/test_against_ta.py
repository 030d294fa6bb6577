"""The `ta` library as oracle: another author's formulas must give our numbers, each within its own stated tolerance.

`ORACLES` says for every feature which classes of `ta` stand behind its oracle, how far the two may differ and why they
differ at all; for those that `ta` has nothing for, why not. Differences are measured in standard deviations of the
feature, and tolerances are about ten times what five such histories showed. `ta` is given prices in whole units: on
rupees it decides ties of MFI and ADX (0.10 against 0.0999...) at random, and no tolerance could be stated.
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
"""Candles after which recursive averages are compared. TA-Lib seeds them with a simple mean, `ta` with the first value;
the seed has then a weight of (25/26)**900 = 5e-16 at most. This also masks the zeros of `ta` while ATR and ADX warm up.
"""
EQUAL = 0.0


@dataclass(frozen=True)
class Oracle:
    """Another author's formula of one feature."""

    classes: tuple[str, ...]
    """Those of `ta` that the formula calls; none where `ta` has nothing to call, and `why` says so."""
    formula: Callable[[pd.DataFrame], pd.Series]
    tolerance: float
    """Largest difference, in standard deviations of the feature."""
    why: str
    """What the tolerance allows for."""
    settled: int = 0
    """Candles before the first that is compared."""


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
    """Bollinger's bands around volume instead of price."""
    around = ta.volatility.BollingerBands(frame["volume"], 20, 1)
    mean = around.bollinger_mavg()
    return (frame["volume"] - mean) / (around.bollinger_hband() - mean)


def by_session(frame, formula):
    return pd.concat([formula(session) for _, session in frame.groupby("day")])


def session_vwap(session):
    """`ta` rolls its VWAP over a window: one as long as the session, filled from its first candle on."""
    parts = (session[each] for each in ("high", "low", "close", "volume"))
    return ta.volume.VolumeWeightedAveragePrice(
        *parts, window=len(session), fillna=True
    ).volume_weighted_average_price()


def since_open(session):
    """`ta` counts the return from the first value of a series: the open, and then the closes."""
    path = pd.concat([session["open"].iloc[:1], session["close"]], ignore_index=True)
    returns = ta.others.CumulativeReturnIndicator(path).cumulative_return() / 100
    return returns.iloc[1:].set_axis(session.index)


def overnight_gap(frame):
    opens = frame.groupby("day")["open"].transform("first")
    closes = frame.groupby("day")["close"].last().shift()
    return opens / closes.reindex(frame["day"]).to_numpy() - 1


def rate_of_change(window):
    return lambda frame: ta.momentum.ROCIndicator(frame["close"], window).roc() / 100


ORACLES = {
    "return_1": Oracle(
        ("ROCIndicator",), rate_of_change(1), 3e-14, "per cent and back; a return is small beside the ratio it is of"
    ),
    "return_3": Oracle(("ROCIndicator",), rate_of_change(3), 2e-14, "as return_1, of a larger spread"),
    "return_12": Oracle(("ROCIndicator",), rate_of_change(12), 1e-14, "as return_1, of a still larger spread"),
    "ema_gap_9": Oracle(
        ("EMAIndicator",),
        lambda frame: frame["close"] / ema(frame, 9) - 1,
        3e-12,
        "the recursion is written in another order and rounds at each candle; minus 1 magnifies it",
        SETTLED,
    ),
    "ema_gap_21": Oracle(
        ("EMAIndicator",),
        lambda frame: frame["close"] / ema(frame, 21) - 1,
        4e-12,
        "as ema_gap_9, with roundings that fade more slowly",
        SETTLED,
    ),
    "sma_gap_50": Oracle(
        ("SMAIndicator",), lambda frame: frame["close"] / sma(frame, 50) - 1, EQUAL, "whole prices sum exactly in both"
    ),
    "macd_histogram_12_26_9": Oracle(
        ("MACD", "AverageTrueRange"),
        lambda frame: ta.trend.MACD(frame["close"]).macd_diff() / atr(frame, 26),
        1e-10,
        "a difference of differences of averages near 60,000 loses digits twice",
        SETTLED,
    ),
    "rsi_14": Oracle(
        ("RSIIndicator",),
        lambda frame: ta.momentum.RSIIndicator(frame["close"], 14).rsi(),
        1e-13,
        "one works with 100 - 100 / (1 + up / down), the other with 100 * up / (up + down)",
        SETTLED,
    ),
    "adx_14": Oracle(
        ("ADXIndicator",),
        lambda frame: adx(frame).adx(),
        1e-13,
        "the same sums on whole units; the masked seed may leave a last digit",
        SETTLED,
    ),
    "directional_14": Oracle(
        ("ADXIndicator",),
        directional,
        1e-13,
        "as adx_14: both lines are over the same true range, which falls out",
        SETTLED,
    ),
    "atr_ratio_14": Oracle(
        ("AverageTrueRange",),
        lambda frame: atr(frame, 14) / frame["close"],
        1e-13,
        "Wilder's recursion in another order",
        SETTLED,
    ),
    "zscore_20": Oracle(
        ("BollingerBands", "SMAIndicator"),
        lambda frame: (frame["close"] - sma(frame, 20)) / spread(frame),
        1e-6,
        "TA-Lib's variance is a difference of sums of squares near 4e9: of a spread of a few units few digits are left",
    ),
    "volatility_20": Oracle(
        ("BollingerBands", "SMAIndicator"),
        lambda frame: spread(frame) / sma(frame, 20),
        1e-8,
        "the same variance; where it is small and imprecise, so is its share of this feature",
    ),
    "stochastic_14": Oracle(
        ("StochasticOscillator",),
        lambda frame: ta.momentum.StochasticOscillator(frame["high"], frame["low"], frame["close"], 14).stoch() / 100,
        1e-14,
        "whole differences and one division; per cent and back",
    ),
    "slope_14": Oracle(
        ("AverageTrueRange",),
        slope,
        1e-13,
        "ta has no regression line: its slope is written out here; the average true range is ta's",
        SETTLED,
    ),
    "cci_20": Oracle(
        ("CCIIndicator",),
        lambda frame: ta.trend.CCIIndicator(frame["high"], frame["low"], frame["close"], 20).cci(),
        1e-8,
        "typical prices are thirds: their distance from their mean loses the digits in which thirds were rounded",
    ),
    "mfi_14": Oracle(
        ("MFIIndicator",),
        lambda frame: ta.volume.MFIIndicator(
            frame["high"], frame["low"], frame["close"], frame["volume"], 14
        ).money_flow_index(),
        1e-13,
        "thirds of whole numbers against whole numbers, and another form of the ratio",
    ),
    "obv_slope_10": Oracle(("OnBalanceVolumeIndicator",), obv_slope, EQUAL, "whole volumes sum exactly in both"),
    "volume_zscore_20": Oracle(
        ("BollingerBands",),
        volume_zscore,
        1e-11,
        "the variance of zscore_20, but volumes spread as widely as they are large and lose little",
    ),
    "vwap_gap": Oracle(
        ("VolumeWeightedAveragePrice",),
        lambda frame: frame["close"] / by_session(frame, session_vwap) - 1,
        1e-11,
        "ta sums thirds, we whole numbers; minus 1 magnifies it",
    ),
    "open_gap": Oracle(
        ("CumulativeReturnIndicator",), lambda frame: by_session(frame, since_open), 1e-13, "per cent and back"
    ),
    "overnight_gap": Oracle(
        (), overnight_gap, EQUAL, "ta knows no sessions, so no close of the one before: one division"
    ),
    "body_14": Oracle(
        ("AverageTrueRange",),
        lambda frame: (frame["close"] - frame["open"]) / atr(frame, 14),
        1e-13,
        "a whole difference over Wilder's recursion in another order",
        SETTLED,
    ),
    "time_of_day": Oracle((), lambda frame: frame["minute"] / 1440, EQUAL, "ta knows no clock: one division"),
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
def test_agrees_with_its_oracle(name, table, frame):
    oracle = ORACLES[name]
    ours = table.values[:, table.specification.columns[name]]
    theirs = oracle.formula(frame).to_numpy()
    compared = table.valid.copy()
    compared[: oracle.settled] = False

    differences = np.abs(ours - theirs)[compared] / np.std(ours[compared])

    assert compared.sum() > 500
    assert differences.max() <= oracle.tolerance, oracle.why


def noting(indicator, called):
    begin = indicator.__init__

    def note(self, *arguments, **options):
        called.add(indicator.__name__)
        begin(self, *arguments, **options)

    return note


@pytest.mark.parametrize("name", DEFAULT_NAMES)
def test_an_oracle_is_made_of_the_classes_it_names_and_a_missing_one_is_explained(name, frame, monkeypatch):
    called = set()
    for each in ta.utils.IndicatorMixin.__subclasses__():
        monkeypatch.setattr(each, "__init__", noting(each, called))
    ORACLES[name].formula(frame)

    assert called == set(ORACLES[name].classes)
    assert called or ORACLES[name].why.startswith("ta knows no")


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
