"""Notebooks are programs: their scripts run, and their twins for Jupyter hold the same cells without outputs."""

import os
import subprocess
import sys
from pathlib import Path

import jupytext
import pytest

FOLDER = Path(__file__).parents[2] / "notebooks"
SCRIPTS = sorted(FOLDER.glob("*.py"))


def test_the_notebooks_lead_from_data_to_paper():
    assert [each.stem for each in SCRIPTS] == [
        "01_data_and_features",
        "02_train_and_judge",
        "03_certify_and_paper_trade",
    ]


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)
def test_the_script_runs_from_start_to_end(script, tmp_path):
    assert said_by(script, tmp_path, FYERSBOT_NOTEBOOK_QUICK="1")


@pytest.mark.e2e
def test_the_last_notebook_trades_a_day_on_paper(tmp_path):
    said = said_by(SCRIPTS[-1], tmp_path)

    assert "2025-06-02, paper: " in said


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)
def test_the_twin_holds_the_same_cells_and_no_outputs(script):
    ours = jupytext.read(script)
    twin = jupytext.read(script.with_suffix(".ipynb"))

    assert [(each.cell_type, each.source) for each in twin.cells] == [
        (each.cell_type, each.source) for each in ours.cells
    ], f"run `jupytext --to ipynb {script.name}`"
    assert not any(each.get("outputs") or each.get("execution_count") for each in twin.cells)


def test_no_twin_is_without_its_script():
    assert [each.stem for each in sorted(FOLDER.glob("*.ipynb"))] == [each.stem for each in SCRIPTS]


def said_by(script: Path, folder: Path, **variables: str) -> str:
    """Run a script in a folder of its own, without what the one who tests has set, and return what it printed."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("FYERSBOT")}
    done = subprocess.run(
        [sys.executable, str(script)],
        cwd=folder,
        env={**environment, **variables, "TMPDIR": str(folder)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout
