"""Trained models told: as lines for people, as data for programs."""

from collections.abc import Iterator, Sequence
from typing import Any

from trading.bundle import Manifest
from trading.inference_engine import InferenceEngine
from trading.model_shelf import Change, ShelvedModel, Signed
from trading.model_versions import Promotion
from trading.model_worth import market_words, verdict_words, worth_data, worth_line
from trading.trade_terms import exit_words


def shelf_lines(models: Sequence[ShelvedModel]) -> list[str]:
    """Return a line for each version: what it is, whether it is traded, whether the bot would open it."""
    if not models:
        return ["no trained model here; run `fyersbot train`"]
    return [_shelf_line(each) for each in models]


def shelf_data(models: Sequence[ShelvedModel]) -> list[dict[str, Any]]:
    """Return the same for a program."""
    return [_data(each) for each in models]


def model_lines(model: ShelvedModel, history: Sequence[Promotion]) -> list[str]:
    """Return what the manifest says, and what was promoted when."""
    head = [_shelf_line(model), f"path            {model.folder}", f"manifest        SHA-256 {model.manifest_sha256}"]
    rows = [f"{each.at:%Y-%m-%d %H:%M}  {each.verb} {each.version} ({each.manifest_sha256[:12]})" for each in history]
    told = list(_manifest_lines(model.manifest)) if model.manifest is not None else []
    return [*head, *told, *_block("warnings", model.warnings), *_block("promotions", rows)]


def model_data(model: ShelvedModel, history: Sequence[Promotion]) -> dict[str, Any]:
    """Return the same for a program, the manifest whole."""
    manifest = model.manifest.model_dump(mode="json") if model.manifest is not None else None
    return {
        **_data(model),
        "manifest": manifest,
        "promotions": [each.model_dump(mode="json") for each in history],
    }


def verdict_lines(engine: InferenceEngine) -> list[str]:
    """Say in one line that a version was opened, and what was found good; in another what it is worth."""
    manifest = engine.manifest
    opened = "arrays, no pickle" if manifest.files.arrays is not None else "pickles, by the pinned hash"
    sound = (
        f"{engine.folder} is sound: sizes and hashes, {len(manifest.features.names)} features, {len(manifest.golden)} "
        f"golden rows ({opened}){_by(engine)}; manifest SHA-256 {engine.manifest_sha256}"
    )
    return [sound, worth_line(manifest)]


def verdict_data(engine: InferenceEngine, warnings: Sequence[str] = ()) -> dict[str, Any]:
    """Return the same for a program, with where the model learned other trades than the settings make."""
    return {
        "name": engine.folder.parent.name,
        "version": engine.folder.name,
        "path": str(engine.folder),
        "sound": True,
        "opened": "arrays" if engine.manifest.files.arrays is not None else "pickles",
        "golden_rows": len(engine.manifest.golden),
        "signed_by": engine.signed_by or None,
        "manifest_sha256": engine.manifest_sha256,
        **worth_data(engine.manifest),
        "warnings": list(warnings),
    }


def signed_lines(signed: Signed) -> list[str]:
    """Say what was signed, and what to write into the settings so that nothing else is traded."""
    return [
        f"{signed.path.parent} is signed; manifest SHA-256 {signed.manifest_sha256}",
        f"in the bot's settings, model.signed_by: {signed.signed_by!r} opens only what this key signed",
    ]


def signed_data(signed: Signed) -> dict[str, Any]:
    """Return the same for a program."""
    return {
        "path": str(signed.path),
        "manifest_sha256": signed.manifest_sha256,
        "signed_by": signed.signed_by,
        "warnings": list(signed.warnings),
    }


def change_lines(change: Change) -> list[str]:
    """Say what is traded from the bot's next start on, and what it is worth."""
    before = f", before {change.before}" if change.before else ""
    told = f"{change.name}/promoted is {change.version}{before}; a running bot trades it from its next start on"
    already = f"{change.name}/{change.version} is promoted already"
    return [told if change.is_change else already, worth_line(change.manifest)]


