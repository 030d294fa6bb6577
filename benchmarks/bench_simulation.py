"""How many sessions of the simulation one process plays in the time of one calibration loop, beside sessions a minute.

The ratio holds where absolute times do not: the loop is timed by the same processes before and after. Prints one JSON
line; fails when the ratio has fallen by more than a third of what it was when its goal was set, or when a session
violates something.
"""

import json
import os
import sys

from simulation.campaign import Campaign

SEEDS = 120
LEAST_RATIO = 0.3


def main() -> None:
    campaign = Campaign(os.cpu_count() or 1, lambda _line: None)
    tally, speed = campaign.seeds(1, SEEDS)
    figures = speed.content(tally.sessions)
    result = {
        "benchmark": "simulation",
        **figures,
        "sessions": tally.sessions,
        "violations": len(tally.findings),
        "least_ratio": LEAST_RATIO,
        "holds": figures["calibration_ratio"] >= LEAST_RATIO and not tally.findings,
    }
    print(json.dumps(result))
    sys.exit(not result["holds"])


if __name__ == "__main__":
    main()
