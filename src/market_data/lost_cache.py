"""What can be fetched or computed again must not stop the bot: a cache that cannot be written is told of once.

A full disk or a read-only folder costs time at the next start, nothing else.
"""

import logging
from functools import cache
from pathlib import Path

_logger = logging.getLogger("market_data.lost_cache")


@cache
def warn_once(folder: Path) -> None:
    """Say, the first time for each folder, that nothing can be kept there."""
    _logger.warning("%s: nothing can be kept there, going on without; make room or set paths.cache", folder)
