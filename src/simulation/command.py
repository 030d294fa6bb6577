"""What `fyersbot simulate` does: choose the campaign, play it, report it, and keep what failed as tests."""

import json
import os
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from core.errors import ConfigurationError
from core.instants import ist_text
from simulation import mutants
from simulation.calibration import Speed
from simulation.campaign import Campaign
from simulation.catalogue import BUGS, bug_named
from simulation.crew import Player
from simulation.plan import Plan
from simulation.player import PLAY
from simulation.session_text import Content, plan_content, plan_from, verdict_content
from simulation.shrink import shrink
from simulation.story import write_story
from simulation.summary import human_summary
from simulation.tally import Finding, Tally

SEEDS, SEEDS_FOR_A_BUG = 2_000, 600
"""Sessions to play when nobody says how many."""
SESSIONS = 10
"""Sessions of --crash-everywhere when nobody says how many."""
FAILURES = Path("simulation-failures")
"""Where failing sessions are written when nobody says where."""
_ONLY_WITH = {
    "seeds": ("the plain run", "--mutants"),
    "first_seed": ("the plain run", "--crash-everywhere", "--mutants"),
    "sessions": ("--crash-everywhere",),
    "only": ("--mutants",),
    "processes": ("the plain run", "--crash-everywhere", "--mutants"),
    "failures": ("the plain run", "--crash-everywhere", "--plan"),
}
"""Which runs an option says something about."""
MOST_STORIES = 5
"""Failing sessions that are made small and written out; one bug usually fails many."""
MOST_LISTED = 20
"""Failing sessions that a report names; it counts all."""
_LARGEST_PLAN = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What the user asked for."""

    seeds: int | None
    first_seed: int | None
    crash_everywhere: bool
    sessions: int | None
    mutants: bool
    only: tuple[str, ...]
    """Names of the planted bugs to look for; none: all."""
    plan: Path | None
    processes: int | None
    failures: Path | None
    as_json: bool
    play: str = PLAY

    @property
    def first(self) -> int:
        """The seed to begin with."""
        return 1 if self.first_seed is None else self.first_seed


def simulate(wish: Wish) -> int:
    """Play what was asked for, print the report and return the exit code.

    Raises `ConfigurationError` for wishes that cannot be meant, `PlayerError` when nothing can be played.
    """
    _check(wish)
    if wish.plan is not None:
        report, good = _play_one(wish, wish.plan)
    elif wish.mutants:
        report, good = _hunt(wish)
    else:
        report, good = _play_many(wish)
    sys.stdout.write(json.dumps(report) + "\n" if wish.as_json else human_summary(report))
    sys.stdout.flush()
    return 0 if good else 1


def _check(wish: Wish) -> None:
    """Refuse what would be ignored: who asks for five sessions must not get two thousand."""
    asked = {
        "--crash-everywhere": wish.crash_everywhere,
        "--mutants": wish.mutants,
        "--plan": wish.plan is not None,
    }
    runs = [name for name, is_asked in asked.items() if is_asked] or ["the plain run"]
    if len(runs) > 1:
        raise ConfigurationError("--crash-everywhere, --mutants and --plan are three different runs: ask for one")
    for name, where in _ONLY_WITH.items():
        if getattr(wish, name) not in (None, ()) and runs[0] not in where:
            option, others = f"--{name.replace('_', '-')}", ", ".join(where)
            raise ConfigurationError(
                f"{option} says nothing about {runs[0]}, only about {others}: leave it out, or ask for that run"
            )


def _play_many(wish: Wish) -> tuple[Content, bool]:
    campaign = Campaign(wish.processes or os.cpu_count() or 1, _tell, wish.play)
    if wish.crash_everywhere:
        sessions = wish.sessions or SESSIONS
        tally, speed = campaign.crash_everywhere(wish.first, sessions)
        head: Content = {
            "run": "crash_everywhere",
            "sessions": sessions,
            "crashes": tally.sessions - sessions,
        }
        is_whole, again = tally.sessions > sessions, None
    else:
        count = wish.seeds or SEEDS
        tally, speed = campaign.seeds(wish.first, count)
        head = {"run": "seeds", "seeds": tally.sessions}
        is_whole = tally.sessions == count
        again = campaign.determinism(wish.first, count)
    report = head | {"first_seed": wish.first} | figures(tally, speed)
    report["determinism"] = again
    report["stories"] = [str(path) for path in _stories(wish, tally.findings)]
    return report, is_whole and not tally.findings and not (again and again["different"])


def figures(tally: Tally, speed: Speed) -> Content:
    """Return what sessions came to, for a report."""
    findings = sorted(tally.findings, key=lambda finding: finding.plan.seed)
    return {
        "violations": len(findings),
        "failing": [finding.content() for finding in findings[:MOST_LISTED]],
        **speed.content(tally.sessions),
        "classes": dict(tally.classes),
        "fault_kinds": tally.fault_kinds(),
        "unprotected_seconds": tally.unprotected_seconds(),
        **tally.forced(),
        "missed_goals": tally.missed_goals(),
        "writes": tally.writes,
        "steps": tally.steps,
        "orders": tally.orders,
    }


def _hunt(wish: Wish) -> tuple[Content, bool]:
    bugs = [bug_named(name) for name in wish.only] or list(BUGS)
    seeds, processes = wish.seeds or SEEDS_FOR_A_BUG, wish.processes or os.cpu_count() or 1
    began = time.monotonic()
    hunts = mutants.hunt_all(bugs, wish.first, seeds, processes, _tell, wish.play)
    seconds = round(time.monotonic() - began, 1)
    head = {"run": "mutants", "seeds": seeds, "first_seed": wish.first, "seconds": seconds}
    return head | mutants.report(hunts), mutants.enough_found(hunts)


def _play_one(wish: Wish, file: Path) -> tuple[Content, bool]:
    plan = _plan_in(file)
    with Player(play=wish.play) as player:
        verdict = player.play(plan)
    report: Content = {"run": "plan", "plan": plan_content(plan), **verdict_content(verdict)}
    report["violations"] = len(verdict.violations)
    report["violated"] = [f"{each.code} at {ist_text(each.at)}: {each.message}" for each in verdict.violations]
    findings = [Finding.of(plan, verdict)] if verdict.violations else []
    report["stories"] = [str(path) for path in _stories(wish, findings)]
    return report, not findings


def _plan_in(file: Path) -> Plan:
    """Read a plan that a person or a report wrote. Raises `ConfigurationError`."""
    if file.stat().st_size > _LARGEST_PLAN:
        raise ConfigurationError(f"{file} has {file.stat().st_size} bytes, above the limit of {_LARGEST_PLAN}")
    try:
        return plan_from(json.loads(file.read_text(encoding="utf-8")))
    except (ValueError, RecursionError) as error:
        raise ConfigurationError(f"{file} is not a plan in JSON: {error}") from None


def _stories(wish: Wish, findings: list[Finding]) -> list[Path]:
    """Make the first failing sessions small and write them out, one for each kind of violation first."""
    ordered = sorted(findings, key=lambda finding: finding.plan.seed)
    firsts = {finding.codes[0]: finding for finding in reversed(ordered)}
    chosen = [*firsts.values(), *(finding for finding in ordered if finding not in firsts.values())][:MOST_STORIES]
    paths: list[Path] = []
    for finding in chosen:
        with Player(play=wish.play) as player:
            verdict = player.play(finding.plan)
            if not verdict.violations:
                _tell(f"seed {finding.plan.seed} does not fail when it is played again")
                continue
            shrunk = shrink(finding.plan, verdict, player.play)
        paths.append(write_story(shrunk, wish.failures or FAILURES))
        count = len(shrunk.plan.faults or ())
        _tell(f"seed {shrunk.plan.seed}: {len(verdict.fired)} faults made {count} in {shrunk.plays} plays: {paths[-1]}")
    return paths


def _tell(line: str) -> None:
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()
