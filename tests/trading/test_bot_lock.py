import pytest
from filelock import FileLock

from trading.bot_lock import LOCK_FILE, is_bot_running


@pytest.mark.hazard("R2")
def test_a_bot_runs_while_it_holds_its_lock_and_looking_leaves_it_free(tmp_path):
    assert not is_bot_running(tmp_path)
    assert list(tmp_path.iterdir()) == []
    with FileLock(tmp_path / LOCK_FILE):
        assert is_bot_running(tmp_path)
    assert not is_bot_running(tmp_path)
    with FileLock(tmp_path / LOCK_FILE, timeout=0):
        pass
