"""What a trained model is of, and what it is worth, in the few words that fit a line: those who decide see them."""

from collections.abc import Sequence
from typing import Any

from trading.bundle import Manifest, MarketKind, TrainingFacts

_NAMED = 3
"""Symbols that a line names, before it only counts them."""
_LONGEST = 80
"""Characters of a source; fifty files have a long one."""


def worth_line(manifest: Manifest) -> str:
    """Say what taught the model, and how it did where it had not learned."""
    verdict = verdict_words(manifest)
    return f"trained on {source_words(manifest.training)}" + (f"; it {verdict}" if verdict else "")


def source_words(training: TrainingFacts) -> str:
    """Say what taught a model, and that money is no matter of a market that never was."""
    if training.is_generated:
        return f"a {training.source}: not for money"
    source = training.source
    return f"recorded candles ({source if len(source) <= _LONGEST else f'{source[:_LONGEST]}...'})"


def market_words(training: TrainingFacts) -> str:
    """Say the same in two words."""
    return "generated market" if training.is_generated else "recorded candles"


def market_data(training: TrainingFacts | None) -> dict[str, Any]:
    """Return what taught a model, for a program; None of each for a manifest that cannot be read."""
    if training is None:
        return {"market": None, "source": None, "symbols": None}
    market = MarketKind.GENERATED if training.is_generated else MarketKind.RECORDED
    return {"market": market.value, "source": training.source, "symbols": list(training.symbols)}


def worth_data(manifest: Manifest | None) -> dict[str, Any]:
    """Return what taught a model and how it did, for a program; None of each as before."""
    if manifest is None:
        return {**market_data(None), "acts": None, "verdict": None}
    return {**market_data(manifest.training), "acts": manifest.acts, "verdict": manifest.training.verdict or None}


def verdict_words(manifest: Manifest) -> str:
    """Say whether a model acts and whether it beat its baselines; the figures are in the whole verdict."""
    verdict, _, _ = manifest.training.verdict.partition(":")
    return " and ".join(words for words in ("" if manifest.acts else "never acts", verdict) if words)


def some_names(names: Sequence[str]) -> str:
    """Name the first few, and count the others."""
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return ", ".join(names[:_NAMED]) + more
