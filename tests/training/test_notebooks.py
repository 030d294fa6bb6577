"""Notebooks are programs: their scripts run, and their twins for Jupyter hold the same cells without outputs."""

import os
import subprocess
import sys
from pathlib import Path

import jupytext
import pytest

FOLDER = Path(__file__).parents[2] / "notebooks"
SCRIPTS = sorted(FOLDER.glob("*.py"))


def test_there_is_a_notebook_that_trains_a_model():
    assert "train_a_model" in {each.stem for each in SCRIPTS}


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)
def test_the_script_runs_from_start_to_end(script, tmp_path):
    environment = {**os.environ, "FYERSBOT_NOTEBOOK_QUICK": "1", "TMPDIR": str(tmp_path)}

    done = subprocess.run(
        [sys.executable, str(script)], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stderr
    assert done.stdout


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)
def test_the_twin_holds_the_same_cells_and_no_outputs(script):
    ours = jupytext.read(script)
    twin = jupytext.read(script.with_suffix(".ipynb"))

    assert [(each.cell_type, each.source) for each in twin.cells] == [
        (each.cell_type, each.source) for each in ours.cells
    ], f"run `jupytext --to ipynb {script.name}`"
    assert not any(each.get("outputs") or each.get("execution_count") for each in twin.cells)
