"""Our own training passes the proof that any training is put to, and one changed part of it does not."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from backtest.strategy_check.behaviour import repeated
from backtest.strategy_check.faces import BatchFace, all_answers
from backtest.strategy_check.finding import Cause, Finding, Kind
from backtest.strategy_check.pipeline import training_findings
from backtest.strategy_check.refit_check import refit_findings
from backtest.strategy_check.subject import Effort, Subject
from backtest.strategy_check.training_face import TrainingFace
from core.market import Timeframe
from core.signals import FeatureRow, Needs, Signal
from runtime.settings import Settings
from training import strategy_check
from training.dataset import Dataset
from training.folds import Fold
from training.sources import generated
from training.strategy_check import Ground, training_face

from .conftest import WeekdayCalendar

SYMBOL = "NSE:SBIN-EQ"


class Silent:
    name = "silent"
    needs = Needs(features=("return_1",))

    def on_data(self, now: FeatureRow, before: FeatureRow) -> Signal | None:
        return None


@pytest.fixture(scope="module")
def taught() -> tuple[Subject, TrainingFace]:
    settings = Settings.model_validate({"strategy": {"name": "simple_ma_crossover"}})
    calendar = WeekdayCalendar()
    [history] = generated((SYMBOL,), Timeframe.M5, date(2025, 1, 1), date(2025, 1, 24), 2025, calendar)
    subject = Subject(
        make=Silent,
        specification=strategy_check.choose_strategy(settings).specification,
        symbol=SYMBOL,
        timeframe=Timeframe.M5,
        calendar=calendar,
        candles=history.candles,
        history_candles=600,
        effort=Effort(every_label=3, label_futures=3),
    )
    return subject, training_face(settings, history, Timeframe.M5, calendar)


def test_our_own_training_is_clean(taught: tuple[Subject, TrainingFace]) -> None:
    assert training_findings(*taught) == []


def test_our_own_training_with_the_scaler_of_all_rows_is_not(taught: tuple[Subject, TrainingFace]) -> None:
    subject, face = taught
    honest = face.learn

    def of_all(rows: Dataset, folds: Sequence[Fold]) -> list:
        scaler = np.stack([rows.features.mean(axis=0), rows.features.std(axis=0)])
        return [replace(each, scaler=scaler) for each in honest(rows, folds)]

    findings = refit_findings(subject, replace(face, walk=lambda rows: face.walk(rows)[:2], learn=of_all))

    first = subject.specification.names[0]
    assert {(each.kind, each.column, each.cause) for each in findings} == {
        (Kind.REFIT, f"scaler.{first}", Cause.FITTED_ON_TEST)
    }


OWN = """
import prices_seen
from dataclasses import dataclass
import numpy as np
from core.signals import Needs
from strategies.base_strategy import SignalColumns

@dataclass
class Own:
    name: str = "own"

    @property
    def needs(self):
        return Needs(features=("return_1",))

    def on_data(self, now, before):
        return None

    def signals(self, table, candles, symbol):
        mean = prices_seen.SEEN.setdefault(symbol, candles.closes.mean())
        return SignalColumns((candles.closes > mean).astype(np.int8), np.ones(len(candles)))
"""


def test_what_a_module_beside_a_users_file_keeps_is_state(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The mean of the whole history is the first that is asked for, and is then the mean of each part of it."""
    (tmp_path / "own.py").write_text(OWN, encoding="utf-8")
    (tmp_path / "prices_seen.py").write_text("SEEN = {}\n", encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    settings = Settings.model_validate({"strategy": {"name": "own", "folder": str(tmp_path)}})
    calendar = WeekdayCalendar()
    ground = Ground(
        tuple(generated([SYMBOL], Timeframe.M5, date(2026, 1, 5), date(2026, 1, 9), 7, calendar)), Timeframe.M5
    )

    def asked_again(subject: Subject, *_: object) -> list[Finding]:
        all_answers(BatchFace(subject))
        return repeated(subject)

    monkeypatch.setattr(strategy_check, "check", asked_again)

    [[finding, *_]] = strategy_check.check_named(settings, calendar, ground)  # type: ignore[misc]

    assert (finding.kind, finding.cause, finding.column) == (Kind.REPEAT, Cause.STATE, "signals.direction")
