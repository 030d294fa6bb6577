"""A run of many hours in pieces of minutes: each piece adds to one report, and the next goes on where it stopped.

Only pieces of the same code may be added up: a report that was begun with other sources is refused.
"""

import hashlib
import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from core.errors import ConfigurationError, DataError
from runtime.atomic_files import write_text
from simulation import mutants
from simulation.calibration import Speed
from simulation.campaign import Campaign
from simulation.catalogue import BUGS
from simulation.session_text import Content
from simulation.tally import Tally

Tell = Callable[[str], None]
FIRST_SEED = 1


class Part(Protocol):
    """One kind of work, done in pieces. What it came to so far is plain JSON."""

    @property
    def name(self) -> str:
        """Its key in the report."""
        ...

    @property
    def goal(self) -> int:
        """How much of it there is to do."""
        ...

    @property
    def piece(self) -> int:
        """How much to do before the report is saved: a few minutes' worth."""
        ...

    def advance(self, so_far: Content, done: int, count: int) -> None:
        """Do `count` more after `done`, and add what came of it to `so_far`."""
        ...

    def lines(self, so_far: Content) -> list[str]:
        """Return what there is to say about it."""
        ...

    def failures(self, so_far: Content) -> list[str]:
        """Return a line for each thing that must not be."""
        ...


@dataclass(frozen=True, slots=True)
class Seeds:
    """Sessions by seed."""

    goal: int
    campaign: Campaign
    name: str = "seeds"
    piece: int = 1_000

    def advance(self, so_far: Content, done: int, count: int) -> None:
        """Play the next range of seeds."""
        tally, speed = self.campaign.seeds(FIRST_SEED + done, count)
        _add(so_far, tally, speed)

    def lines(self, so_far: Content) -> list[str]:
        """Say how fast they were and how long positions stood without protection."""
        return [*_speed_lines(so_far), *_protection_lines(Tally.from_content(so_far["tally"]))]

    def failures(self, so_far: Content) -> list[str]:
        """Name each session that violated something."""
        return _finding_lines(so_far)


@dataclass(frozen=True, slots=True)
class Crashes:
    """Sessions with a crash before and after each of their durable writes."""

    goal: int
    campaign: Campaign
    name: str = "crash_everywhere"
    piece: int = 1

    def advance(self, so_far: Content, done: int, count: int) -> None:
        """Crash the next sessions everywhere."""
        tally, speed = self.campaign.crash_everywhere(FIRST_SEED + done, count)
        _add(so_far, tally, speed)

    def lines(self, so_far: Content) -> list[str]:
        """Say how many crashes there were."""
        return [f"{so_far['tally']['sessions']:,} sessions played, {so_far['tally']['writes']:,} durable writes"]

    def failures(self, so_far: Content) -> list[str]:
        """Name each session that violated something."""
        return _finding_lines(so_far)


@dataclass(frozen=True, slots=True)
class Mutants:
    """The planted bugs, in the order of the catalogue."""

    campaign: Campaign
    seeds: int = 2_000
    name: str = "mutants"
    piece: int = 8

    @property
    def goal(self) -> int:
        """All of them."""
        return len(BUGS)

    def advance(self, so_far: Content, done: int, count: int) -> None:
        """Look for the next bugs."""
        campaign, bugs = self.campaign, BUGS[done : done + count]
        hunts = mutants.hunt_all(bugs, FIRST_SEED, self.seeds, campaign.processes, campaign.tell, campaign.play)
        piece = mutants.report(hunts)
        so_far["found"] = so_far.get("found", 0) + piece["found"]
        so_far["survivors"] = [*so_far.get("survivors", []), *piece["survivors"]]
        so_far["hunts"] = [*so_far.get("hunts", []), *piece["hunts"]]

    def lines(self, so_far: Content) -> list[str]:
        """Say how many were found, and name those that were not."""
        survivors = [f"survivor {each['name']}: {each['reason']}" for each in so_far["survivors"]]
        return [f"{so_far['found']} found of {len(so_far['hunts'])}", *survivors]

    def failures(self, so_far: Content) -> list[str]:
        """Complain when too few were found."""
        found, hunted = so_far["found"], len(so_far["hunts"])
        if found * 100 >= mutants.LEAST_FOUND_PERCENT * hunted:
            return []
        return [f"{found} of {hunted} planted bugs found, below {mutants.LEAST_FOUND_PERCENT} %"]


