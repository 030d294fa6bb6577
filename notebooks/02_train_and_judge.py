# %% [markdown]
# # 2. Train and judge
#
# Anybody can fit a model that explains the past. This notebook asks what it would have been worth: on later days, after
# charges, against baselines, and against luck. It ends with the model card, which shows all of it on one page.

# %%
from datetime import date
from html import escape

import numpy as np
import pandas as pd
from IPython.display import HTML

from core.instants import ist_date
from core.market import Timeframe
from core.orders import Product
from core.signals import Direction
from features.specification import FeatureSpecification
from market_data.calendar import NseCalendar
from runtime.charge_rates import ChargeTable
from runtime.project import CONFIG
from strategies.catalogue import strategy_named
from training.baselines import rule_directions
from training.dataset import build
from training.estimators import Forest, Logistic, fit
from training.folds import WalkForward
from training.out_of_fold import Candidate
from training.recipe import Recipe, follow
from training.scoring import log_loss, reliability
from training.sources import generated
from training.threshold import trade
from training.train import TrainingOptions, label_rule

calendar = NseCalendar()
options = TrainingOptions(last=date(2025, 4, 30))
histories = generated(options.symbols, Timeframe.M5, options.first, options.last, seed=2025, calendar=calendar)
rates = ChargeTable.load(CONFIG / "charges.yaml").rates_on(options.last, Product.INTRADAY).rates
specification = FeatureSpecification.default()
dataset = build(histories, specification, Timeframe.M5, calendar, lambda history: label_rule(options, history, rates))
print(f"{len(dataset):,} rows, {len(specification.names)} features")

# %% [markdown]
# ## A split that lies
#
# The usual recipe for a test set, a random third of the rows, hands the answers out beforehand: the row five minutes
# before a test row has nearly the same features and, as its label rests on the same minutes, nearly always the same
# label. A deep forest needs only remember it. Below, the same forest is asked about a random third and about the last
# third: the first figure is the one that people fall in love with.

# %%
deep = Forest(trees=20, depth=12, leaf=1)
third = len(dataset) // 3
shuffled = np.random.default_rng(7).permutation(len(dataset))
splits = {"a random third": shuffled, "the last third": np.arange(len(dataset))}
for name, order in splits.items():
    teach, judge = dataset.at(order[:-third]), dataset.at(order[-third:])
    told = fit(deep, teach.features, teach.directions, np.ones(len(teach)), seed=7).probabilities(judge.features)
    right = (told.argmax(axis=1) == judge.directions).mean()
    print(f"{name:15s} accuracy {right:.1%}, log loss {log_loss(told, judge.directions):.3f}")

# %% [markdown]
# ## Purged folds
#
# So the test always comes later, several times, each time from a model that was taught by what lay before. That is not
# quite enough: a row just before the test has a label that ends within it. Such rows are purged, and `embargo` purges
# some more. Between sessions there is nothing to purge, because no position of ours is held over night, and the cuts
# lie there on purpose. The table also shows how many rows a cut at noon would have cost.

# %%
walk = WalkForward(folds=4)
folds = walk.split(dataset.closed_at, dataset.resolved_at)
noon = 165 * 60 * 10**9
pd.DataFrame(
    {
        "from": [ist_date(each.begins) for each in folds],
        "rows to fit": [len(each.train) for each in folds],
        "rows judged": [len(each.test) for each in folds],
        "purged": [int((dataset.closed_at < each.begins).sum()) - len(each.train) for each in folds],
        "purged at noon": [
            int(((dataset.closed_at < each.begins + noon) & (dataset.resolved_at >= each.begins + noon)).sum())
            for each in folds
        ],
    },
    index=pd.RangeIndex(1, len(folds) + 1, name="fold"),
)

# %% [markdown]
# ## Follow a recipe
#
# A recipe says which kinds of model are tried and how the history is walked. Each candidate is fitted anew for every
# fold. Calibration and threshold of a fold come from the folds before it, so that the first only calibrates the second
# and counts in no sum. In the end the best is fitted on every row. Real trainings take larger forests; these are small
# so that the page is there in seconds.

