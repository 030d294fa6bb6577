"""What there is to earn in the generated market: one plain rule, with the planted edge and without it.

The rule goes with a move of three average true ranges in six five-minute candles, at the close of the candle; stop at
2 ranges, target at 3, out five candles before the close. Prints one JSON line; gains are gross shares of turnover.
"""

import json
import sys
from datetime import date, time
from itertools import groupby

import numpy as np

from core.exits import decide, levels
from core.instants import instant_at, ist_date
from core.market import Candle, Timeframe
from market_data.calendar import NseCalendar
from simulator.generator import GeneratedMarket
from simulator.price_chain import NO_EDGE, PlantedEdge

SEED = 7
FIRST, LAST = date(2025, 1, 15), date(2026, 1, 6)
SYMBOLS = ("NSE:SBIN-EQ", "NSE:RELIANCE-EQ", "NSE:INFY-EQ")
CANDLES, WARM_UP, LAST_ENTRY, OUT = 75, 14, 64, 71
"""Of the session's candles: how many, the first and last that may signal, and those a position may see."""
CHARGES = 0.001
"""A round trip at FYERS, as a share of turnover."""


def gains_of(market: GeneratedMarket, symbol: str) -> tuple[list[float], int]:
    """Return the gain of each trade, and the number of sessions."""
    start, end = instant_at(FIRST, time()), instant_at(LAST, time(16))
    candles, tick = market.candles(symbol, Timeframe.M5, start, end, end), market.instruments[symbol].tick
    gains: list[float] = []
    days = [list(rows) for _, rows in groupby(candles, key=lambda candle: ist_date(candle.start))]
    for day in (rows[:OUT] for rows in days if len(rows) == CANDLES):  # without the hour of Diwali
        place = WARM_UP
        while place < LAST_ENTRY:
            side, atr = signal(day, place)
            if side:
                entry = day[place].close
                price, place = walk(day, place, side, levels(side, entry, atr, 2.0, 3.0, tick))
                gains.append(side * (price - entry) / entry)
            place += 1
    return gains, len(days)


def signal(day: list[Candle], place: int) -> tuple[int, float]:
    atr = float(np.mean([candle.high - candle.low for candle in day[place - 13 : place + 1]]))
    move = day[place].close - day[place - 6].close
    return (int(np.sign(move)) if abs(move) > 3 * atr else 0), atr


def walk(day: list[Candle], place: int, side: int, exits: tuple[int, int]) -> tuple[int, int]:
    reason = price = 0
    while not reason:  # the last candle of the day squares off
        place += 1
        bar = day[place]
        reason, price = decide(side, *exits, bar.open, bar.high, bar.low, place == len(day) - 1)
    return price, place


def measured(edge: PlantedEdge) -> dict[str, float]:
    market = GeneratedMarket(NseCalendar(), SEED, SYMBOLS, edge=edge)
    played = [gains_of(market, symbol) for symbol in SYMBOLS]
    gains = np.array([gain for found, _ in played for gain in found])
    return {
        "trades": len(gains),
        "win_rate": round(float(np.mean(gains > 0)), 3),
        "gain_percent": round(100 * float(np.mean(gains)), 3),
        "sessions": played[0][1],
    }


def main() -> None:
    planted, nothing = measured(PlantedEdge()), measured(NO_EDGE)
    holds = nothing["gain_percent"] < 50 * CHARGES < 100 * CHARGES < planted["gain_percent"]
    result = {"benchmark": "planted_edge", "seed": SEED, "planted": planted, "none": nothing, "holds": bool(holds)}
    print(json.dumps(result))
    sys.exit(not result["holds"])


if __name__ == "__main__":
    main()
