"""The README's picture can be drawn again: a real bot at a real simulator, up to a moment worth showing."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from runtime.project import ROOT

pytestmark = pytest.mark.e2e


def test_the_picture_is_a_real_moment_of_a_simulated_day(home: Path) -> None:
    strategy = json.dumps({"name": "follow", "folder": "strategies"})
    command = [sys.executable, str(ROOT / "benchmarks" / "draw_live_view.py"), "--to", "view.svg", "--speed", "600"]

    done = subprocess.run(
        command,
        cwd=home,
        env={**os.environ, "FYERSBOT__STRATEGY": strategy},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )

    assert done.returncode == 0, done.stderr
    drawing = (home / "view.svg").read_text(encoding="utf-8")
    assert "follow" in drawing
    assert drawing.count("@&#160;") == 3, "a price of entry for each of the three symbols"
