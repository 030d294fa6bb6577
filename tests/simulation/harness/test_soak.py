"""A long run adds up over its pieces, goes on where it stopped, and never mixes results of different code."""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from core.errors import ConfigurationError, DataError, StorageError
from simulation.campaign import Campaign
from simulation.soak import Crashes, Mutants, Part, Seeds, Soak, code_of

CODE = {"digest": "aa11", "commit": "c0ffee"}
NEVER, ALWAYS = 0.0, float("inf")


@dataclass
class Counting:
    """A part whose work is to count."""

    name: str = "counting"
    goal: int = 25
    piece: int = 10
    asked: list[tuple[int, int]] = field(default_factory=list)
    stops_after: int = 99

    def advance(self, so_far: dict[str, Any], done: int, count: int) -> None:
        if len(self.asked) == self.stops_after:
            raise KeyboardInterrupt
        self.asked.append((done, count))
        so_far["sum"] = so_far.get("sum", 0) + sum(range(done, done + count))

    def lines(self, so_far: dict[str, Any]) -> list[str]:
        return [f"the sum is {so_far['sum']}"]

    def failures(self, so_far: dict[str, Any]) -> list[str]:
        return ["too much"] if so_far["sum"] > 290 else []


def soak(file: Path, *parts: Part, code: dict[str, Any] = CODE) -> Soak:
    opened = Soak(file, code, parts, lambda _line: None)
    opened.open()
    return opened


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "soak.json"


def test_pieces_add_up_to_the_whole(file: Path) -> None:
    part = Counting()
    running = soak(file, part)
    assert running.missing() == ["counting: 0 of 25 done"]
    running.work(ALWAYS)
    assert part.asked == [(0, 10), (10, 10), (20, 5)]
    assert running.missing() == []
    assert running.failures() == ["counting: too much"]
    assert "| counting | 25 | 25 | 0 | 1 |" in file.with_suffix(".md").read_text()
    assert "- the sum is 300" in file.with_suffix(".md").read_text()


def test_a_run_that_was_stopped_goes_on_after_its_last_whole_piece(file: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        soak(file, Counting(stops_after=2)).work(ALWAYS)
    part = Counting()
    again = soak(file, part)
    assert again.missing() == ["counting: 20 of 25 done"]
    again.work(ALWAYS)
    assert part.asked == [(20, 5)]
    assert json.loads(file.read_text())["parts"]["counting"]["sum"] == sum(range(25))


def test_no_piece_begins_when_the_time_is_over(file: Path) -> None:
    part = Counting()
    running = soak(file, part)
    running.work(NEVER)
    running.save()
    assert part.asked == []
    assert "| counting | 0 | 25 | 0 | |" in file.with_suffix(".md").read_text()


def test_results_of_different_code_are_not_added_up(file: Path) -> None:
    soak(file, Counting()).work(ALWAYS)
    before = file.read_bytes()
    with pytest.raises(
        ConfigurationError, match=r"other code \(commit c0ffee, sources aa11; now commit bad, sources bb22"
    ):
        soak(file, Counting(), code={"digest": "bb22", "commit": "bad"})
    assert file.read_bytes() == before
    soak(file, Counting(), code={"digest": "aa11", "commit": "the same sources under another name"})


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"code": 3}'])
def test_a_file_that_is_no_report_is_not_written_over(text: str, file: Path) -> None:
    file.write_text(text)
    with pytest.raises(DataError, match="not a report of ours"):
        soak(file, Counting())
    assert file.read_text() == text


def test_a_report_that_cannot_be_kept_is_told(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("")
    with pytest.raises(StorageError):
        soak(tmp_path / "taken" / "soak.json", Counting()).work(ALWAYS)


def test_any_changed_source_is_other_code(tmp_path: Path) -> None:
    source = tmp_path / "src" / "core" / "tags.py"
    source.parent.mkdir(parents=True)
    source.write_text("a = 1\n")
    before = code_of(tmp_path, "x")
    (tmp_path / "README.md").write_text("words")
    assert code_of(tmp_path, "x") == before
    source.write_text("a = 2\n")
    changed = code_of(tmp_path, "x")
    source.rename(source.with_name("label.py"))
    digests = {code["digest"] for code in (before, changed, code_of(tmp_path, "x"))}
    assert len(digests) == 3


def test_seeds_played_in_pieces_are_the_seeds_played_at_once(file: Path, play: str) -> None:
    campaign = Campaign(2, lambda _line: None, play)
    soak(file, Seeds(8, campaign, piece=3)).work(ALWAYS)
    whole, _ = campaign.seeds(1, 8)
    assert json.loads(file.read_text())["parts"]["seeds"]["tally"] == whole.content()
    assert "sessions a minute on 2 processes" in file.with_suffix(".md").read_text()


def test_a_crash_that_breaks_something_is_a_failure_of_the_soak(file: Path, play: str) -> None:
    running = soak(file, Crashes(2, Campaign(2, lambda _line: None, play)))
    running.work(ALWAYS)
    assert [line.partition(": I2")[0] for line in running.failures()] == [
        "crash_everywhere: seed 1",
        "crash_everywhere: seed 2",
    ]
    assert "26 sessions played" in file.with_suffix(".md").read_text()


@pytest.mark.hazard("V11")
def test_too_few_bugs_found_is_a_failure_of_the_soak(file: Path) -> None:
    part = Mutants(Campaign(1, lambda _line: None), seeds=5)
    so_far = {"found": 18, "hunts": [{}] * 20, "survivors": [{"name": "a", "reason": "b"}] * 2}
    assert part.failures(so_far) == ["18 of 20 planted bugs found, below 95 %"]
    assert part.failures(so_far | {"found": 19}) == []
    assert part.lines(so_far) == ["18 found of 20", "survivor a: b", "survivor a: b"]


def test_bugs_hunted_in_pieces_add_up(file: Path, play: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("simulation.soak.BUGS", Mutants.__init__.__globals__["BUGS"][:3])
    running = soak(file, Mutants(Campaign(2, lambda _line: None, play), seeds=1, piece=2))
    running.work(ALWAYS)
    so_far = json.loads(file.read_text())["parts"]["mutants"]
    assert (so_far["done"], so_far["found"], len(so_far["hunts"]), len(so_far["survivors"])) == (3, 0, 3, 3)