# %%
recipe = Recipe(
    candidates=(Candidate(Logistic()), Candidate(Forest(trees=25, depth=6))),
    walk=walk,
    shuffled_seeds=(101, 102),
)
rule = "simple_ma_crossover"
rules = {rule: rule_directions(dataset, histories, strategy_named(rule, {}), Timeframe.M5, calendar)}
trained = follow(recipe, dataset, specification.names, rules)
best = trained.best
print("chosen:", best.candidate.name)

# %% [markdown]
# ## Calibration
#
# A forest's 0.5 is a share of votes, not a chance. It becomes one by looking at what came of such votes out of fold. It
# matters, because the threshold below, the drift tests and you will read these numbers as chances. Both tables have a
# tenth of the rows in each line: what was told of "long", and how often it came.

# %%
tables = {}
for when, probabilities in (("own", best.own_probabilities), ("calibrated", best.probabilities)):
    curve = reliability(probabilities, best.labels, Direction.LONG)
    tables[when] = pd.DataFrame({"told": curve.told, "came": curve.came})
pd.concat(tables, axis=1).round(3)

# %% [markdown]
# ## A threshold in rupees
#
# Accuracy does not pay. A trade pays if its gain is larger than its charges, and one position is open per symbol at a
# time, so that a hasty trade may stand in the way of a better one. So the threshold is the probability from which
# acting earned the most rupees, on rows that the model had not learned from. Where no threshold earned more than luck
# explains (two standard errors of the mean trade), it is 1 and the model never acts: the most useful answer of all.

# %%
judged = dataset.at(best.rows)
outcomes = [trade(judged, best.probabilities, threshold) for threshold in np.arange(0.36, 0.62, 0.04)]
chosen = trained.finished.chosen
came_to = f"{chosen.trades} trades and {chosen.net / 100:,.0f} rupees"
print(f"chosen on all out-of-fold rows: {chosen.threshold}, with {came_to}")
pd.DataFrame(
    {
        "trades": [each.trades for each in outcomes],
        "rupees": [each.net / 100 for each in outcomes],
        "rupees a trade": [round(each.mean / 100, 1) for each in outcomes],
    },
    index=pd.Index([round(each.threshold, 2) for each in outcomes], name="threshold"),
)

# %% [markdown]
# ## Skill or luck
#
# It must earn more than doing nothing, than a plain rule, and than itself when its labels were shuffled: that one can
# only have found luck. And the best of many candidates looks good by luck alone, so their number counts: the deflated
# Sharpe ratio is the chance that the true one is above 0. Be honest with `earlier_trials` when you come back to the
# same data.

# %%
for each in (trained.verdict.model, *trained.verdict.baselines):
    print(f"{each.name:28s} {each.trades:5d} trades {each.net / 100:12,.2f} rupees")
print("It", trained.verdict.words)
print(f"Deflated Sharpe ratio {trained.trials.deflated:.3f} after {trained.trials.number} candidates")

# %% [markdown]
# ## The model card
#
# The page that lies in every bundle. Read it from above: warnings, then what was earned fold by fold, then why to
# believe it or not. Reasons for distrust: one fold earned everything; the line of "shares alone" has the lower log
# loss; the blue line of the calibration is far from the dashed one; one feature does it all; the classes drifted.

# %%
facts = {
    "Data": "the simulator's market, seed 2025",
    "Symbols": ", ".join(options.symbols),
    "Rows": f"{len(dataset):,}",
}
page = trained.card("first", facts).page()
HTML(f'<div><iframe srcdoc="{escape(page)}" width="100%" height="900" style="border:0"></iframe></div>')

# %% [markdown]
# The features it lives on, in figures:

# %%
pd.DataFrame(
    [(each.feature, each.rise, each.deviation) for each in trained.importance[:8]],
    columns=["feature", "rise of the log loss", "deviation"],
).round(5)
