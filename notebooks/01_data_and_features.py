# %% [markdown]
# # 1. Data and features
#
# What a classifier sees of the market, and what it is taught. Every step is a function of the project, and
# `fyersbot train` calls the same ones. No account and no network: a market that is made from a seed stands in for
# history.

# %%
from datetime import date

import numpy as np
import pandas as pd

from core.charges import round_trip
from core.instants import MINUTE
from core.market import Timeframe
from core.orders import Product
from core.signals import Direction
from features.batch import compute
from features.labels import LabelRule, label
from features.specification import FeatureSpecification
from features.stream import FeatureStream
from market_data.calendar import NseCalendar
from runtime.charge_rates import ChargeTable
from runtime.project import CONFIG
from training.dataset import build
from training.sources import generated
from training.uniqueness import average_uniqueness

SYMBOLS = ("NSE:SBIN-EQ", "NSE:INFY-EQ")
FIRST, LAST = date(2025, 1, 1), date(2025, 3, 31)
calendar = NseCalendar()

# %% [markdown]
# ## Candles
#
# Whole numbers, as everywhere in the project: prices in paise, times in nanoseconds. A candle is stamped by its start
# and is known at its close, not before. The market of a seed is always the same one, and it holds [an edge planted on
# purpose](../docs/simulator.md#the-generated-market-and-the-edge-planted-in-it), so that there is something to find.
#
# For candles of your own: `training.sources.from_parquet(Path("NSE_SBIN-EQ_5m.parquet"), "NSE:SBIN-EQ")`.

# %%
histories = generated(SYMBOLS, Timeframe.M5, FIRST, LAST, seed=2025, calendar=calendar)
sbin = histories[0]
print(f"{len(sbin.candles):,} candles of {sbin.symbol} on {len(np.unique(sbin.candles.days()))} sessions")
print(sbin.candles.candle(0))

# %% [markdown]
# ## Features
#
# One specification names the features, their order and their parameters. A name is a family and its numbers:
# `FeatureSpecification.of(["ema_gap_21", "rsi_14"])` is one, too. All are free of scale, so that one model serves a
# share at 100 rupees and one at 4,000. A row is complete or there is none: no zeros stand for "not known yet".

# %%
specification = FeatureSpecification.default()
table = compute(specification, sbin.candles)
print(f"{table.valid.sum():,} of {len(sbin.candles):,} candles have a row; the first comes after the warm-up")
pd.DataFrame(table.values[table.valid], columns=specification.names).describe().T[["mean", "std", "min", "max"]]

# %% [markdown]
# Two proofs. Live, candles come one at a time, through other code: the numbers must be the same, and here that means
# the same bits. And no row may depend on a later candle: with the future cut off, the rows before the cut stay what
# they are. A feature that fails the second proof makes the finest backtest and the poorest trader.

# %%
stream = FeatureStream(specification, sbin.symbol, Timeframe.M5, calendar)
live = [stream.update(candle) for candle in sbin.candles.candles()]
rows = [place for place, row in enumerate(live) if row is not None]
np.testing.assert_array_equal(rows, np.flatnonzero(table.valid))
np.testing.assert_array_equal([live[place].values for place in rows], table.values[rows])

cut = compute(specification, sbin.candles.slice(0, 1_000))
np.testing.assert_array_equal(cut.values[cut.valid], table.values[:1_000][cut.valid])
print(f"{len(rows):,} live rows equal those of the batch, and {cut.valid.sum():,} do not change without their future")

# %% [markdown]
# ## Labels
#
# "Up in five candles" is not what the bot earns. From each candle a long and a short position are entered at the next
# open and walked to stop, target or square-off by the very rule that trades live; then a tick of spread and the charges
# of a real bill are taken off. The label is the side that was left with something: 1 long, 2 short, or 0 none. The
# bill is not in proportion to the shares, so their number belongs to the rule: here what a lakh of rupees buys, in
# `fyersbot train` what the sizing of the settings gives.

# %%
rates = ChargeTable.load(CONFIG / "charges.yaml").rates_on(LAST, Product.INTRADAY).rates


def rule_of(history):
    """Return the trade that a label stands for: exits and size as in the settings that will trade it."""
    return LabelRule(
        stop_atr=2.0,
        target_atr=3.0,
        tick=history.tick,
        spread=history.tick,
        shares=lambda _side, close, _atr: 100_000_00 // close,
        cost=lambda bought, sold: round_trip(bought, sold, rates).total,
    )


labels = label(sbin.candles, table.atr, Timeframe.M5, calendar, rule_of(sbin))
at = int(np.flatnonzero(table.valid & labels.known)[100])
print(
    f"charges on buying for 1,00,000 rupees and selling for as much: {rule_of(sbin).cost(10_000_000, 10_000_000) / 100}"
)
both = f"long {labels.long_net[at] / 100:+.2f} rupees, short {labels.short_net[at] / 100:+.2f}"
print(f"row {at}: {both}, so the label is {Direction(int(labels.directions[at])).name.lower()}")

# %% [markdown]
# A label knows the future, until the moment at which both positions have ended. That moment is kept with each row: it
# decides later which rows may teach. And since neighbouring labels rest on the same minutes of market, a hundred rows
# are not a hundred witnesses: the share of its own span that a label has to itself is its weight.

# %%
dataset = build(histories, specification, Timeframe.M5, calendar, rule_of)
waited = (dataset.resolved_at - dataset.closed_at) / MINUTE
unique = average_uniqueness(dataset.symbols, dataset.closed_at, dataset.resolved_at)
print(f"{len(dataset):,} rows of {len(histories)} symbols, in order of time; SHA-256 {dataset.fingerprint()[:16]}")
print(f"a label is known after {np.median(waited):.0f} minutes in the middle, after {waited.max():.0f} at the latest")
print(f"all rows together are worth {unique.sum():,.0f} that share nothing")

# %% [markdown]
# ## What there is to learn
#
# How often each label occurs, by the hour of the day. A model that only learned this table would look clever without
# knowing anything; [the next notebook](02_train_and_judge.ipynb) holds every model against it.

# %%
hours = pd.to_datetime(dataset.closed_at, utc=True).tz_convert("Asia/Kolkata").hour
names = [each.name.lower() for each in Direction]
shares = pd.crosstab(
    hours, np.array(names)[dataset.directions], normalize="index", rownames=["hour"], colnames=["label"]
)
print(shares[names].map("{:.1%}".format).to_string())
