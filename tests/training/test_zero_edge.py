"""Where there is nothing to find nothing is found, and an edge of known rupees is found in its size.

`LEAK_SEEDS` is the number of markets, 20 unless it is set; a soak sets 200. Random walks go the whole way: candles,
features, labels by the exit rule after the charges of FYERS, folds, calibration, threshold. Of the planted edge the
rupees are known beforehand: feature 0 says what the next step will be on average, and nothing else does.
"""

import os
from datetime import date, time, timedelta

import numpy as np
import pytest

from core.charges import round_trip
from core.instants import MINUTE, instant_at
from core.market import Timeframe
from core.orders import Product
from features.columns import CandleColumns
from features.labels import LabelRule
from features.specification import FeatureSpecification
from runtime.charge_rates import ChargeTable
from runtime.project import CONFIG
from training.dataset import Dataset, History, build
from training.estimators import Logistic
from training.evaluation import Evaluation, evaluate
from training.folds import WalkForward
from training.out_of_fold import Candidate

from .conftest import WeekdayCalendar
from .invented_rows import STEP, rows_of_market

SEEDS = range(int(os.environ.get("LEAK_SEEDS", "20")))
FEATURES = FeatureSpecification.of(("return_1", "return_12", "rsi_14", "vwap_gap", "volatility_20", "time_of_day"))
FIRST = date(2025, 1, 6)
BARS, SESSIONS = 75, 20
EDGE, COST, MOVE = 2.0, 60, 50
"""The planted edge: a step moves by 50 units or so, and by 100 times feature 0 of the row before; a trade costs 60."""


def walked(rows: Dataset) -> Evaluation:
    folds = WalkForward(folds=3).split(rows.closed_at, rows.resolved_at)
    return evaluate(rows, folds, [Candidate(Logistic())])[0]


def random_walk(seed: int) -> CandleColumns:
    """Five-minute candles around 800 rupees whose steps are drawn, 0.15 % or so each, with gaps over night."""
    chance = np.random.default_rng(seed)
    days = [each for number in range(2 * SESSIONS) if (each := FIRST + timedelta(number)).weekday() < 5][:SESSIONS]
    opens_at = np.array([instant_at(each, time(9, 15)) for each in days])
    steps = chance.normal(0.0, 0.0015, SESSIONS * BARS)
    steps[::BARS] += chance.normal(0.0, 0.008, SESSIONS)
    closes = np.rint(80_000 * np.exp(np.cumsum(steps))).astype(np.int64)
    opens = np.concatenate([[80_000], closes[:-1]])
    opens[::BARS] = closes[::BARS]
    reach = chance.integers(5, 80, (2, len(closes)))
    return CandleColumns(
        starts=(opens_at[:, None] + np.arange(BARS) * 5 * MINUTE).ravel(),
        opens=opens,
        highs=np.maximum(opens, closes) + reach[0],
        lows=np.minimum(opens, closes) - reach[1],
        closes=closes,
        volumes=chance.integers(1_000, 50_000, len(closes)),
    )


@pytest.fixture(scope="module")
def walks() -> list[Evaluation]:
    rates = ChargeTable.load(CONFIG / "charges.yaml").rates_on(FIRST, Product.INTRADAY).rates
    rule = LabelRule(
        stop_atr=2.0,
        target_atr=3.0,
        tick=5,
        spread=5,
        position_value=10_000_000,
        cost=lambda bought, sold: round_trip(bought, sold, rates).total,
    )
    histories = [[History("NSE:SBIN-EQ", 5, random_walk(seed))] for seed in SEEDS]
    return [walked(build(each, FEATURES, Timeframe.M5, WeekdayCalendar(), lambda _: rule)) for each in histories]


def test_on_random_walks_the_chosen_threshold_trades_almost_never(walks: list[Evaluation]) -> None:
    share = sum(each.trades for each in walks) / sum(len(each.rows) for each in walks)
    assert share < 0.01, share


def test_on_random_walks_the_walk_forward_profit_is_not_above_chance(walks: list[Evaluation]) -> None:
    """Two deviations of the mean over all markets."""
    nets = np.array([each.net for each in walks], dtype=float)
    assert nets.mean() < 2 * nets.std(ddof=1) / np.sqrt(len(nets)) + 1e-9, nets / 100


@pytest.fixture(scope="module")
def planted() -> list[tuple[np.ndarray, np.ndarray]]:
    """For each market what its trades earned, and what each was to earn on average."""
    return [earned_and_meant(seed) for seed in SEEDS]


def earned_and_meant(seed: int) -> tuple[np.ndarray, np.ndarray]:
    rows = rows_of_market(seed, symbols=2, sessions=30, edge=EDGE, cost=COST)
    earned, meant = [], []
    for fold in walked(rows).judged:
        taken = fold.taken.rows
        sides = fold.probabilities[np.searchsorted(fold.fit.fold.test, taken), 1:]
        side = np.where(sides[:, 0] >= sides[:, 1], 1, -1)
        has_next_step = rows.resolved_at[taken] - rows.closed_at[taken] > STEP  # not the last row of a session
        earned.append(fold.taken.net)
        meant.append(side * MOVE * EDGE * rows.features[taken, 0] * has_next_step - COST)
    return np.concatenate(earned).astype(float), np.concatenate(meant)


def test_a_planted_edge_is_found_in_every_market(planted: list[tuple[np.ndarray, np.ndarray]]) -> None:
    for earned, meant in planted:
        assert len(earned) > 40
        assert meant.mean() > 0
        assert earned.sum() > 0


def test_the_size_of_a_planted_edge_lies_within_the_interval_of_what_was_earned(
    planted: list[tuple[np.ndarray, np.ndarray]],
) -> None:
    """A 95 % interval for the mean trade may miss in one market of twenty: three deviations of that are allowed."""
    held = [
        abs(earned.mean() - meant.mean()) <= 1.96 * earned.std(ddof=1) / np.sqrt(len(earned))
        for earned, meant in planted
    ]
    assert sum(held) >= 0.95 * len(held) - 3 * np.sqrt(0.95 * 0.05 * len(held)), sum(held)


def test_over_all_markets_neither_more_nor_less_than_the_planted_edge_is_earned(
    planted: list[tuple[np.ndarray, np.ndarray]],
) -> None:
    earned, meant = (np.concatenate(each) for each in zip(*planted, strict=True))
    off = (earned.mean() - meant.mean()) / (earned.std(ddof=1) / np.sqrt(len(earned)))
    assert abs(off) < 3, (earned.mean(), meant.mean(), off)
