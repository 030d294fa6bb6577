"""Other backtesters, each in an environment of its own: their pins exclude each other's, and ours.

`make bench-peers` sets the environments up in the folder that the variable PEERS names. Where one is missing, a
benchmark prints our own figures alone.
"""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

from core.errors import BotError

PROGRAMS = Path(__file__).with_name("peer_programs")


def peer_python(name: str) -> Path | None:
    """Return the interpreter that has a peer; None where nobody has set it up."""
    folder = os.environ.get("PEERS")
    python = Path(folder) / name / "bin" / "python" if folder else None
    return python if python is not None and python.exists() else None


def ask(name: str, *arguments: object) -> dict[str, Any] | None:
    """Run a peer's program and return the JSON object that it prints last; None where the peer is absent.

    Raises `BotError` with the last line of its complaint when it fails.
    """
    command = command_of(name, *arguments)
    if command is None:
        return None
    ended = subprocess.run(command, env=environment(), capture_output=True, text=True, check=False)
    if ended.returncode:
        complaint = ended.stderr.strip().splitlines() or ["nothing on stderr"]
        raise BotError(f"{name} ended with {ended.returncode}: {complaint[-1]}")
    answer: dict[str, Any] = json.loads(ended.stdout.strip().splitlines()[-1])
    return answer


def command_of(name: str, *arguments: object) -> list[str] | None:
    """Return the command that runs a peer's program; None where the peer is absent."""
    python = peer_python(name)
    if python is None:
        return None
    return [str(python), str(PROGRAMS / f"{name}_case.py"), *map(str, arguments)]


def environment() -> dict[str, str]:
    """Return our environment without what would lead a peer to our packages."""
    return {name: value for name, value in os.environ.items() if name not in {"PYTHONPATH", "PYTHONHOME"}}
