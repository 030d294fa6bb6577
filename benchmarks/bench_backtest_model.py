"""Five years of one-minute candles from the file to the result with a model: 24 features and a forest of 200 trees.

The forest has answered for every candle before the event engine walks them. What `fyersbot backtest` does is timed, in
processor time and inside one process, so that starting Python is not in it. Prints one JSON line.
"""

import argparse
import json
import sys
import tempfile
import time
from datetime import date
from pathlib import Path

import yaml
from backtest_case import STOP_ATR, TARGET_ATR
from backtest_market import SESSIONS_A_YEAR, TIMEFRAME, like_sessions, made_candles, save_candles
from backtest_settings import save_settings

from backtest.finished_run import FinishedRun
from backtest.run import run_backtest
from backtest.run_options import Wish
from market_data.calendar import NseCalendar
from trading.model_versions import MANIFEST
from trading.trade_terms import TradeTerms
from training.progress import silent
from training.recipe import Recipe
from training.train import TrainingOptions, train_model

YEARS = 5
ROUNDS = 2
TREES = 200
THRESHOLD = 0.42
"""Some fifteen trades a day, as many as the case with given signals has."""
LEAST_CANDLES_PER_SECOND = 60_000
AIM = 130_000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--years", type=int, default=YEARS)
    options, _ = parser.parse_known_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        data = folder / "NSE_SBIN-EQ_1m.parquet"
        save_candles(data, made_candles(options.years * SESSIONS_A_YEAR, like_sessions(folder)))
        train(folder)
        config = save_settings(folder)
        runs = [timed(data, config) for _ in range(ROUNDS)]
    seconds, finished = min(runs, key=lambda each: each[0])
    candles, trades = finished.result.candles, len(finished.result.trades)
    if not trades:
        sys.exit("the model never acted: the figure is void")
    result = {
        "benchmark": "backtest_model",
        "candles": candles,
        "trees": TREES,
        "features": len(finished.choice.specification.names),
        "trades": trades,
        "seconds": round(seconds, 2),
        "candles_per_second": round(candles / seconds),
        "goal_candles_per_second": LEAST_CANDLES_PER_SECOND,
        "aim_candles_per_second": AIM,
        "holds": bool(candles / seconds >= LEAST_CANDLES_PER_SECOND),
    }
    print(json.dumps(result))
    sys.exit(not result["holds"])


def train(folder: Path) -> None:
    """Train a forest of 200 trees on two months of a generated market, and let it act more often than would pay.

    Charges eat what a minute's candles give, so that training itself would choose a threshold that is never reached.
    """
    options = TrainingOptions(
        models=folder / "models",
        symbols=("NSE:SBIN-EQ",),
        timeframe=TIMEFRAME,
        first=date(2025, 1, 1),
        last=date(2025, 2, 28),
        trade=TradeTerms(stop_atr=STOP_ATR, target_atr=TARGET_ATR),
        recipe=Recipe.quick(trees=TREES, depth=8),
    )
    manifest = train_model(options, NseCalendar(), progress=silent) / MANIFEST
    facts = yaml.safe_load(manifest.read_text(encoding="utf-8"))
    manifest.write_text(yaml.safe_dump(facts | {"threshold": THRESHOLD}), encoding="utf-8")


def timed(data: Path, config: Path) -> tuple[float, FinishedRun]:
    wish = Wish(strategy="model", mode="intraday", data=data, engine="event")
    began = time.process_time()
    finished = run_backtest(wish, config, ignored)
    return time.process_time() - began, finished


def ignored(_share: float) -> None:
    """Nobody looks at the progress."""


if __name__ == "__main__":
    main()
