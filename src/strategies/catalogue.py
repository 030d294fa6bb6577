"""From the name in the configuration to a strategy: those that come with the bot, and users' own files."""

import importlib.util
import inspect
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from difflib import get_close_matches
from pathlib import Path
from types import ModuleType
from typing import Any

from core.errors import BotError, ConfigurationError
from core.ports import Predictor
from core.signals import Needs, Parameters, SignalProvider
from strategies.base_strategy import Parameter, parameters_of
from strategies.model import ModelStrategy
from strategies.opening_price_crossover import OpeningPriceCrossover
from strategies.simple_ma_crossover import SimpleMaCrossover

BUILT_IN: Mapping[str, Callable[..., SignalProvider]] = {
    "model": ModelStrategy,
    "simple_ma_crossover": SimpleMaCrossover,
    "opening_price_crossover": OpeningPriceCrossover,
}

OpenModel = Callable[[], Predictor]
"""Opens the trained model; called only for a strategy that takes one."""


def strategy_names(folder: Path | None = None) -> tuple[str, ...]:
    """Return the names that `strategy.name` may take: the built-in ones, then the files in a user's folder."""
    own = sorted(path.stem for path in folder.glob("*.py") if not path.stem.startswith("_")) if folder else []
    return (*BUILT_IN, *(name for name in own if name not in BUILT_IN))


def file_of(name: str, folder: Path | None) -> Path | None:
    """Return the user's file that a name stands for; None for a strategy that comes with the bot."""
    return None if folder is None or name in BUILT_IN else folder / f"{name}.py"


def strategy_named(
    name: str, params: Parameters, folder: Path | None = None, open_model: OpenModel | None = None
) -> SignalProvider:
    """Make the strategy of a name with its parameters; one that takes a `predictor` is given the model, opened for it.

    A user's file `<folder>/<name>.py` holds one class with `on_data`, or a function `make(params)`. Raises
    `ConfigurationError`, one line, for an unknown name or parameter, a wrong value, and any fault in a user's file;
    and what `open_model` raises.
    """
    if name in BUILT_IN:
        return _made(BUILT_IN[name], name, params, open_model)
    names = strategy_names(folder)
    if name not in names or folder is None:
        place = f" and no file {name}.py in {folder}" if folder else "; set strategy.folder to use your own files"
        raise ConfigurationError(
            f"no strategy {name!r}{place}{_suggestion(name, names)} (there are {', '.join(names)})"
        )
    path = folder / f"{name}.py"
    with _faults_of(path):
        factory = _factory_in(path)
        provider: SignalProvider = (
            factory(params, **_model_for(factory, name, open_model))
            if inspect.isfunction(factory)
            else _made(factory, name, params, open_model)
        )
        _check_shape(provider, path)
    return provider


def parameters_named(name: str, folder: Path | None = None) -> tuple[Parameter, ...]:
    """Return what a strategy can be given. Raises `ConfigurationError` for a fault in a user's file."""
    path = file_of(name, folder)
    if path is None:
        return parameters_of(BUILT_IN[name])
    with _faults_of(path):
        return parameters_of(_factory_in(path))


@contextmanager
def _faults_of(path: Path) -> Iterator[None]:
    """Tell whatever a user's file raises as one line that names the file and its line."""
    try:
        yield
    except BotError:
        raise
    except (Exception, SystemExit) as error:  # a user's file may raise anything, or exit; nothing is swallowed
        words = error.msg if isinstance(error, SyntaxError) else " ".join(str(error).split())
        raise ConfigurationError(f"strategy file {_place_of(error, path)}: {type(error).__name__}: {words}") from error


