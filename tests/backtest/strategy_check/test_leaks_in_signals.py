"""Leaks planted in the fast face: each is found, in its column, at its first bad bar, with its cause."""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
import pytest
from sklearn.preprocessing import StandardScaler

from backtest.strategy_check.check import check
from backtest.strategy_check.faces import BatchFace
from backtest.strategy_check.finding import Cause, Finding, Kind
from backtest.strategy_check.look_ahead import look_ahead
from backtest.strategy_check.subject import Subject, head
from core.errors import StrategyError
from core.signals import FeatureRow, Needs, Signal
from features.batch import FeatureTable
from features.columns import CandleColumns
from strategies.base_strategy import SignalColumns

from .conftest import SubjectOf, subject_on, walk

Rule = Callable[[pd.DataFrame, FeatureTable], "pd.Series | np.ndarray"]


@dataclass
class Ruled:
    """Long where a rule over whole columns says so; `on_data` has no opinion."""

    rule: Rule
    name: str = "ruled"
    needs: Needs = field(default_factory=lambda: Needs(features=("return_1",)))

    def on_data(self, now: FeatureRow, before: FeatureRow) -> Signal | None:
        return None

    def signals(self, table: FeatureTable, candles: CandleColumns, symbol: str) -> SignalColumns:
        wishes = np.asarray(self.rule(frame_of(candles), table)).astype(np.int8)
        return SignalColumns(wishes, wishes.astype(np.float64))


def frame_of(candles: CandleColumns) -> pd.DataFrame:
    index = pd.to_datetime(candles.starts, utc=True).tz_convert("Asia/Kolkata")
    columns = {name: getattr(candles, name + "s") for name in ("open", "high", "low", "close", "volume")}
    return pd.DataFrame(columns, index=index).astype(float)


def day(frame: pd.DataFrame) -> pd.Index:
    return pd.Index(frame.index.date)


def filled_backwards(frame: pd.DataFrame, table: FeatureTable) -> pd.Series:
    marks = frame["close"].where(frame["volume"] > 40_000).bfill()
    return frame["close"] < marks


def interpolated(frame: pd.DataFrame, table: FeatureTable) -> pd.Series:
    marks = frame["close"].where(frame["volume"] > 40_000).interpolate()
    return frame["close"] < marks


def half_hour_close(frame: pd.DataFrame, table: FeatureTable) -> pd.Series:
    return frame["close"] < frame["close"].groupby(frame.index.floor("30min")).transform("last")


def hour_high(frame: pd.DataFrame, table: FeatureTable) -> pd.Series:
    """The close near the top of the hour's candle, counted from the open at 09:15."""
    hours = (frame.index - pd.Timedelta(minutes=15)).floor("60min")
    return frame["close"] > frame["high"].groupby(hours).transform("max") * 0.9985


def scaled(frame: pd.DataFrame, table: FeatureTable) -> np.ndarray:
    return StandardScaler().fit_transform(frame[["close"]])[:, 0] > 0.8


def day_of_extreme(frame: pd.DataFrame, table: FeatureTable) -> np.ndarray:
    return frame.index == frame["close"].groupby(day(frame)).transform("idxmax")


def normalised_feature(frame: pd.DataFrame, table: FeatureTable) -> np.ndarray:
    values = table.values[:, 0]
    return values > np.nanquantile(values, 0.9)


