"""The tables of kept backtests and every statement that touches them; `docs/reports.md` says what they mean.

Money and prices are paise. An instant stands twice: in nanoseconds, and as ISO text in Indian time.
"""

LAYOUT = 1
"""Version of these tables, in a table of its own: the file's header has that of the event log's tables."""

SCHEMA = (
    "CREATE TABLE backtest_layout (version INTEGER NOT NULL) STRICT",
    """CREATE TABLE backtest_runs (
    run_id TEXT PRIMARY KEY,
    started_at INTEGER NOT NULL,
    started_time TEXT NOT NULL,
    strategy TEXT NOT NULL,
    parameters TEXT NOT NULL,
    symbols TEXT NOT NULL,
    timeframe TEXT NOT NULL,
    mode TEXT NOT NULL,
    engine TEXT NOT NULL,
    first_at INTEGER NOT NULL,
    first_time TEXT,
    last_at INTEGER NOT NULL,
    last_time TEXT,
    capital_paise INTEGER NOT NULL,
    assumptions TEXT NOT NULL,
    config_hash TEXT NOT NULL,
    data_hash TEXT NOT NULL,
    code_version TEXT NOT NULL,
    trades INTEGER NOT NULL,
    net_paise INTEGER NOT NULL,
    charges_paise INTEGER NOT NULL,
    charges TEXT NOT NULL,
    refusals TEXT NOT NULL,
    notes TEXT NOT NULL,
    candles INTEGER NOT NULL,
    seconds REAL NOT NULL,
    curve BLOB NOT NULL
) STRICT""",
    """CREATE TABLE backtest_trades (
    run_id TEXT NOT NULL REFERENCES backtest_runs (run_id),
    number INTEGER NOT NULL,
    day TEXT NOT NULL,
    symbol TEXT NOT NULL,
    side TEXT NOT NULL,
    quantity INTEGER NOT NULL,
    entry_at INTEGER NOT NULL,
    entry_time TEXT NOT NULL,
    entry_price_paise REAL NOT NULL,
    entry_value_paise INTEGER NOT NULL,
    exit_at INTEGER NOT NULL,
    exit_time TEXT NOT NULL,
    exit_price_paise REAL NOT NULL,
    exit_value_paise INTEGER NOT NULL,
    gross_paise INTEGER NOT NULL,
    charges_paise INTEGER NOT NULL,
    net_paise INTEGER NOT NULL,
    reason TEXT NOT NULL,
    stop_paise INTEGER NOT NULL,
    target_paise INTEGER NOT NULL,
    probability REAL NOT NULL,
    PRIMARY KEY (run_id, number)
) STRICT""",
    """CREATE TABLE bt_portfolio_log (
    run_id TEXT NOT NULL REFERENCES backtest_runs (run_id),
    day TEXT NOT NULL,
    at INTEGER NOT NULL,
    time TEXT NOT NULL,
    equity_paise INTEGER NOT NULL,
    profit_paise INTEGER NOT NULL,
    exposure_paise INTEGER NOT NULL,
    PRIMARY KEY (run_id, day)
) STRICT""",
    """CREATE TABLE backtest_markets (
    run_id TEXT NOT NULL REFERENCES backtest_runs (run_id),
    place INTEGER NOT NULL,
    symbol TEXT NOT NULL,
    first_close_paise INTEGER NOT NULL,
    last_close_paise INTEGER NOT NULL,
    drawn BLOB NOT NULL,
    PRIMARY KEY (run_id, place)
) STRICT""",
)

INSERT_RUN = """
INSERT INTO backtest_runs VALUES (:run_id, :started_at, :started_time, :strategy, :parameters, :symbols, :timeframe,
    :mode, :engine, :first_at, :first_time, :last_at, :last_time, :capital_paise, :assumptions, :config_hash,
    :data_hash, :code_version, :trades, :net_paise, :charges_paise, :charges, :refusals, :notes, :candles, :seconds,
    :curve)
"""
INSERT_TRADE = "INSERT INTO backtest_trades VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)"
"""By place, not by name: of tens of thousands of rows the names took as long as the rest."""
INSERT_DAY = """
INSERT INTO bt_portfolio_log VALUES (:run_id, :day, :close_at, :close_time, :equity_paise, :profit_paise,
    :exposure_paise)
"""
INSERT_MARKET = """
INSERT INTO backtest_markets VALUES (:run_id, :place, :symbol, :first_close_paise, :last_close_paise, :drawn)
"""
HAS_TABLES = "SELECT count(*) FROM sqlite_schema WHERE name = 'backtest_layout'"
SELECT_LAYOUT = "SELECT version FROM backtest_layout"
INSERT_LAYOUT = "INSERT INTO backtest_layout VALUES (:version)"
HAS_RUN = "SELECT count(*) FROM backtest_runs WHERE run_id = :run_id"
SELECT_RUN = "SELECT * FROM backtest_runs WHERE run_id = :run_id"
SELECT_RUNS = """
SELECT run_id, started_at, strategy, symbols, timeframe, mode, engine, first_at, last_at, capital_paise, trades,
    net_paise, charges_paise
FROM backtest_runs ORDER BY started_at, run_id
"""
SELECT_TRADES = """
SELECT symbol, side, quantity, entry_at, entry_value_paise, exit_at, exit_value_paise, reason, charges_paise,
    stop_paise, target_paise, probability
FROM backtest_trades WHERE run_id = :run_id ORDER BY number
"""
SELECT_MARKETS = """
SELECT symbol, first_close_paise, last_close_paise, drawn
FROM backtest_markets WHERE run_id = :run_id ORDER BY place
"""
