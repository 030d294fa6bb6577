# %% [markdown]
# # Train a model
#
# From candles to a bundle that the live bot opens. Every step here is a function of the project; `fyersbot train` calls
# the same ones. Set `FYERSBOT_NOTEBOOK_QUICK=1` for a small model in a few seconds.

# %%
import os
import tempfile
from datetime import date
from pathlib import Path

import numpy as np

from core.market import Timeframe
from features.batch import compute
from features.labels import LabelRule, label
from features.specification import FeatureSpecification
from features.stream import FeatureStream
from market_data.calendar import NseCalendar
from trading.bundle import read_manifest
from trading.inference_engine import InferenceEngine
from training.estimators import Forest, Logistic
from training.folds import WalkForward
from training.out_of_fold import Candidate
from training.recipe import Recipe
from training.sources import generated
from training.train import TrainingOptions, train_model

quick = os.environ.get("FYERSBOT_NOTEBOOK_QUICK") == "1"
calendar = NseCalendar()

# %% [markdown]
# ## Candles
#
# A seeded market with a planted edge stands in for history, so that this notebook needs no account. For your own data
# use `training.sources.from_parquet(path, symbol)`.

# %%
last = date(2025, 1, 31) if quick else date(2025, 6, 30)
[history] = generated(("NSE:SBIN-EQ",), Timeframe.M5, date(2025, 1, 1), last, seed=2025, calendar=calendar)
candles = history.candles
print(f"{len(candles)} candles of {history.symbol}, the first {candles.candle(0)}")

# %% [markdown]
# ## Features
#
# One specification names the features, their order and their parameters. Names are made of a family and its numbers:
# `FeatureSpecification.of(["ema_gap_21", "rsi_14"])` works as well.

# %%
specification = FeatureSpecification.default()
table = compute(specification, candles)
print(f"{table.valid.sum()} of {len(candles)} candles have a complete row, schema {specification.schema_hash[:12]}")
for name, column in zip(specification.names, table.values[table.valid].T, strict=True):
    print(f"{name:24s} mean {column.mean():10.4f}   standard deviation {column.std():10.4f}")

# %% [markdown]
# Live, the same numbers come one candle at a time. Not nearly the same: the same bits. And no row depends on a later
# candle.

# %%
stream = FeatureStream(specification, history.symbol, Timeframe.M5, calendar)
live = [stream.update(candle) for candle in candles.candles()]
rows = [place for place, row in enumerate(live) if row is not None]
np.testing.assert_array_equal(rows, np.flatnonzero(table.valid))
np.testing.assert_array_equal([live[place].values for place in rows], table.values[rows])

part = compute(specification, candles.slice(0, 1_000))
np.testing.assert_array_equal(part.values[part.valid], table.values[:1_000][part.valid])
print("live equals batch, and a prefix of the candles gives the same rows")

# %% [markdown]
# ## Labels
#
# A label is what the live exit rule would have earned from the next open: 0 none, 1 long, 2 short, after charges.

# %%
rule = LabelRule(
    stop_atr=2.0,
    target_atr=3.0,
    tick=history.tick,
    spread=history.tick,
    position_value=100_000_00,
    cost=lambda bought, sold: (bought + sold) * 41 // 100_000,
)
labels = label(candles, table.atr, Timeframe.M5, calendar, rule)
for value, name in enumerate(("none", "long", "short")):
    print(f"{name:6s} {(labels.directions[labels.known] == value).mean():6.1%}")

# %% [markdown]
# ## Train
#
# A recipe says how: which kinds of model are tried, and how the history is walked. Each candidate is fitted again and
# again on sessions that lie before those it is judged by; calibration and threshold come from folds before, too. The
# best is fitted on every row in the end. `models` is a temporary folder here; without it the bot will find the model.

# %%
recipe = Recipe(
    candidates=(Candidate(Logistic()), Candidate(Forest(trees=10 if quick else 100, depth=6))),
    walk=WalkForward(folds=3 if quick else 5),
    shuffled_seeds=(101,) if quick else (101, 102, 103),
)
options = TrainingOptions(models=Path(tempfile.mkdtemp()), last=last, recipe=recipe, name="notebook")
folder = train_model(options, calendar)
manifest = read_manifest(folder / "manifest.yaml")
print(f"{folder.name}: {manifest.training.estimator}, acts from a probability of {manifest.threshold}")
for part_name, results in manifest.training.parts.items():
    print(part_name, results)

# %% [markdown]
# Is it worth anything? It should earn more out of fold than doing nothing, than a plain rule, and than itself taught
# shuffled labels. The card in the bundle shows all of it: open it in a browser.

# %%
print(manifest.training.verdict)
print(folder / "card.html")

# %% [markdown]
# ## Use
#
# The engine checks every file against the manifest before it opens any, and the model against its golden rows.

# %%
engine = InferenceEngine.open(folder)
for place in rows[-5:]:
    prediction = engine.predict(live[place])
    print(prediction.direction.name, [round(each, 3) for each in prediction.probabilities])
