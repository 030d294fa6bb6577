"""How the candles made of prices compare with the broker's, for the day's report and for `status`."""

from typing import Any

from core.candle_quality import CandleQuality
from core.instants import ist_text


def candle_data(quality: CandleQuality) -> dict[str, Any] | None:
    """Return the figures for programs, prices in rupees and volumes as shares; None where no candle was made."""
    if not quality.built and not quality.doubted:
        return None
    worst = quality.worst
    return {
        "built": quality.built,
        "left_to_history": quality.doubted,
        "late_prices": quality.late,
        "compared": quality.compared,
        "identical": quality.identical,
        "prices_within_tick": quality.within_tick,
        "median_volume_difference": quality.median_volume_difference,
        "worst_volume_difference": quality.worst_volume_difference,
        "worst_price_difference": worst
        and {"symbol": worst.symbol, "candle": ist_text(worst.start), "rupees": worst.units / 100},
    }


def candle_line(quality: CandleQuality) -> str:
    """Return the same in one line for people; empty where no candle was made."""
    data = candle_data(quality)
    if data is None:
        return ""
    told = f"Candles from prices: {data['built']:,} built, {data['left_to_history']:,} left to history"
    if not data["compared"]:
        return f"{told}, none compared yet"
    worst = data["worst_price_difference"]
    furthest = f", worst {worst['rupees']:.2f} rupees ({worst['symbol']} {worst['candle']})" if worst else ""
    return (
        f"{told}; of {data['compared']:,} compared {data['identical']:,} identical, {data['prices_within_tick']:,} "
        f"within a tick{furthest}; volume off by {data['median_volume_difference']:.2%} in the median, "
        f"{data['worst_volume_difference']:.2%} at worst"
    )
