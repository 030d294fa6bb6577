import os
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder with recorded market data; tests that need it are skipped where it is absent."""
    folder = os.environ.get("NSE_DATA_DIR")
    if not folder or not Path(folder).is_dir():
        pytest.skip("NSE_DATA_DIR names no folder with recorded market data")
    return Path(folder)