def _factory_in(path: Path) -> Callable[..., Any]:
    """Return the function `make` of a file, or its one class with `on_data`."""
    module = _loaded(path)
    make: Callable[..., Any] | None = getattr(module, "make", None)
    if make is not None:
        return make
    classes: list[Any] = [
        each
        for each in vars(module).values()
        if inspect.isclass(each) and each.__module__ == module.__name__ and hasattr(each, "on_data")
    ]
    if len(classes) != 1:
        found = ", ".join(each.__name__ for each in classes) or "none"
        raise ConfigurationError(
            f"strategy file {path}: needs exactly one class with on_data, or a function make(params); found {found}"
        )
    factory: Callable[..., Any] = classes[0]
    return factory


def _loaded(path: Path) -> ModuleType:
    module_name = f"user_strategy_{path.stem}"
    spec = importlib.util.spec_from_file_location(module_name, path)
    if spec is None or spec.loader is None:
        raise ConfigurationError(f"strategy file {path}: cannot be loaded as Python")
    module = importlib.util.module_from_spec(spec)
    sys.modules[module_name] = module  # dataclasses look their module up there
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[module_name]
        raise
    return module


def _made(
    factory: Callable[..., SignalProvider], name: str, params: Parameters, open_model: OpenModel | None
) -> SignalProvider:
    adjustable = {each.name: each for each in parameters_of(factory)}
    values = {}
    for key, value in params.items():
        if key not in adjustable:
            takes = ", ".join(adjustable) or "none"
            raise ConfigurationError(
                f"strategy.params: {name} has no parameter {key!r}{_suggestion(key, adjustable)} (it takes {takes})"
            )
        values[key] = _checked(adjustable[key], value)
    for key, known in adjustable.items():
        if known.is_required and key not in values:
            raise ConfigurationError(f"strategy.params: {name} needs a value for {key!r}")
    return factory(**values, **_model_for(factory, name, open_model))


def _model_for(factory: Callable[..., Any], name: str, open_model: OpenModel | None) -> dict[str, Predictor]:
    """Return the model as an argument, if the factory takes it: a rule needs none to be there."""
    if "predictor" not in inspect.signature(factory).parameters:
        return {}
    if open_model is None:
        raise ConfigurationError(f"strategy {name!r} needs a model: set model.path, and run `fyersbot train` for one")
    return {"predictor": open_model()}


def _checked(known: Parameter, value: Any) -> Any:
    """Return the value if it is of the default's type and in range. Raises `ConfigurationError`.

    A whole number is good for a float, a YAML list for a tuple.
    """
    is_number_for_float = known.type is float and type(value) is int
    if known.type is tuple and isinstance(value, list):
        value = tuple(value)
    if not (known.type is None or is_number_for_float or type(value) is known.type):
        raise ConfigurationError(
            f"strategy.params.{known.name}: {value!r} is of type {type(value).__name__}; "
            f"it takes {known.type.__name__}, for example {known.default!r}"
        )
    known.check(value)
    return value


def _check_shape(provider: object, path: Path) -> None:
    if not callable(getattr(provider, "on_data", None)):
        raise ConfigurationError(f"strategy file {path}: {type(provider).__name__} has no method on_data(now, before)")
    if not isinstance(getattr(provider, "name", None), str):
        raise ConfigurationError(f"strategy file {path}: {type(provider).__name__} has no name; give it a text `name`")
    if not isinstance(getattr(provider, "needs", None), Needs):
        raise ConfigurationError(
            f"strategy file {path}: {type(provider).__name__}.needs must be core.signals.Needs, "
            'for example Needs(features=("sma_gap_9",))'
        )


def _place_of(error: BaseException, path: Path) -> str:
    """Name the file, and the last line of it that the error passed through."""
    own = str(path.absolute())  # as the import system names a file of a relative folder
    line, trace = 0, error.__traceback__
    if isinstance(error, SyntaxError) and error.filename == own:
        line, trace = error.lineno or 0, None
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == own:
            line = trace.tb_lineno
        trace = trace.tb_next
    return f"{path}, line {line}" if line else str(path)


def _suggestion(word: str, known: Mapping[str, object] | tuple[str, ...]) -> str:
    near = get_close_matches(word, list(known), n=1)
    return f"; did you mean {near[0]!r}?" if near else ""
