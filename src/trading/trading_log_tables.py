"""The tables of the trading log and every statement that touches them; `docs/trading-log.md` says what they mean.

Money and prices are paise. An instant stands twice: in nanoseconds, and as ISO text in Indian time.
"""

LAYOUT = 1
"""Version of the tables; kept in the file's own header."""

_WHOSE = """
    log TEXT NOT NULL,
    seq INTEGER NOT NULL,
    mode TEXT NOT NULL,
    boot INTEGER NOT NULL,
    run_id TEXT NOT NULL,
    day TEXT"""

SCHEMA = (
    """CREATE TABLE progress (
    log TEXT PRIMARY KEY,
    mode TEXT NOT NULL,
    seq INTEGER NOT NULL,
    hash BLOB NOT NULL,
    at INTEGER,
    time TEXT,
    core TEXT,
    fold TEXT
) STRICT""",
    f"""CREATE TABLE live_paper_trades ({_WHOSE},
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
    PRIMARY KEY (log, seq)
) STRICT""",
    f"""CREATE TABLE pt_portfolio_log ({_WHOSE},
    at INTEGER NOT NULL,
    time TEXT NOT NULL,
    realised_paise INTEGER NOT NULL,
    level TEXT NOT NULL,
    positions INTEGER NOT NULL,
    unprotected INTEGER NOT NULL,
    trades INTEGER NOT NULL,
    PRIMARY KEY (log, seq)
) STRICT""",
    """CREATE TABLE live_positions (
    log TEXT NOT NULL,
    mode TEXT NOT NULL,
    symbol TEXT NOT NULL,
    side TEXT NOT NULL,
    quantity INTEGER NOT NULL,
    entry_at INTEGER NOT NULL,
    entry_time TEXT NOT NULL,
    entry_price_paise REAL,
    stop_paise INTEGER NOT NULL,
    target_paise INTEGER NOT NULL,
    is_protected INTEGER NOT NULL,
    unprotected_at INTEGER,
    unprotected_time TEXT,
    exit_reason TEXT NOT NULL,
    exit_order TEXT,
    PRIMARY KEY (log, symbol)
) STRICT""",
    f"""CREATE TABLE live_pt_debug_log ({_WHOSE},
    at INTEGER NOT NULL,
    time TEXT NOT NULL,
    symbol TEXT NOT NULL,
    candle_at INTEGER,
    candle_time TEXT,
    direction TEXT,
    probability REAL,
    source TEXT,
    reason TEXT,
    atr_paise REAL,
    features TEXT,
    verdict TEXT NOT NULL,
    code TEXT,
    detail TEXT,
    tag TEXT,
    PRIMARY KEY (log, seq)
) STRICT""",
    "CREATE INDEX debug_by_symbol ON live_pt_debug_log (log, symbol, seq)",
)

SELECT_PROGRESS = "SELECT seq, hash, core, fold FROM progress WHERE log = :log"
SAVE_PROGRESS = """
INSERT INTO progress VALUES (:log, :mode, :seq, :hash, :happened_at, :happened_time, :core, :fold)
ON CONFLICT (log) DO UPDATE SET
    mode = excluded.mode, seq = excluded.seq, hash = excluded.hash,
    at = coalesce(excluded.at, at), time = coalesce(excluded.time, time),
    core = coalesce(excluded.core, core), fold = coalesce(excluded.fold, fold)
"""
INSERT_TRADE = """
INSERT INTO live_paper_trades VALUES (:log, :seq, :mode, :boot, :run_id, :day, :symbol, :side, :quantity,
    :entry_at, :entry_time, :entry_price_paise, :entry_value_paise,
    :exit_at, :exit_time, :exit_price_paise, :exit_value_paise,
    :gross_paise, :charges_paise, :net_paise, :reason, :stop_paise, :target_paise, :probability)
"""
INSERT_PORTFOLIO = """
INSERT INTO pt_portfolio_log VALUES (:log, :seq, :mode, :boot, :run_id, :day, :happened_at, :happened_time,
    :realised_paise, :level, :positions, :unprotected, :trades)
"""
INSERT_POSITION = """
INSERT INTO live_positions VALUES (:log, :mode, :symbol, :side, :quantity, :entry_at, :entry_time, :entry_price_paise,
    :stop_paise, :target_paise, :is_protected, :unprotected_at, :unprotected_time, :exit_reason, :exit_order)
"""
INSERT_SIGNAL = """
INSERT INTO live_pt_debug_log VALUES (:log, :seq, :mode, :boot, :run_id, :day, :decided_at, :decided_time, :symbol,
    :candle_at, :candle_time, :direction, :probability, :source, :reason, :atr_paise, :features, :verdict,
    NULL, NULL, NULL)
"""
SETTLE_SIGNAL = """
UPDATE live_pt_debug_log SET verdict = :verdict, code = :code, detail = :detail, tag = :tag
WHERE log = :log AND seq = (
    SELECT max(seq) FROM live_pt_debug_log
    WHERE log = :log AND symbol = :symbol AND direction IN ('LONG', 'SHORT')
)
"""
DELETE_POSITIONS = "DELETE FROM live_positions WHERE log = :log"
DELETE_POSITIONS_OF_OTHER_LOGS = "DELETE FROM live_positions WHERE log <> :log AND mode = :mode"
DELETE_LOG = (
    "DELETE FROM live_paper_trades WHERE log = :log",
    "DELETE FROM pt_portfolio_log WHERE log = :log",
    "DELETE FROM live_pt_debug_log WHERE log = :log",
    DELETE_POSITIONS,
    "DELETE FROM progress WHERE log = :log",
)
