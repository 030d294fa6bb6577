# %% [markdown]
# # 3. Certify and paper trade
#
# From candles in files to a bot that trades a model you have checked: train, verify, promote, backtest on days that the
# model has never seen, and a day on paper against a broker of our own. Each cell names the command that does the same.
# Everything happens in a temporary folder.

# %%
import json
import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import replace
from datetime import date, time
from html import escape
from pathlib import Path

import pandas as pd
from IPython.display import HTML

from backtest.run import run_backtest
from backtest.run_options import Wish
from core.errors import ModelError
from core.instants import SECOND, instant_at
from core.market import Timeframe
from market_data.calendar import NseCalendar
from reporting.analysis import analyse
from reporting.tear_sheet import tear_sheet
from runtime.configuration import load_settings
from trading.model_shelf import ModelShelf
from trading.rehearsal import bot_environment, sign_in, simulator_process
from trading.rehearsal_plan import Rehearsal
from training.recipe import Recipe
from training.sources import generated
from training.train import TrainingOptions, train_model

SYMBOLS = ("NSE:SBIN-EQ", "NSE:RELIANCE-EQ", "NSE:INFY-EQ")
SEED = 2025
calendar = NseCalendar()
home = Path(tempfile.mkdtemp(prefix="fyersbot-"))
os.chdir(home)  # paths in the settings are relative to the folder that the bot is started in

# %% [markdown]
# ## Candles in files
#
# Five months of three symbols, one Parquet file each, prices in rupees: the shape that your own files have. The model
# learns from the first four months. (`fyersbot download-data` fills the store from FYERS, `fyersbot import-data` from
# files of any shape.)

# %%
LEARN_UNTIL, TRADE_UNTIL = date(2025, 4, 30), date(2025, 5, 30)
for last, folder in ((LEARN_UNTIL, home / "learn"), (TRADE_UNTIL, home / "candles")):
    folder.mkdir()
    for history in generated(SYMBOLS, Timeframe.M5, date(2025, 1, 1), last, SEED, calendar):
        candles = history.candles
        prices = {name: getattr(candles, f"{name}s") / 100 for name in ("open", "high", "low", "close")}
        starts = pd.to_datetime(candles.starts, utc=True).tz_convert("Asia/Kolkata")
        frame = pd.DataFrame({"timestamp": starts, **prices, "volume": candles.volumes})
        frame.to_parquet(folder / f"{history.symbol.replace(':', '_')}_5m.parquet")
        print(f"{folder.name}/{history.symbol}: {len(frame):,} candles")

# %% [markdown]
# ## Train
#
# The settings first: the labels are the trades that these settings would make, with their stop, target and position
# value. `promoted` stands for the version that you will choose below.
#
# `fyersbot train --config bot.yaml --name first --model forest:trees=25,depth=6 --data ...`

# %%
config = home / "bot.yaml"
config.write_text("""\
symbols: ["NSE:SBIN-EQ", "NSE:RELIANCE-EQ", "NSE:INFY-EQ"]
timeframe: 5m
strategy: {name: model}
model: {path: models/first/promoted}
""")
recipe = Recipe.quick(trees=25, depth=6, folds=3)
options = TrainingOptions.of(load_settings(config), name="first", recipe=recipe, jobs=1)
options = replace(options, data=tuple(sorted((home / "learn").glob("*.parquet"))))
bundle = train_model(options, calendar)
print(f"{bundle}: {', '.join(sorted(each.name for each in bundle.iterdir()))}")

# %% [markdown]
# ## Verify and promote
#
# A training changes nothing of what is traded; that is a decision. `verify` opens the bundle as the bot does at its
# start: sizes and hashes of all files, the feature schema, and golden rows whose answers must come out again. `promote`
# verifies and writes the decision down, with the hash of the manifest.
#
# `fyersbot models verify first`, `fyersbot models promote first 1`

# %%
shelf = ModelShelf(Path("models"))
engine = shelf.verify("first", "latest")
print(engine.manifest.training.verdict)
change = shelf.promote("first", engine.folder.name, instant_at(TRADE_UNTIL, time(18)))
print(f"first/promoted is version {change.version}, manifest {change.manifest_sha256[:16]}")

# %% [markdown]
# A bundle with one byte changed is refused before anything in it is opened: no code of a stranger's file runs.

# %%
shutil.copytree(bundle, home / "spoiled" / "first" / "0001")
model = home / "spoiled" / "first" / "0001" / "model.joblib"
content = bytearray(model.read_bytes())
content[100] ^= 1
model.write_bytes(content)
try:
    ModelShelf(home / "spoiled").verify("first", "1")
except ModelError as refusal:
    print(refusal)

# %% [markdown]
# ## Backtest on days it has not seen
#
# Sizing, limits, exits and charges are those of live trading, which the sums of the training are not: they take every
# trade above the threshold with the same position. Two engines, one that walks candle by candle and one that is
# compiled, must come to the same trades; if they ever do not, believe neither.
#
# `fyersbot backtest --config bot.yaml --data candles --timerange 20250501-20250530 --html sheet.html`

# %%
runs = {}
for name in ("event", "fast"):
    wish = Wish(data=home / "candles", timerange="20250501-20250530", engine=name)
    runs[name] = run_backtest(wish, config, lambda _: None).record
assert runs["event"].trades == runs["fast"].trades
print(f"{len(runs['event'].trades)} trades by either engine, {runs['event'].net / 100:+,.2f} rupees after charges")
HTML(f'<div><iframe srcdoc="{escape(tear_sheet(analyse(runs["event"])))}" width="100%" height="900"></iframe></div>')

# %% [markdown]
# ## A day on paper
#
# The bot as it runs live, with two differences: its orders are filled by a simulated exchange inside of it, and FYERS
# is played by our simulator, on a port of this machine. Both are programs of their own, with real sockets between them,
# and a clock that runs 600 times as fast: the day is over in less than a minute. It is the day after the last candle
# above.
#
# `fyersbot simulator` and `fyersbot trade` do this by hand ([the guide](../docs/models.md) shows how). With your
# account instead of the simulator it is `fyersbot login` and `fyersbot trade --config bot.yaml`; paper is the default
# there. `FYERSBOT_NOTEBOOK_QUICK=1` leaves the session out.

# %%
session = calendar.next_trading_day(TRADE_UNTIL)
plan = Rehearsal(
    folder=home / "paper",
    clock_start=session.open - 6_000 * SECOND,  # ten seconds of ours for both programs to come up before the open
    market_close=session.close,
    speed=600.0,
    seed=SEED,
)
command = [sys.executable, "-m", "cli", "trade", "--config", str(config), "--mode", "paper", "--days", "1", "--json"]
trades = pd.DataFrame()
if os.environ.get("FYERSBOT_NOTEBOOK_QUICK") == "1":
    print("left out:", *command[2:])
else:
    plan.folder.mkdir()
    with simulator_process(plan) as (endpoints, _):
        environment = bot_environment(plan, endpoints)
        sign_in(environment)
        ended = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=180, check=False)
    assert ended.returncode == 0, ended.stderr
    day = json.loads(ended.stdout)
    trades = pd.DataFrame(day["trade_list"])
    print(f"{day['date']}, {day['mode']}: {day['trades']} trades, {day['net_pnl']:+,.2f} rupees after charges")
trades.drop(columns=["stop", "target", "gross"], errors="ignore")

# %% [markdown]
# Everything that happened is in the event log of that day. From here: [another model](../docs/models.md), [the settings
# explained](../docs/configuration.md), [what the bot watches in a model while it
# trades](../docs/models.md#when-it-does-not-know).
