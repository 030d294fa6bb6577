"""Was a model made for the trades that these settings make? Its threshold and verdict are of the trades it learned."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from core.errors import ModelError
from core.instants import Instant, instant_of, ist_date
from core.market import is_index
from runtime.setting_rules import all_loopback
from runtime.settings import Settings
from trading.bundle import LabelFacts, Manifest, TrainingFacts
from trading.model_versions import MANIFEST
from trading.model_worth import some_names
from trading.trade_terms import TradeTerms, exit_words


def check_fits(manifest: Manifest, settings: Settings) -> tuple[str, ...]:
    """Compare what the model was trained for with what it is asked to trade, and return what a person should know.

    Raises `ModelError` for another timeframe: its features would mean something else. Other exits, another size and
    other symbols than those of its labels are a choice, and only warned of; a bundle of before does not say by what
    size. So is a model of a generated market, but at a simulator, whose market is one.
    """
    trained, asked = manifest.training.timeframe, settings.timeframe
    if trained is not asked:
        raise ModelError(
            f"model {manifest.name} was trained on {trained.value} candles, timeframe is {asked.value}; set timeframe "
            f"to {trained.value}, or train a model with these settings (`fyersbot train`)"
        )
    differences = (
        *_other_symbols(manifest.training, settings.symbols),
        *_other_terms(manifest.labels, TradeTerms.of(settings)),
    )
    warnings = [
        f"model {manifest.name} learned trades {words}; its threshold was not chosen for these" for words in differences
    ]
    if manifest.training.is_generated and not all_loopback(settings.broker.endpoints):
        warnings.append(f"model {manifest.name} was trained on a generated market: not for money")
    return tuple(warnings)


def refuse_generated(folder: Path, training: TrainingFacts) -> None:
    """Refuse to trade money with what was learned of a market that never was. Raises `ModelError`."""
    if training.is_generated:
        raise ModelError(
            f"{folder} was trained on a generated market, which is not for money; train on recorded candles (`fyersbot "
            "train --data store`) and promote that, or trade on paper"
        )


def refuse_later(folder: Path, training: TrainingFacts, now: Instant) -> None:
    """Refuse data of days to come: a training would never be long ago. Raises `ModelError`."""
    last, today = ist_date(instant_of(training.last)), ist_date(now)
    if last > today:
        raise ModelError(
            f"{folder / MANIFEST}: its data end on {last}, after today ({today}): the clock or the manifest is wrong; "
            "set the clock, or train again"
        )


def _other_symbols(training: TrainingFacts, symbols: Sequence[str]) -> Iterator[str]:
    """Say which of the symbols to trade taught nothing; an index is only watched."""
    others = [each for each in symbols if each not in training.symbols and not is_index(each)]
    if others:
        yield f"of {some_names(training.symbols)}; symbols asks for {some_names(others)}"


def _other_terms(labels: LabelFacts, terms: TradeTerms) -> Iterator[str]:
    if (labels.stop_atr, labels.target_atr, labels.trail_atr) != (terms.stop_atr, terms.target_atr, terms.trail_atr):
        learned = exit_words(labels.stop_atr, labels.target_atr, labels.trail_atr)
        yield f"with {learned}; exits asks for {terms.exit_words}"
    if labels.sizing not in {"", terms.sizing_words}:
        yield f"of {labels.sizing}; sizing and risk ask for {terms.sizing_words}"
