"""The verbs of trained models: which there are, whether one is sound, which is traded; part of `fyersbot`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli_options import ConfigOption, JsonOption, settings_of
from runtime.json_answer import print_json

if TYPE_CHECKING:
    from core.instants import Instant
    from trading.manifest_signature import SigningKey
    from trading.model_shelf import ModelShelf

app = typer.Typer()
models = typer.Typer(no_args_is_help=True, help="Trained models: which there are, which are sound, which is traded.")
app.add_typer(models, name="models")

NameArgument = Annotated[str, typer.Argument(help="Name of the model, a folder under models.")]
VersionArgument = Annotated[str, typer.Argument(help="A number as 0002, latest, or promoted.")]
HashOption = Annotated[
    str, typer.Option("--sha256", help="Of the manifest that you expect; needed for a bundle without arrays.")
]


@models.command("list")
def list_models(
    name: Annotated[str | None, typer.Argument(help="Only the versions of this model.")] = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """List every version: until when its data goes, its threshold, whether it is traded, whether it is sound."""
    from trading.model_sheet import shelf_data, shelf_lines

    found = _shelf(config).models(name)
    if as_json:
        print_json({"models": shelf_data(found)})
    else:
        typer.echo("\n".join(shelf_lines(found)))


@models.command()
def show(
    name: NameArgument, version: VersionArgument = "latest", config: ConfigOption = None, as_json: JsonOption = False
) -> None:
    """Print what a version was trained on and how, and what of this model was promoted when."""
    from trading.model_sheet import model_data, model_lines

    shelf = _shelf(config)
    model, history = shelf.model(name, version), shelf.history(name)
    if as_json:
        print_json(model_data(model, history))
    else:
        typer.echo("\n".join(model_lines(model, history)))


@models.command()
def verify(
    name: NameArgument,
    version: VersionArgument = "latest",
    sha256: HashOption = "",
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Check a version as the bot does at its start; with --config also whether it fits those settings."""
    from trading.model_sheet import verdict_data, verdict_lines

    shelf = _shelf(config)
    engine = shelf.verify(name, version, sha256)
    warnings = shelf.warnings(engine.manifest)
    if as_json:
        print_json(verdict_data(engine, warnings))
    else:
        typer.echo("\n".join(verdict_lines(engine)))
        _warn(warnings)


@models.command()
def sign(
    name: NameArgument,
    version: VersionArgument,
    key: Annotated[Path | None, typer.Option(help="File with the private key; none: model.signing_key.")] = None,
    sha256: HashOption = "",
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Verify a version and sign its manifest; do it where the private key is, which is not where the bot runs."""
    from trading.model_sheet import signed_data, signed_lines

    signed = _shelf(config).sign(name, version, _signing_key(key, config), sha256)
    if as_json:
        print_json(signed_data(signed))
    else:
        typer.echo("\n".join(signed_lines(signed)))
        _warn(signed.warnings)


@models.command("new-key")
def new_key(
    file: Annotated[Path, typer.Argument(help="Where the private key goes, as PEM; it must not be there yet.")],
    as_json: JsonOption = False,
) -> None:
    """Make a key pair to sign models with: the private half in a file of yours alone, the public half printed."""
    from trading.manifest_signature import SigningKey

    public = SigningKey.created(file).public
    if as_json:
        print_json({"path": str(file), "signed_by": public})
    else:
        typer.echo(f"{file} holds the private key: keep it where no bot runs\nmodel.signed_by: {public!r}")


@models.command()
def promote(
    name: NameArgument,
    version: VersionArgument,
    sha256: HashOption = "",
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Verify a version, and trade it wherever the settings name models/NAME/promoted."""
    from trading.model_sheet import change_data, change_lines

    change = _shelf(config).promote(name, version, _now(config), sha256)
    if as_json:
        print_json(change_data(change))
    else:
        typer.echo("\n".join(change_lines(change)))
        _warn(change.warnings)


@models.command()
def rollback(name: NameArgument, config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Go back to the version that was promoted before."""
    from trading.model_sheet import change_data, change_lines

    change = _shelf(config).roll_back(name, _now(config))
    if as_json:
        print_json(change_data(change))
    else:
        typer.echo("\n".join(change_lines(change)))
        _warn(change.warnings)


def _warn(warnings: tuple[str, ...]) -> None:
    """Tell people what is no fault and yet no good sign."""
    for each in warnings:
        typer.echo(f"warning: {each}", err=True)


def _shelf(config: Path | None) -> "ModelShelf":
    """Open the shelf that the settings' own model lies on; only settings that were named must fit."""
    from trading.model_shelf import ModelShelf

    settings = settings_of(config)
    models, signed_by = settings.model.path.parent.parent, settings.model.signed_by
    now = _now(config) if settings.clock.start is None else None  # market time is no date
    return ModelShelf(models, settings if config is not None else None, signed_by, now)


def _signing_key(file: Path | None, config: Path | None) -> "SigningKey":
    from core.errors import ConfigurationError
    from trading.manifest_signature import SigningKey

    if file is not None:
        return SigningKey.in_file(file)
    text = settings_of(config).model.signing_key.get_secret_value()
    if not text:
        raise ConfigurationError("no private key: give --key FILE, or model.signing_key in the environment")
    return SigningKey.of_text(text, "model.signing_key")


def _now(config: Path | None) -> "Instant":
    from runtime.clock import clock_of

    return clock_of(settings_of(config).clock).now()
