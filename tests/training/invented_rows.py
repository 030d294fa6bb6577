"""Rows to learn from, made in milliseconds: a random walk, with as much of an edge as is asked for."""

import numpy as np

from core.instants import DAY, HOUR, MINUTE
from training.dataset import Dataset

MONDAY = 1_735_525_800 * 10**9
"""2024-12-30 08:00 in India."""
STEP = 5 * MINUTE
HELD = 4


def rows_of_market(
    seed: int,
    *,
    sessions: int = 40,
    rows: int = 25,
    symbols: int = 1,
    features: int = 4,
    edge: float = 0.0,
    cost: int = 60,
) -> Dataset:
    """Return rows of a market whose next step follows feature 0 as strongly as `edge` says, 0 for not at all.

    A position is held for four rows or to the end of the session. It costs `cost` units; a step moves it by 50 or so.
    """
    chance = np.random.default_rng(seed)
    parts = []
    for symbol in range(symbols):
        for session in range(sessions):
            moves = 50 * chance.standard_normal(rows)
            known = chance.standard_normal((rows, features))
            if edge:
                moves[1:] += 50 * edge * known[:-1, 0]
            price = np.cumsum(moves)
            ends = np.minimum(np.arange(rows) + HELD, rows)
            gained = np.append(price, price[-1])[ends] - price
            closed = MONDAY + (session // 5 * 7 + session % 5) * DAY + HOUR + STEP * np.arange(1, rows + 1)
            parts.append((known, gained, closed, closed + STEP * (ends - np.arange(rows)), np.full(rows, symbol)))
    known, gained, closed, resolved, places = (np.concatenate(each) for each in zip(*parts, strict=True))
    order = np.argsort(closed, kind="stable")
    return dataset_of(known[order], gained[order], closed[order], resolved[order], places[order], cost)


def dataset_of(features, gained, closed, resolved, symbols, cost=60) -> Dataset:
    net = np.stack([gained - cost, -gained - cost], axis=1).astype(np.int64)
    directions = np.where(net.max(axis=1) <= 0, 0, np.where(net[:, 0] >= net[:, 1], 1, 2))
    return Dataset(
        features=features,
        directions=directions.astype(np.int64),
        symbols=symbols.astype(np.int64),
        closed_at=closed.astype(np.int64),
        resolved_at=resolved.astype(np.int64),
        net=net,
        free_at=np.stack([resolved, resolved], axis=1).astype(np.int64),
    )
