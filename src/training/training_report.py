"""What `fyersbot train` says in the end: where the model is, and whether it is worth anything."""

from pathlib import Path
from typing import Any

from reporting.figures import Form, text_of
from trading.bundle import CARD, parse_manifest
from trading.model_versions import MANIFEST
from trading.model_worth import market_data, some_names, source_words


def report_lines(bundle: Path) -> list[str]:
    """Return lines for people. Raises `ModelError`."""
    manifest = parse_manifest(bundle / MANIFEST)
    facts = manifest.training
    acts = f"it acts from {manifest.threshold:.2f} on" if manifest.acts else "it never acts"
    return [
        f"the model is in {bundle}, how it did in {bundle / CARD}",
        f"{facts.estimator}: {acts}",
        f"out of fold it {facts.verdict}",
        *_luck(facts.parts["all judged"]),
        f"trained on {source_words(facts)}; symbols {some_names(facts.symbols)}",
    ]


def note_lines(bundle: Path) -> list[str]:
    """Return what people have to know of the candles. Raises `ModelError`."""
    return [f"note: {each}" for each in parse_manifest(bundle / MANIFEST).training.notes]


def report_data(name: str, bundle: Path) -> dict[str, Any]:
    """Return the same for a program. Raises `ModelError`."""
    manifest = parse_manifest(bundle / MANIFEST)
    facts = manifest.training
    return {
        "model": name,
        "version": bundle.name,
        "path": str(bundle),
        "card": str(bundle / CARD),
        **market_data(facts),
        "estimator": facts.estimator,
        "threshold": manifest.threshold,
        "verdict": facts.verdict,
        "out_of_fold": facts.parts["all judged"],
        "notes": list(facts.notes),
    }


def _luck(judged: dict[str, float]) -> list[str]:
    deflated = judged.get("deflated_sharpe")
    if deflated is None:
        return []
    chance, tried = text_of(deflated, Form.CHANCE), f"{judged['candidates']:g} tried"
    return [f"deflated Sharpe ratio {chance}, with {tried}: the chance that this is more than luck"]