LEAKS: dict[str, tuple[Rule, Cause, str]] = {
    "shift(-1)": (lambda f, _: f["close"].shift(-1) > f["close"], Cause.LOOKS_AHEAD, "looks ahead by 1 bar"),
    "shift(-3)": (lambda f, _: f["close"].shift(-3) > f["close"], Cause.LOOKS_AHEAD, "looks ahead by 3 bars"),
    "next open": (lambda f, _: f["open"].shift(-1) > f["close"], Cause.LOOKS_AHEAD, "looks ahead by 1 bar"),
    "pct_change(-1)": (lambda f, _: f["close"].pct_change(-1) < 0, Cause.LOOKS_AHEAD, "looks ahead by 1 bar"),
    "roll": (lambda f, _: np.roll(f["close"], -2) > f["close"], Cause.LOOKS_AHEAD, "looks ahead by 2 bars"),
    "rolling(center=True)": (
        lambda f, _: f["close"] < f["close"].rolling(11, center=True).mean(),
        Cause.CENTRED_WINDOW,
        "a centred window of 11 bars: looks ahead by 5 bars",
    ),
    "convolve same": (
        lambda f, _: f["close"] < np.convolve(f["close"], np.full(5, 0.2), mode="same"),
        Cause.CENTRED_WINDOW,
        "a centred window of 5 bars",
    ),
    "gradient": (lambda f, _: np.gradient(f["close"]) > 0, Cause.CENTRED_WINDOW, "a centred window of 3 bars"),
    "whole mean": (lambda f, _: f["close"] > f["close"].mean(), Cause.WHOLE_HISTORY, "statistic of the whole history"),
    "whole z-score": (
        lambda f, _: (f["close"] - f["close"].mean()) / f["close"].std() > 0.5,
        Cause.WHOLE_HISTORY,
        "statistic of the whole history",
    ),
    "rank": (lambda f, _: f["close"].rank(pct=True) > 0.7, Cause.WHOLE_HISTORY, "statistic of the whole history"),
    "quantile": (
        lambda f, _: f["close"] > f["close"].quantile(0.8),
        Cause.WHOLE_HISTORY,
        "statistic of the whole history",
    ),
    "sorted": (
        lambda f, _: f["close"] > np.sort(f["close"])[len(f) // 2],
        Cause.WHOLE_HISTORY,
        "statistic of the whole history",
    ),
    "scaler": (scaled, Cause.WHOLE_HISTORY, "statistic of the whole history"),
    "quantile of a feature": (normalised_feature, Cause.WHOLE_HISTORY, "statistic of the whole history"),
    "last of the column": (
        lambda f, _: f["close"] < f["close"].iloc[-1],
        Cause.NEWEST_ROW,
        "live is the forming candle",
    ),
    "bfill": (filled_backwards, Cause.LATER_VALUE, "as filling backwards does"),
    "interpolate": (interpolated, Cause.LATER_VALUE, "takes a value from a later row"),
    "half-hour close": (half_hour_close, Cause.LONGER_CANDLE, "30-minute candle"),
    "hour high": (hour_high, Cause.LONGER_CANDLE, "60-minute candle"),
    "day high": (
        lambda f, _: f["close"] > f["high"].groupby(day(f)).transform("max") * 0.995,
        Cause.REST_OF_SESSION,
        "the rest of its session",
    ),
    "day low": (
        lambda f, _: f["close"] < f["low"].groupby(day(f)).transform("min") * 1.005,
        Cause.REST_OF_SESSION,
        "the rest of its session",
    ),
    "day close": (
        lambda f, _: f["close"] < f["close"].groupby(day(f)).transform("last"),
        Cause.REST_OF_SESSION,
        "the rest of its session",
    ),
    "argmax of the day": (day_of_extreme, Cause.REST_OF_SESSION, "the rest of its session"),
    "length": (
        lambda f, _: np.arange(len(f)) >= len(f) - 40,
        Cause.LENGTH,
        "changes with the number of candles",
    ),
}


def first_bad_bar(subject: Subject) -> int:
    """Cut the history after every single candle and ask about the newest."""

    def asked(rows: int) -> np.ndarray:
        strategy = subject.make()
        table = head(subject.table, rows)
        return strategy.signals(table, subject.candles.slice(0, rows), subject.symbol).directions  # type: ignore[attr-defined]

    full = asked(len(subject.candles))
    return next(row for row in range(subject.asked[0], len(full)) if asked(row + 1)[-1] != full[row])


def only(subject: Subject) -> Finding:
    result = check(subject)
    assert not result.ok
    [finding] = result.findings
    return finding


@pytest.mark.parametrize("leak", sorted(LEAKS))
def test_a_leak_in_signals_is_found_with_bar_and_cause(subject_of: SubjectOf, leak: str) -> None:
    rule, cause, words = LEAKS[leak]
    subject = subject_of(lambda: Ruled(rule))

    [finding] = look_ahead(BatchFace(subject))

    assert finding.column == "signals.direction"
    assert finding.kind is Kind.TRUNCATION
    assert (finding.cause, finding.row) == (cause, first_bad_bar(subject)), finding.detail
    assert finding.at == subject.candles.starts[finding.row]
    assert words in finding.detail


def test_a_leak_before_the_only_trade_of_all_is_found(subject_of: SubjectOf) -> None:
    closes = subject_of(lambda: Ruled(higher_next)).candles.closes
    only_row = 251 + int(np.argmax(closes[252:300] > closes[251:299]))

    def once(frame: pd.DataFrame, table: FeatureTable) -> np.ndarray:
        return (np.arange(len(frame)) == only_row) & higher_next(frame, table)

    [finding] = look_ahead(BatchFace(subject_of(lambda: Ruled(once))))

    assert (finding.kind, finding.row) == (Kind.TRUNCATION, only_row)


def higher_next(frame: pd.DataFrame, table: FeatureTable) -> pd.Series:
    return frame["close"].shift(-1) > frame["close"]


def smoothed(frame: pd.DataFrame, table: FeatureTable) -> np.ndarray:
    """Of fewer candles than its window it raises, as scikit-learn does of fewer rows than clusters."""
    if len(frame) < 51:
        raise ValueError("window_length must be less than or equal to the size of x")
    return frame["close"] < frame["close"].rolling(51, center=True, min_periods=1).mean()


def test_a_leak_that_raises_on_short_histories_is_found_on_longer_ones(subject_of: SubjectOf) -> None:
    [finding] = look_ahead(BatchFace(subject_of(lambda: Ruled(smoothed))))

    assert finding.kind is Kind.TRUNCATION
    assert "looks ahead by 25 bars" in finding.detail


def raises_of_less(frame: pd.DataFrame, table: FeatureTable) -> np.ndarray:
    if len(frame) < 375:
        raise ValueError("too few")
    return np.zeros(len(frame))


def test_a_strategy_that_raises_on_every_part_of_the_history_is_not_proved(subject_of: SubjectOf) -> None:
    with pytest.raises(StrategyError, match="too few"):
        look_ahead(BatchFace(subject_of(lambda: Ruled(raises_of_less))))


def adjusted_for_splits_to_come(frame: pd.DataFrame, table: FeatureTable) -> pd.Series:
    """Divide all prices before a fall by half or more, as data vendors do in hindsight."""
    ratio = frame["close"].shift(-1) / frame["close"]
    factor = ratio.where(ratio < 0.55, 1.0).iloc[::-1].cumprod().iloc[::-1]
    return frame["close"] * factor < 60_000


def without_idle_rows(frame: pd.DataFrame, table: FeatureTable) -> np.ndarray:
    """Leave out the rows in which nothing was traded, and count the others from the end."""
    closes = frame["close"][frame["volume"] > 0].to_numpy()
    changes = np.diff(closes, prepend=closes[0])
    return np.concatenate([np.zeros(len(frame) - len(closes)), changes]) > 0


@pytest.mark.parametrize("rule", [adjusted_for_splits_to_come, without_idle_rows])
def test_a_leak_that_needs_a_split_or_an_idle_candle_shows_where_the_future_has_one(
    subject_of: SubjectOf, rule: Rule
) -> None:
    [finding] = look_ahead(BatchFace(subject_of(lambda: Ruled(rule))))

    assert (finding.kind, finding.column) == (Kind.PERTURBATION, "signals.direction")


def rises_after_a_crash(frame: pd.DataFrame, table: FeatureTable) -> pd.Series:
    return (frame["close"].pct_change() < -0.03) & (frame["close"].shift(-1) > frame["close"])


def without_wild_rows(frame: pd.DataFrame, table: FeatureTable) -> np.ndarray:
    """Leave out the candles that moved too far, and count the others from the start."""
    closes = frame["close"][~(frame["close"].pct_change().abs() > 0.02)].to_numpy()
    changes = np.diff(closes, prepend=closes[0])
    return np.concatenate([changes, np.zeros(len(frame) - len(closes))]) > 100


def rises_after_a_rush(frame: pd.DataFrame, table: FeatureTable) -> pd.Series:
    usual = frame["volume"].rolling(20).mean()
    return (frame["volume"] > 5 * usual) & (frame["close"].shift(-1) > frame["close"])


@pytest.mark.parametrize("rule", [rises_after_a_crash, rises_after_a_rush, without_wild_rows])
def test_a_leak_that_needs_a_crash_shows_though_the_candles_have_none(subject_of: SubjectOf, rule: Rule) -> None:
    subject = subject_of(lambda: Ruled(rule))
    assert look_ahead(BatchFace(subject)) == []

    [finding] = check(subject).findings[:1]

    assert (finding.kind, finding.column) == (Kind.TRUNCATION, "signals.direction")
    assert finding.detail.endswith("in a market of prices that jump")


def week(frame: pd.DataFrame) -> pd.PeriodIndex:
    return frame.index.tz_localize(None).to_period("W")


def month(frame: pd.DataFrame) -> pd.PeriodIndex:
    return frame.index.tz_localize(None).to_period("M")


@pytest.mark.parametrize(
    ("days", "rule", "words"),
    [
        (12, lambda f, _: f["close"] < f["close"].groupby(week(f)).transform("last"), "the end of its week"),
        (12, lambda f, _: f["close"] > f["high"].groupby(week(f)).transform("max") * 0.99, "the end of its week"),
        (35, lambda f, _: f["close"] < f["close"].groupby(month(f)).transform("last"), "the end of its month"),
    ],
)
def test_the_end_of_a_week_or_a_month_is_no_statistic_of_the_whole(days: int, rule: Rule, words: str) -> None:
    [finding] = look_ahead(BatchFace(subject_on(walk(days), lambda: Ruled(rule))))

    assert finding.cause is Cause.LONGER_CANDLE
    assert words in finding.detail


def test_the_highest_close_of_all_is_not_taken_for_the_newest_row(subject_of: SubjectOf) -> None:
    subject = subject_of(lambda: Ruled(lambda f, _: np.arange(len(f)) == int(np.argmax(f["close"]))))

    [finding] = look_ahead(BatchFace(subject))

    assert finding.cause is Cause.WHOLE_HISTORY


def test_a_move_before_and_after_is_told_to_read_no_later_row(subject_of: SubjectOf) -> None:
    """What reaches as far ahead as behind may be a window or a shift: the remedy holds for either."""
    subject = subject_of(lambda: Ruled(lambda f, _: (f["close"].pct_change() > 0.001) & (f["close"].diff(-1) < 0)))

    [finding] = look_ahead(BatchFace(subject))

    assert "looks ahead by 1 bar" in finding.detail
    assert "no shift(n) below 0" in finding.remedy


@dataclass
class SureInHindsight(Ruled):
    """The direction is honest, its probability is in shares of the greatest there will ever be."""

    rule: Rule = field(default=lambda f, _: f["close"] > 0)

    def on_data(self, now: FeatureRow, before: FeatureRow) -> Signal | None:
        return None

    def signals(self, table: FeatureTable, candles: CandleColumns, symbol: str) -> SignalColumns:
        return SignalColumns(np.ones(len(candles), np.int8), candles.closes / candles.closes.max())


def test_a_probability_that_looks_ahead_is_found_in_its_own_column(subject_of: SubjectOf) -> None:
    [finding] = check(subject_of(SureInHindsight)).findings

    assert (finding.column, finding.cause) == ("signals.probability", Cause.WHOLE_HISTORY)


@dataclass
class Remembering(Ruled):
    """Takes the next close from the candles of the call before, where those were more."""

    rule: Rule = field(default=lambda f, _: f["close"] > 0)
    kept: CandleColumns | None = None

    def signals(self, table: FeatureTable, candles: CandleColumns, symbol: str) -> SignalColumns:
        wishes = np.zeros(len(candles), np.int8)
        if self.kept is not None and len(self.kept) > len(candles):
            wishes[:] = self.kept.closes[1 : len(candles) + 1] > candles.closes
        self.kept = candles
        return SignalColumns(wishes, np.ones(len(candles)))


def test_candles_kept_from_another_call_are_state(subject_of: SubjectOf) -> None:
    subject = subject_of(Remembering)
    expected = int(np.argmax(subject.candles.closes[1:] > subject.candles.closes[:-1]))

    finding = only(subject)

    assert (finding.kind, finding.cause) == (Kind.REPEAT, Cause.STATE)
    assert (finding.column, finding.row) == ("signals.direction", expected)


@dataclass
class Writing(Ruled):
    rule: Rule = field(default=lambda f, _: f["close"] > 0)

    def signals(self, table: FeatureTable, candles: CandleColumns, symbol: str) -> SignalColumns:
        candles.closes[5:] += 1
        return SignalColumns(np.zeros(len(candles), np.int8), np.zeros(len(candles)))


def test_candles_that_are_written_to_are_found(subject_of: SubjectOf) -> None:
    finding = check(subject_of(Writing)).findings[0]

    assert (finding.kind, finding.cause) == (Kind.MUTATION, Cause.WRITES)
    assert (finding.column, finding.row) == ("candles.closes", 5)


def test_faces_that_disagree_are_found_at_the_first_bar(subject_of: SubjectOf) -> None:
    subject = subject_of(lambda: Ruled(lambda f, _: f["close"] > f["open"] + 150))
    rises = subject.candles.closes > subject.candles.opens + 150

    finding = only(subject)

    assert (finding.kind, finding.cause) == (Kind.FACES, Cause.TWO_ANSWERS)
    assert finding.row == int(np.argmax(rises))