def change_data(change: Change) -> dict[str, Any]:
    """Return the same for a program."""
    return {
        "name": change.name,
        "version": change.version,
        "manifest_sha256": change.manifest_sha256,
        "before": change.before or None,
        "changed": change.is_change,
        **worth_data(change.manifest),
        "warnings": list(change.warnings),
    }


def _by(engine: InferenceEngine) -> str:
    return f", signed by {engine.signed_by[:16]}..." if engine.signed_by else ""


def _shelf_line(model: ShelvedModel) -> str:
    place = f"{model.name}/{model.folder.name}".ljust(20)
    mark = "promoted" if model.is_promoted else "        "
    if model.manifest is None:
        return f"{place}  {mark}  REFUSED: {model.fault}"
    training = model.manifest.training
    figures = f"data to {training.last:%Y-%m-%d}, {training.rows:,} rows, threshold {model.manifest.threshold:.3g}"
    facts = ", ".join(filter(None, (figures, market_words(training), verdict_words(model.manifest))))
    if model.fault:
        return f"{place}  {mark}  {facts}  REFUSED: {model.fault}"
    other = ", but learned other trades than these settings make" if model.warnings else ""
    return f"{place}  {mark}  {facts}  sound{other}"


def _data(model: ShelvedModel) -> dict[str, Any]:
    manifest = model.manifest
    return {
        "name": model.name,
        "version": model.folder.name,
        "path": str(model.folder),
        "promoted": model.is_promoted,
        "sound": not model.fault,
        "fault": model.fault or None,
        "data_end": manifest.training.last.isoformat() if manifest else None,
        "rows": manifest.training.rows if manifest else None,
        "threshold": manifest.threshold if manifest else None,
        **worth_data(manifest),
        "manifest_sha256": model.manifest_sha256 or None,
        "warnings": list(model.warnings),
    }


def _manifest_lines(manifest: Manifest) -> Iterator[str]:
    training, labels = manifest.training, manifest.labels
    yield f"trained on      {training.source}{': not for money' if training.is_generated else ''}"
    yield f"symbols         {', '.join(training.symbols)} ({training.timeframe.value})"
    yield f"candles         {training.first:%Y-%m-%d} to {training.last:%Y-%m-%d}, {training.rows:,} rows"
    yield f"data            SHA-256 {training.data_sha256}"
    yield f"seed            {training.seed}"
    if training.estimator:
        yield f"model           {training.estimator}"
    yield f"labels          {labels.rule}"
    yield (
        f"trade           {exit_words(labels.stop_atr, labels.target_atr, labels.trail_atr)}; "
        f"spread of {labels.spread_ticks} ticks; charges of {labels.charges_as_of}"
    )
    yield f"position        {labels.sizing or f'{labels.position_value:,} rupees'}"
    yield f"threshold       {manifest.threshold:.6g}"
    yield f"classes         {', '.join(each.name.lower() for each in manifest.classes)}"
    yield f"features        {', '.join(manifest.features.names)}"
    yield f"schema          SHA-256 {manifest.features.schema_sha256}, looks back {manifest.features.lookback} candles"
    yield f"versions        {', '.join(f'{name} {release}' for name, release in manifest.versions.items())}"
    yield f"golden rows     {len(manifest.golden)}"
    described = {name: file for name, file in manifest.files if file is not None}
    yield from _block("files", [f"{name}: {file.bytes:,} bytes, {file.sha256}" for name, file in described.items()])
    for part, figures in training.parts.items():
        yield from _block(f"on {part}", [_figure(*each) for each in figures.items()])
    if training.verdict:
        yield f"verdict         {training.verdict}"


def _figure(name: str, value: float) -> str:
    return f"{name} {value:,.2f}" if name.endswith("_rupees") else f"{name} {value:,.6g}"


def _block(title: str, lines: Sequence[str]) -> list[str]:
    return [f"{title if not place else '':<16}{line}" for place, line in enumerate(lines)]
