import re
from dataclasses import replace
from html.parser import HTMLParser
from xml.etree import ElementTree

import numpy as np
import pytest

from training.baselines import rule_baseline, verdict
from training.card_drawings import reliability_drawing
from training.class_balance import ClassBalance
from training.estimators import Logistic
from training.evaluation import evaluate, finish
from training.folds import WalkForward
from training.importance import permutation_importance
from training.model_card import ModelCard
from training.out_of_fold import Candidate
from training.scoring import Reliability
from training.threshold import NEVER
from training.trials import count_trials

from .invented_rows import rows_of_market


class Balance(HTMLParser):
    """Notices a tag that is not closed where it should be."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []

    def handle_starttag(self, tag, attrs) -> None:
        if tag not in {"meta", "br"}:
            self.open.append(tag)

    def handle_endtag(self, tag) -> None:
        assert self.open.pop() == tag


def card_of(edge: float) -> ModelCard:
    rows = rows_of_market(11, symbols=2, edge=edge)
    folds = WalkForward(folds=4).split(rows.closed_at, rows.resolved_at)
    candidates = evaluate(rows, folds, [Candidate(Logistic()), Candidate(Logistic(freedom=0.001), calibration=None)])
    best = candidates[0]
    return ModelCard(
        name="sbin",
        facts={"Data": "invented", "Rows": f"{len(rows):,}"},
        balance=ClassBalance.of(rows.directions),
        evaluation=best,
        candidates=candidates,
        chosen=finish(rows, best).chosen,
        verdict=verdict(best, [rule_baseline("a <rule>", rows, best.rows, rows.directions * 0 + 1)]),
        trials=count_trials(best, candidates),
        importance=permutation_importance(rows, best, ("edge", "one", "two", "<three>")),
    )


@pytest.fixture(scope="module")
def card():
    return card_of(edge=2.0)


@pytest.fixture(scope="module")
def page(card):
    return card.page()


def test_the_page_loads_nothing_and_runs_nothing(page):
    assert re.findall(r"""(?:src|href|url|import)\s*[=(]|https?:|<script""", page) == []


def test_every_tag_is_closed_in_its_place(page):
    balance = Balance()
    balance.feed(page)
    assert balance.open == []


def test_every_drawing_is_well_formed_and_has_no_pixel_that_is_no_number(page):
    drawings = re.findall(r"<svg.*?</svg>", page)
    assert len(drawings) == 1 + 2 + 8 + 4  # equity, calibration of two sides, classes of four folds twice, importance
    for each in drawings:
        ElementTree.fromstring(each)
        assert "nan" not in each
        assert "inf" not in each


def test_the_page_shows_every_part_and_its_figures(card, page):
    for title in (
        "Earned out of fold, in rupees",
        "Folds",
        "Baselines",
        "Skill or luck",
        "Calibration",
        "Confusion",
        "Importance",
    ):
        assert f"<h2>{title}</h2>" in page
    assert f"{card.evaluation.trades:,}" in page
    assert "What was tried" in page
    assert "calibrates" in page


def test_what_others_wrote_is_escaped(page):
    assert "a <rule>" not in page
    assert "<three>" not in page


def test_the_same_training_gives_the_same_page(page):
    assert card_of(edge=2.0).page() == page


@pytest.fixture(scope="module")
def idle():
    """The card of a model that found nothing, so that no fold was traded."""
    card = card_of(edge=0.0)
    assert card.evaluation.trades == 0
    return replace(card, chosen=replace(card.chosen, threshold=NEVER))


def test_a_model_that_found_nothing_says_so_on_top(idle):
    page = idle.page()

    assert "this model never acts" in page
    assert "does not beat its baselines" in page


def test_where_nothing_was_traded_no_line_is_drawn(idle):
    page = idle.page()

    assert "No trade was made in the judged folds." in page
    assert "Equity through the folds" not in page


def test_a_threshold_that_no_fold_tried_is_warned_of(card, idle):
    warning = "no trade was judged"

    assert warning in replace(idle, chosen=replace(idle.chosen, threshold=0.5)).page()
    assert warning not in idle.page()
    assert warning not in card.page()


def test_a_chance_is_not_rounded_up_to_certainty(card):
    page = replace(card, trials=replace(card.trials, deflated=0.99996)).page()

    assert '<b class="">0.999</b>' in page


def test_a_fold_that_knows_less_than_the_shares_of_the_classes_is_red(card, idle):
    def looks(one):
        return re.findall(r'<td class="n (gain|pain)">\d\.\d{4}</td>', one.page())

    assert looks(card) == ["gain"] * 3
    assert looks(idle) == [
        "gain" if each.after.log_loss < each.shares_log_loss else "pain" for each in idle.evaluation.judged
    ]
    assert "pain" in looks(idle)


def test_the_calibration_is_drawn_where_its_points_are():
    curve = Reliability(np.array([0.3, 0.4]), np.array([0.35, 0.38]), np.array([50, 50]))
    drawing = ElementTree.fromstring(reliability_drawing(curve, curve, "Calibration"))
    places = [float(each.get("cx")) for each in drawing.iter("circle")]

    assert max(places) - min(places) > 250  # of the 288 pixels between the axis and the right edge
