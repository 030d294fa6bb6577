"""How a verb answers a program: one JSON object on standard output, there at once."""

import json
import sys


def print_json(content: object) -> None:
    """Print one JSON object on standard output."""
    sys.stdout.write(json.dumps(content) + "\n")
    sys.stdout.flush()
