"""A library is imported without what it can do without, and nothing of that is seen afterwards."""

import importlib
import sys

import pytest

from features.lean_imports import without


@pytest.fixture
def wants_an_extra(tmp_path, monkeypatch):
    """A library that takes `extra_of_it` along where there is one."""
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "extra_of_it.py").write_text("")
    (tmp_path / "wants_an_extra.py").write_text(
        "try:\n    import extra_of_it\nexcept ImportError:\n    extra_of_it = None\n"
    )
    importlib.invalidate_caches()
    yield
    for name in ("wants_an_extra", "extra_of_it"):
        sys.modules.pop(name, None)


def test_a_library_does_without_what_is_left_out(wants_an_extra) -> None:
    with without("extra_of_it"):
        library = importlib.import_module("wants_an_extra")

    assert library.extra_of_it is None


def test_what_was_left_out_can_be_imported_afterwards(wants_an_extra) -> None:
    with without("extra_of_it"):
        pass

    assert importlib.import_module("wants_an_extra").extra_of_it is importlib.import_module("extra_of_it")


def test_what_is_loaded_already_stays(wants_an_extra) -> None:
    extra = importlib.import_module("extra_of_it")
    with without("extra_of_it"):
        library = importlib.import_module("wants_an_extra")

    assert library.extra_of_it is extra
    assert sys.modules["extra_of_it"] is extra
