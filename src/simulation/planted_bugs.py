"""Does the simulation find bugs? Only a build that has one can tell, and no such build may ever trade.

A planted bug is a replacement of a few characters in the source of one module. The product's files are never touched:
an import hook, installed in a fresh process of its own, compiles the changed text instead of the file. A replacement
must fit exactly once, so that a bug cannot rot when the code around it changes: a test says so.
"""

import importlib.util
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, SourceFileLoader
from pathlib import Path
from types import CodeType, ModuleType

from core.errors import ConfigurationError
from simulation.plan import FaultKind


@dataclass(frozen=True, slots=True, kw_only=True)
class PlantedBug:
    """A mistake that somebody could make, and what brings it to light."""

    name: str
    module: str
    """Dotted name of the module that it is made in."""
    old: str
    """Text that stands in the module's source exactly once."""
    new: str
    why: str
    """What goes wrong, and why somebody would write it."""
    exposed_by: frozenset[FaultKind] = frozenset()
    """Fault kinds that its sessions are played with; empty: it shows where nothing goes wrong."""
    often: float = 1.0
    """How many times their usual rate these faults strike: a rare meeting of two is brought about that way."""
    by_one_fault: bool = False
    """Whether each of its sessions has only one fault, of one of those kinds: more is asked of the bot then."""
    by_a_crash: bool = False
    """Whether each of its sessions also dies once, before or after one of its durable writes."""


def source_file(bug: PlantedBug) -> Path:
    """Return the file of the module. Raises `ConfigurationError` when there is none."""
    package, _, name = bug.module.rpartition(".")
    found = importlib.util.find_spec(package)
    folders = found.submodule_search_locations if found else None
    path = Path(next(iter(folders or ()), "")) / f"{name}.py"
    if not path.is_file():
        raise ConfigurationError(f"planted bug {bug.name}: there is no module {bug.module}; name the one it moved to")
    return path


def changed_source(bug: PlantedBug) -> str:
    """Return the module's source with the bug in it. Raises `ConfigurationError` when the text does not fit once."""
    source = source_file(bug).read_text(encoding="utf-8")
    count = source.count(bug.old)
    if count != 1:
        raise ConfigurationError(
            f"planted bug {bug.name}: its text stands {count} times in {bug.module}; plant it anew where that code went"
        )
    return source.replace(bug.old, bug.new)


def plant(bug: PlantedBug) -> None:
    """Make every later import of the module give the one with the bug. For a process that plays and does nothing else.

    Raises `ConfigurationError` when the text does not fit, or when the module has been imported already.
    """
    if bug.module in sys.modules:
        raise ConfigurationError(f"planted bug {bug.name}: {bug.module} is imported already; plant in a fresh process")
    sys.meta_path.insert(0, _Finder(bug.module, source_file(bug), changed_source(bug)))


class _Finder(MetaPathFinder):
    """Answers for one module and leaves all others to the finders behind it."""

    def __init__(self, module: str, path: Path, source: str) -> None:
        self._module = module
        self._path = path
        self._source = source

    def find_spec(
        self,
        fullname: str,
        path: Sequence[str] | None = None,  # noqa: ARG002 - the protocol's
        target: ModuleType | None = None,  # noqa: ARG002 - the protocol's
    ) -> ModuleSpec | None:
        if fullname != self._module:
            return None
        loader = _Loader(fullname, str(self._path), self._source)
        return importlib.util.spec_from_file_location(fullname, self._path, loader=loader)


class _Loader(SourceFileLoader):
    """Compiles the changed text, and neither reads nor writes byte code on the disk."""

    def __init__(self, fullname: str, path: str, source: str) -> None:
        super().__init__(fullname, path)
        self._changed = source

    def get_code(self, fullname: str) -> CodeType:  # noqa: ARG002 - it loads one module only
        return self.source_to_code(self._changed.encode(), self.path)
