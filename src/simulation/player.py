"""A process that only plays: plans come in by line, verdicts go out by line.

It is a program of its own, because a planted bug needs a fresh interpreter, a varied hash seed needs one too, and a
session that hangs or dies must not take the campaign with it.
"""

import argparse
import gc
import importlib
import json
import sys
from typing import TextIO

from simulation.calibration import calibrate
from simulation.catalogue import bug_named
from simulation.planted_bugs import plant
from simulation.session_text import plan_from, verdict_content

PLAY = "simulation.session:play"
"""What plays a plan, as `module:function`."""
READY = "ready"
CALIBRATE = "calibrate"


def main() -> None:
    """Play until standard input ends. An error ends the process with its traceback, for the parent to see."""
    parser = argparse.ArgumentParser(prog="simulation.player", description=__doc__)
    parser.add_argument("--bug", help="plant this bug first")
    parser.add_argument("--play", default=PLAY, help="what plays a plan, as module:function")
    options = parser.parse_args()
    answers, sys.stdout = sys.stdout, sys.stderr  # nothing that a session prints may stand among the verdicts
    if options.bug:
        plant(bug_named(options.bug))
    _serve(sys.stdin, answers, options.play)


def _serve(requests: TextIO, answers: TextIO, play_name: str) -> None:
    module, _, function = play_name.partition(":")
    play = getattr(importlib.import_module(module), function)
    _answer(answers, READY)
    gc.freeze()  # the program itself stays
    gc.disable()  # a session is one heap that dies at once: its cycles are looked for when it is over
    for line in requests:
        request = json.loads(line)
        if request == CALIBRATE:
            _answer(answers, calibrate())
        else:
            _answer(answers, verdict_content(play(plan_from(request))))
            gc.collect()


def _answer(answers: TextIO, content: object) -> None:
    answers.write(json.dumps(content) + "\n")
    answers.flush()


if __name__ == "__main__":
    main()
