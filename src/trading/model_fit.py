"""Was a model made for the trades that these settings make? Its threshold and verdict are of the trades it learned."""

from collections.abc import Iterator

from core.errors import ModelError
from runtime.settings import Settings
from trading.bundle import LabelFacts, Manifest
from trading.trade_terms import TradeTerms, exit_words


def check_fits(manifest: Manifest, settings: Settings) -> tuple[str, ...]:
    """Compare what the model was trained for with what it is asked to trade, and return what a person should know.

    Raises `ModelError` for another timeframe: its features would mean something else. Other exits and another size
    than those of its labels are a choice, and only warned of; a bundle of before does not say by what size.
    """
    trained, asked = manifest.training.timeframe, settings.timeframe
    if trained is not asked:
        raise ModelError(
            f"model {manifest.name} was trained on {trained.value} candles, timeframe is {asked.value}; set timeframe "
            f"to {trained.value}, or train a model with these settings (`fyersbot train`)"
        )
    terms = TradeTerms.of(settings)
    return tuple(
        f"model {manifest.name} learned trades {words}; its threshold was not chosen for these"
        for words in _differences(manifest.labels, terms)
    )


def _differences(labels: LabelFacts, terms: TradeTerms) -> Iterator[str]:
    if (labels.stop_atr, labels.target_atr, labels.trail_atr) != (terms.stop_atr, terms.target_atr, terms.trail_atr):
        learned = exit_words(labels.stop_atr, labels.target_atr, labels.trail_atr)
        yield f"with {learned}; exits asks for {terms.exit_words}"
    if labels.sizing not in {"", terms.sizing_words}:
        yield f"of {labels.sizing}; sizing and risk ask for {terms.sizing_words}"
