"""What every trial of a search stands on: read, checked and worked out once, and small enough to hand to workers."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

import numpy as np

from backtest.assumptions import FillAssumptions, Mode
from backtest.bars import SessionRows, days_of, known_at, sessions_from
from backtest.candle_sources import Range, Sourced
from backtest.hyperopt.model_scores import ModelScores
from backtest.notes import Walked, data_notes, said_once, training_notes
from backtest.run import check_volumes, chosen_strategy, instrument_of, overrides_of, rules_and_notes, sources_of
from backtest.run_facts import StrategyHashes
from backtest.run_options import Wish, assumptions_of, mode_of
from core.errors import DataError
from core.instants import Instant
from core.market import Instrument
from core.ports import Calendar
from core.rules import TradingRules
from features.columns import CandleColumns
from market_data.calendar import NseCalendar
from market_data.days import number_of
from market_data.symbols.parquet_symbols import ParquetSymbolArchive
from runtime.charge_rates import ChargeTable
from runtime.configuration import load_settings
from runtime.project import CONFIG
from runtime.settings import Settings
from trading.bundle import TrainingFacts


@dataclass(frozen=True, slots=True, eq=False)
class Stretch:
    """The candles of one symbol; those before `first` only warm up the features."""

    instrument: Instrument
    candles: CandleColumns
    first: int
    sessions: SessionRows
    """Of the candles from `first` on."""
    lead_closed_at: Instant = 0
    """When the candle before `first` was known; 0 where there is none."""

    @property
    def walked(self) -> CandleColumns:
        """The candles without those that only warm up."""
        return self.candles.slice(self.first, len(self.candles))

    def within(self, days: Range) -> "Stretch":
        """Return what lies in some days, and before them. May be empty."""
        numbers = self.candles.days()
        first = max(self.first, int(np.searchsorted(numbers, number_of(days.first))))
        last = max(first, int(np.searchsorted(numbers, number_of(days.last), side="right")))
        begins = first - self.first
        sessions = _cut(self.sessions, begins, last - self.first)
        lead_closed_at = int(self.sessions.closed_at[begins - 1]) if begins else self.lead_closed_at
        return Stretch(self.instrument, self.candles.slice(0, last), first, sessions, lead_closed_at)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Ground:
    """Candles, rules and the strategy's name. It can be pickled: the strategy itself is made where it is asked."""

    settings: Settings
    stretches: tuple[Stretch, ...]
    rules: TradingRules
    assumptions: FillAssumptions
    mode: Mode
    charges: ChargeTable
    model: ModelScores | None
    """What the trained model says of every candle, for a strategy that takes one."""
    strategy_hashes: StrategyHashes
    training: TrainingFacts | None = None
    """What taught the model; None without one."""
    remarks: tuple[str, ...] = ()
    """Sentences about data, charges and model that a reader has to know, whichever days are looked at."""

    @property
    def sessions(self) -> tuple[date, ...]:
        """The days with candles of any symbol, in order."""
        return days_of(each.sessions for each in self.stretches)

    @property
    def notes(self) -> tuple[str, ...]:
        """All that a reader has to know, first which of these very days the model knows."""
        return (*training_notes(self.training, self.sessions), *self.remarks)

    def within(self, days: Range) -> "Ground":
        """Return the same on some days only, for the symbols that traded then. Raises `DataError` when none did."""
        parts = tuple(part for each in self.stretches if len((part := each.within(days)).sessions.days))
        if not parts:
            raise DataError(f"no candles {days}; give a longer range")
        return replace(self, stretches=parts)

    @property
    def data_hash(self) -> str:
        """SHA-256 of the candles."""
        digest = hashlib.sha256()
        for each in self.stretches:
            digest.update(f"{each.instrument.symbol} {each.first} ".encode())
            for column in each.candles.columns:
                digest.update(np.ascontiguousarray(column).tobytes())
        return digest.hexdigest()

    @property
    def charges_hash(self) -> str:
        """SHA-256 of the rate cards that may be applied: all of the product, each with its first day."""
        return hashlib.sha256(repr(self.charges.cards(self.mode.product)).encode()).hexdigest()


def ground_of(wish: Wish, config: Path | None) -> Ground:
    """Read and check everything that a search needs.

    Raises `ConfigurationError`, `DataError` and `ModelError` for what cannot be run.
    """
    given = load_settings(config)
    calendar = NseCalendar.of(given)
    sources = sources_of(wish, given, calendar)
    settings = load_settings(config, overrides_of(wish, given, sources))
    mode, charges = mode_of(wish.mode, settings.timeframe), ChargeTable.load(CONFIG / "charges.yaml")
    rules, notes = rules_and_notes(settings, charges, mode, sources)
    stretches = _stretches(settings, sources, calendar)
    walked = [Walked(each.instrument.symbol, each.walked, each.sessions) for each in stretches]
    notes += data_notes(walked, settings.timeframe, calendar, mode, allow_holes=wish.allow_holes)
    choice, model = chosen_strategy(settings)
    notes += choice.warnings
    return Ground(
        settings=settings,
        stretches=stretches,
        rules=rules,
        assumptions=assumptions_of(settings.backtest),
        mode=mode,
        charges=charges,
        model=ModelScores.of(model, ((each.instrument.symbol, each.candles) for each in stretches)) if model else None,
        strategy_hashes=StrategyHashes.of(choice),
        training=choice.training,
        remarks=said_once([*(note for source in sources for note in source.notes), *notes]),
    )


def _stretches(settings: Settings, sources: Sequence[Sourced], calendar: Calendar) -> tuple[Stretch, ...]:
    archive = ParquetSymbolArchive(settings.paths.archive)
    stretches = []
    for source in sources:
        check_volumes(settings, source)
        symbol, candles, first = source.series.symbol, source.candles, source.first
        sessions = sessions_from(symbol, candles, first, settings.timeframe, calendar)
        lead_closed_at = known_at(symbol, candles, first - 1, settings.timeframe, calendar) if first else 0
        stretches.append(Stretch(instrument_of(source, archive), candles, first, sessions, lead_closed_at))
    return tuple(stretches)


def _cut(sessions: SessionRows, first: int, last: int) -> SessionRows:
    """Return some rows of what the calendar says."""
    rows = slice(first, last)
    return SessionRows(
        days=sessions.days[rows],
        closed_at=sessions.closed_at[rows],
        may_enter=sessions.may_enter[rows],
        squares_off=sessions.squares_off[rows],
        is_last=sessions.is_last[rows],
        follows=sessions.follows[rows],
        close_before=sessions.close_before[rows],
        calendar=sessions.calendar,
    )
