"""What somebody typed about the data to train on: files or the store, symbols, timeframe and days."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from backtest.candle_sources import Range
from backtest.run_options import names_in
from core.errors import ConfigurationError
from core.market import Timeframe
from market_data.candles.timeframe_option import chosen_timeframe
from training.histories import STORE

GENERATED = Range(first=date(2025, 1, 1), last=date(2025, 6, 30))
"""The days that are made of the generated market where no others are asked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DataWish:
    """What to train on; what is not said is the settings' or the data's."""

    files: tuple[Path, ...] = ()
    is_stored: bool = False
    """Whether it is the store; without it, and without files, the generated market."""
    symbols: tuple[str, ...] = ()
    timeframe: Timeframe | None = None
    span: Range = field(default_factory=Range)
    allow_holes: bool = False
    """Whether candles of which many are missing teach all the same."""

    @classmethod
    def of(
        cls,
        data: Sequence[Path],
        symbols: Sequence[str] = (),
        timeframe: str | None = None,
        days: str | None = None,
        *,
        allow_holes: bool = False,
    ) -> "DataWish":
        """Read `--data`, `--symbols`, `--timeframe`, `--timerange` and `--allow-holes` as `fyersbot backtest` does.

        Raises `ConfigurationError`.
        """
        is_stored = Path(STORE) in data
        if is_stored and len(data) > 1:
            raise ConfigurationError(f"--data {STORE} and --data FILE: give one or the other; import-data adds a file")
        files = () if is_stored else tuple(data)
        names = names_in(symbols)
        if files and names:
            raise ConfigurationError(
                f"--symbols {','.join(names)}: of files their names say it; leave --symbols out, or train on --data "
                f"{STORE}"
            )
        return cls(
            files=files,
            is_stored=is_stored,
            symbols=names,
            timeframe=chosen_timeframe(timeframe) if timeframe else None,
            span=Range.of(days),
            allow_holes=allow_holes,
        )

    @property
    def generated(self) -> Range:
        """The days of the generated market: an open end is where it begins or ends by itself."""
        open_ended = Range()
        return Range(
            first=GENERATED.first if self.span.first == open_ended.first else self.span.first,
            last=GENERATED.last if self.span.last == open_ended.last else self.span.last,
        )