@dataclass(slots=True)
class Soak:
    """The report and how it grows."""

    file: Path
    code: Content
    """What the sources are: `digest` decides, the rest is for people."""
    parts: Sequence[Part]
    tell: Tell
    content: Content = field(default_factory=dict)

    def open(self) -> None:
        """Read the report, or begin one. Raises `ConfigurationError` for one of other code, `DataError` for none."""
        self.content = {"code": self.code, "parts": {}}
        if not self.file.exists():
            return
        try:
            content = json.loads(self.file.read_text(encoding="utf-8"))
            begun_with = content["code"]["digest"]
        except (ValueError, KeyError, TypeError) as error:
            raise DataError(f"{self.file} is not a report of ours ({error!r}); move it away to begin anew") from None
        if begun_with != self.code["digest"]:
            raise ConfigurationError(
                f"{self.file} was begun with other code ({_code_line(content['code'])}; now {_code_line(self.code)}): "
                "results of different code are not added up; check that code out, or move the report away"
            )
        self.content = content

    def work(self, until: float) -> None:
        """Do piece after piece, each part to its end, saving after each; begin none after `until` (monotonic)."""
        for part in self.parts:
            while (done := self.done(part)) < part.goal and time.monotonic() < until:
                count = min(part.piece, part.goal - done)
                self.tell(f"{part.name}: {done:,} of {part.goal:,} done, {count:,} more")
                so_far = self.content["parts"].setdefault(part.name, {"done": 0, "seconds": 0.0})
                began = time.monotonic()
                part.advance(so_far, done, count)
                so_far["done"] = done + count
                so_far["seconds"] = round(so_far["seconds"] + time.monotonic() - began, 1)
                self.save()

    def save(self) -> None:
        """Write the report and its text for people. Raises `StorageError`; then the old ones stand."""
        write_text(self.file, json.dumps(self.content, indent=1) + "\n")
        write_text(self.file.with_suffix(".md"), self.text())

    def done(self, part: Part) -> int:
        """How much of a part is done."""
        so_far = self.content["parts"].get(part.name, {})
        return int(so_far.get("done", 0))

    def missing(self) -> list[str]:
        """Return a line for each part that is not done."""
        dones = ((part, self.done(part)) for part in self.parts)
        return [f"{part.name}: {done:,} of {part.goal:,} done" for part, done in dones if done < part.goal]

    def failures(self) -> list[str]:
        """Return a line for each thing that went wrong."""
        begun = ((part, self.content["parts"].get(part.name)) for part in self.parts)
        return [f"{part.name}: {line}" for part, so_far in begun if so_far for line in part.failures(so_far)]

    def text(self) -> str:
        """Return the report for people, in Markdown."""
        lines = ["# Soak", "", f"Code: {_code_line(self.code)}. Made by `make soak`, in pieces.", ""]
        lines += ["| part | done | goal | minutes | wrong |", "|---|---|---|---|---|"]
        details: list[str] = []
        for part in self.parts:
            so_far: Any = self.content["parts"].get(part.name)
            if not so_far:
                lines.append(f"| {part.name} | 0 | {part.goal:,} | 0 | |")
                continue
            wrong, minutes = part.failures(so_far), so_far["seconds"] / 60
            lines.append(f"| {part.name} | {so_far['done']:,} | {part.goal:,} | {minutes:.0f} | {len(wrong)} |")
            details += ["", f"## {part.name}", "", *[f"- {line}" for line in (*part.lines(so_far), *wrong)]]
        return "\n".join([*lines, *details]) + "\n"


def code_of(root: Path, commit: str) -> Content:
    """Return what the sources under a folder are: a digest over every file of Python, and the commit for people."""
    digest = hashlib.sha256()
    for path in sorted((root / "src").rglob("*.py")):
        digest.update(f"{path.relative_to(root).as_posix()}\0".encode())
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return {"digest": digest.hexdigest(), "commit": commit}


def _code_line(known: Content) -> str:
    return f"commit {known.get('commit') or 'unknown'}, sources {str(known['digest'])[:12]}"


def _add(so_far: Content, tally: Tally, speed: Speed) -> None:
    whole = Tally.from_content(so_far["tally"]) if "tally" in so_far else Tally()
    whole.merge(tally)
    so_far["tally"] = whole.content()
    so_far["playing_seconds"] = so_far.get("playing_seconds", 0.0) + speed.seconds
    so_far["processor_seconds"] = so_far.get("processor_seconds", 0.0) + speed.processor_seconds
    so_far["processes"] = speed.processes
    so_far["loops"] = [*so_far.get("loops", []), *(round(loop, 4) for loop in speed.loops)]


def _speed_lines(so_far: Content) -> list[str]:
    whole = Speed(so_far["processes"], so_far["playing_seconds"], so_far["processor_seconds"], so_far["loops"])
    speed = whole.content(so_far["tally"]["sessions"])
    rate = f"{speed['sessions_per_minute']:,.0f} sessions a minute on {speed['processes']} processes"
    return [f"{rate}, {speed['calibration_ratio']:g} a calibration loop"]


def _protection_lines(tally: Tally) -> list[str]:
    times = {name: each for name, each in tally.unprotected_seconds().items() if each["count"]}
    return [
        f"without protection, {name}: {each['p50']:g} s median, {each['p99']:g} s for 99 of 100, {each['max']:g} s most"
        for name, each in times.items()
    ]


def _finding_lines(so_far: Content) -> list[str]:
    findings = Tally.from_content(so_far["tally"]).findings
    return [f"seed {each.plan.seed}: {', '.join(each.codes)}: {each.message}" for each in findings]
