"""A whole symbol master of 100,000 contracts read, kept, and asked as of a date.

The contracts are made up in the two layouts that FYERS publishes; where NSE_DATA_DIR names recorded masters, the one of
the cash market of 2025 is read too and reported. Seconds are of the processor; memory is the
peak of a process that does nothing but read. Prints one JSON line.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from market_data.symbols.master_file import read_master
from market_data.symbols.parquet_symbols import ParquetSymbolArchive
from market_data.symbols.symbol_archive import instrument

CONTRACTS = 100_000
LOOKUPS = 20_000
FIRST = date(2026, 1, 5)
REAL = "symbol_master/fyers_NSE_CM_2025-11-10.csv.gz"
READ = (
    "import resource, sys; from pathlib import Path; from market_data.symbols.master_file import read_master; "
    "read_master(Path(sys.argv[1])); print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)"
)
GOAL_READ_S = 3.0
GOAL_LOOKUPS = 10_000


def write_masters(folder: Path) -> tuple[Path, Path]:
    """Write the same contracts as CSV and as JSON."""
    csv, document = folder / "NSE_FO.csv", folder / "NSE_FO_sym_master.json"
    rows, entries = [], {}
    for number in range(CONTRACTS):
        share, strike, option = number // 400, 100 + number % 400 // 2 * 5, ("CE", "PE")[number % 2]
        symbol, token = f"NSE:SHARE{share}26JAN{strike}{option}", f"101126012{700_000 + number}"
        name = f"SHARE{share} 27 Jan 26 {strike} {option}"
        rows.append(
            f"{token},{name},15,500,0.05,,0915-1530|1815-1915:,2026-01-05,1769508000,{symbol},10,11,{number},"
            f"SHARE{share},{share},{strike}.0,{option},1010000000{share + 1},None,0,0.0\n"
        )
        entries[symbol] = {
            "fyToken": token, "symDetails": name, "symTicker": symbol, "exInstType": 15, "minLotSize": 500,
            "tickSize": 0.05, "qtyFreeze": "20000", "tradingSession": "0915-1530|1815-1915:", "isin": "",
            "lastUpdate": "2026-01-05", "expiryDate": "1769508000", "strikePrice": float(strike), "optType": option,
            "underSym": f"SHARE{share}", "underFyTok": f"1010000000{share + 1}", "upperPrice": 12.5, "lowerPrice": 0.05,
            "previousClose": 3.4, "exchange": 10, "segment": 11, "tradeStatus": 1, "stream": "", "is_mtf_tradable": 0,
        }  # fmt: skip
    csv.write_text("".join(rows))
    document.write_text(json.dumps(entries))
    return csv, document


def timed(work: Callable[[], Any]) -> tuple[float, Any]:
    began = time.process_time()
    answer = work()
    return time.process_time() - began, answer


def peak_megabytes(path: Path) -> float:
    """Return the peak memory of a process that reads a file and does nothing else."""
    ran = subprocess.run([sys.executable, "-c", READ, str(path)], stdout=subprocess.PIPE, text=True, check=True)
    return float(ran.stdout)


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        csv, document = write_masters(folder)
        csv_s, file = timed(lambda: read_master(csv))
        json_s, _ = timed(lambda: read_master(document))
        peak_mb = max(peak_megabytes(path) for path in (csv, document))
        archive = ParquetSymbolArchive(folder)
        first_put_s, _ = timed(lambda: archive.put("NSE_FO", FIRST, file.table))
        next_put_s, _ = timed(lambda: archive.put("NSE_FO", FIRST + timedelta(days=1), file.table))
        symbols = file.table["symbol"].to_pylist()
        asked = [symbols[number * 7_919 % len(symbols)] for number in range(LOOKUPS)]
        as_of = FIRST + timedelta(days=300)
        fresh = ParquetSymbolArchive(folder)
        first_s, _ = timed(lambda: instrument(fresh, asked[0], as_of))
        lookups_s, _ = timed(lambda: [instrument(fresh, symbol, as_of) for symbol in asked])
    result = {
        "benchmark": "symbol_master",
        "contracts": CONTRACTS,
        "csv_s": round(csv_s, 2),
        "json_s": round(json_s, 2),
        "peak_mb": round(peak_mb),
        "first_put_s": round(first_put_s, 2),
        "next_put_s": round(next_put_s, 2),
        "first_lookup_ms": round(first_s * 1e3),
        "lookups_per_second": round(LOOKUPS / lookups_s),
        "goal_read_s": GOAL_READ_S,
        "goal_lookups_per_second": GOAL_LOOKUPS,
        "holds": max(csv_s, json_s) <= GOAL_READ_S and LOOKUPS / lookups_s >= GOAL_LOOKUPS,
    }
    real = Path(os.environ.get("NSE_DATA_DIR", "")) / REAL
    if real.is_file():
        seconds, file = timed(lambda: read_master(real))
        result |= {"recorded_contracts": file.table.num_rows, "recorded_ms": round(seconds * 1e3)}
    print(json.dumps(result))
    sys.exit(not result["holds"])


if __name__ == "__main__":
    main()
