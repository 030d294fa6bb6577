"""What is told of a finished search: to programs as JSON, to people as lines."""

from collections.abc import Iterator, Mapping
from typing import Any

from backtest.hyperopt.figures import Figures
from backtest.hyperopt.ground import Ground
from backtest.hyperopt.luck import Luck
from backtest.hyperopt.space import Combination
from backtest.hyperopt.trial import State, Trial
from backtest.hyperopt.verb import Finished
from reporting.figures import Form, text_of

_MOST_OF_A_FRONT = 10
_DOUBTFUL = 0.95
"""A deflated Sharpe ratio below this may be luck."""
_ROWS = (
    ("trades", "trades", Form.COUNT),
    ("net profit", "net", Form.PROFIT),
    ("charges", "charges", Form.RUPEES),
    ("win rate", "win_rate", Form.SHARE),
    ("Sharpe", "sharpe", Form.RATIO),
    ("Sortino", "sortino", Form.RATIO),
    ("Calmar", "calmar", Form.RATIO),
    ("max drawdown", "drawdown", Form.SHARE),
)


def search_data(finished: Finished) -> dict[str, Any]:
    """Return a search for programs; money in rupees."""
    plan, ground, luck = finished.plan, finished.split.searched, finished.luck
    kept_back = finished.split.kept_back
    return {
        **ground_data(ground),
        **plan.decides,
        "workers": plan.workers,
        "trials": len(finished.trials),
        "ran": luck.trials,
        "pruned": _count(finished, State.PRUNED),
        "impossible": _count(finished, State.IMPOSSIBLE),
        "seconds": round(finished.seconds, 3),
        "best": _trial_data(finished.best),
        "front": [_trial_data(trial) for trial in finished.front],
        "luck": luck_data(luck),
        "holdout": {**days_data(kept_back), **figures_data(finished.kept_back)}
        if kept_back and finished.kept_back
        else None,
        "run_id": finished.record.run_id,
        "notes": list(finished.notes),
    }


def search_lines(finished: Finished) -> Iterator[str]:
    """Return a search for people."""
    plan, ground, back = finished.plan, finished.split.searched, finished.split.kept_back
    yield ground_line(ground)
    yield f"searched {_days(ground)}" + (f"; kept back {_days(back)}" if back else "; nothing kept back")
    yield f"space: {'; '.join(map(str, plan.space.dimensions))}"
    yield f"{plan.method}, seed {plan.seed}: {_counts_text(finished)}, {finished.seconds:.1f} s"
    yield f"best by {plan.judge.objectives[0].value}: {combination_text(finished.best.combination)}"
    yield from _table(finished.best.figures, finished.kept_back)
    if finished.front:
        yield f"no trial is better by all of {', '.join(each.value for each in plan.judge.objectives)} than:"
        yield from (f"  {_worth_text(finished, trial)}" for trial in finished.front[:_MOST_OF_A_FRONT])
        if len(finished.front) > _MOST_OF_A_FRONT:
            yield f"  and {len(finished.front) - _MOST_OF_A_FRONT} more, which --json lists"
    yield from luck_lines(finished.luck)
    yield kept_line(finished.record.run_id)
    yield from finished.notes


def ground_data(ground: Ground) -> dict[str, Any]:
    """Return what was traded, for programs."""
    settings = ground.settings
    return {
        "strategy": settings.strategy.name,
        "symbols": [each.instrument.symbol for each in ground.stretches],
        "timeframe": settings.timeframe.value,
        "mode": ground.mode.value,
        "capital": float(settings.risk.capital),
        **days_data(ground),
    }


def days_data(ground: Ground) -> dict[str, Any]:
    """Return first and last day and the number of sessions."""
    sessions = ground.sessions
    return {"first": sessions[0].isoformat(), "last": sessions[-1].isoformat(), "sessions": len(sessions)}


def ground_line(ground: Ground) -> str:
    """Say what was traded."""
    data = ground_data(ground)
    return f"{data['strategy']} on {', '.join(data['symbols'])}, {data['timeframe']}, {data['mode']}"


def figures_data(figures: Figures | None) -> dict[str, Any]:
    """Return the figures of a run for programs; money in rupees."""
    if figures is None:
        return {}
    return {
        "trades": figures.trades,
        "net_pnl": figures.net / 100,
        "charges": figures.charges / 100,
        "win_rate": figures.win_rate,
        "total_return": figures.total_return,
        "sharpe": figures.sharpe,
        "sortino": figures.sortino,
        "calmar": figures.calmar,
        "max_drawdown": figures.drawdown,
    }


def luck_data(luck: Luck) -> dict[str, Any]:
    """Return for programs what the best is worth after so many tries."""
    return {
        "trials": luck.trials,
        "expected_best_sharpe": luck.expected_best,
        "deflated_sharpe": luck.deflated_sharpe,
        "probability_of_overfitting": luck.overfitting,
    }


def luck_lines(luck: Luck) -> Iterator[str]:
    """Say what the best is worth after so many tries."""
    yield (
        f"by luck alone the best of {luck.trials:,} trials without any worth has a Sharpe of "
        f"{text_of(luck.expected_best, Form.RATIO)}"
    )
    deflated = luck.deflated_sharpe
    doubt = f"; below {_DOUBTFUL} it may be luck" if deflated is not None and deflated < _DOUBTFUL else ""
    yield f"deflated Sharpe ratio {text_of(deflated, Form.CHANCE)} (chance that the true one is above 0){doubt}"
    yield (
        f"probability of overfitting {text_of(luck.overfitting, Form.SHARE)} (how often the best of one half of the "
        "sessions is below the median in the other)"
    )


def kept_line(run_id: str) -> str:
    """Say how a kept run is shown again."""
    return f"kept as run {run_id}: `fyersbot report --run-id {run_id}`"


def combination_text(combination: Combination) -> str:
    """Write a combination: `fast 9, slow 34, exits.stop_atr 1.5`."""
    return ", ".join(f"{name} {_plain(value)}" for name, value in combination.items())


def _plain(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


def _count(finished: Finished, state: State) -> int:
    return sum(trial.state is state for trial in finished.trials)


def _counts_text(finished: Finished) -> str:
    pruned = f", of which {_count(finished, State.PRUNED):,} were stopped early" if finished.plan.pruner else ""
    return f"{finished.luck.trials:,} trials ran{pruned}, {_count(finished, State.IMPOSSIBLE):,} impossible"


def _trial_data(trial: Trial) -> Mapping[str, Any]:
    return {"number": trial.number, "params": dict(trial.combination), **figures_data(trial.figures)}


def _worth_text(finished: Finished, trial: Trial) -> str:
    judge = finished.plan.judge
    return f"{judge.text(judge.values(trial) or ())}: {combination_text(trial.combination)}"


def _table(searched: Figures | None, kept_back: Figures | None) -> Iterator[str]:
    """Lay the figures of the search beside those of the sessions kept back."""
    columns = [("searched", searched)] + ([("kept back", kept_back)] if kept_back else [])
    yield f"{'':14}" + "".join(f"{name:>16}" for name, _ in columns)
    for label, field, form in _ROWS:
        yield f"{label:14}" + "".join(f"{text_of(getattr(figures, field), form):>16}" for _, figures in columns)


def _days(ground: Ground) -> str:
    data = days_data(ground)
    return f"{data['first']} to {data['last']}, {data['sessions']} sessions"
