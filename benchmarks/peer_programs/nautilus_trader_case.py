"""The case in nautilus_trader: `nautilus_trader_case.py PLAN TRADES netting|hedging` prints one JSON line."""

import json
import sys
import time
from decimal import Decimal

import numpy as np
import pandas as pd
from nautilus_trader.backtest.engine import BacktestEngine, BacktestEngineConfig
from nautilus_trader.config import LoggingConfig, RiskEngineConfig, StrategyConfig
from nautilus_trader.model.currencies import INR
from nautilus_trader.model.data import BarType
from nautilus_trader.model.enums import AccountType, OmsType, OrderSide, OrderType
from nautilus_trader.model.identifiers import InstrumentId, Symbol, Venue
from nautilus_trader.model.instruments import Equity
from nautilus_trader.model.objects import Money, Price, Quantity
from nautilus_trader.persistence.wranglers import BarDataWrangler
from nautilus_trader.trading.strategy import Strategy

MINUTE = 60_000_000_000
PLENTY = 10_000_000.0
"""Volume of every bar: a quarter of it stands behind each of its four prices, and no order is to be filled in parts."""


class PlannedConfig(StrategyConfig, frozen=True):
    instrument_id: InstrumentId
    bar_type: BarType


class Planned(Strategy):
    def __init__(self, config, plan):
        super().__init__(config)
        self.sides = plan["side"].tolist()
        self.stops = plan["stop"].tolist()
        self.targets = plan["target"].tolist()
        self.leaves_next = plan["leaves_next"].tolist()
        self.row = -1
        self.is_open = False
        self.closed = []

    def on_start(self):
        self.subscribe_bars(self.config.bar_type)

    def on_bar(self, bar):
        self.row += 1
        if self.is_open:
            if self.leaves_next[self.row]:
                self.cancel_all_orders(self.config.instrument_id)
                self.close_all_positions(self.config.instrument_id)
            return
        side = self.sides[self.row]
        if side:
            self.submit_order_list(
                self.order_factory.bracket(
                    instrument_id=self.config.instrument_id,
                    order_side=OrderSide.BUY if side > 0 else OrderSide.SELL,
                    quantity=Quantity.from_int(100),
                    entry_order_type=OrderType.MARKET,
                    sl_trigger_price=Price(self.stops[self.row], 2),
                    tp_price=Price(self.targets[self.row], 2),
                    tp_post_only=False,
                )
            )

    def on_position_opened(self, event):
        self.is_open = True

    def on_position_closed(self, event):
        self.is_open = False
        side = 1 if event.entry == OrderSide.BUY else -1
        self.closed.append((event.ts_opened, event.ts_closed, side, event.avg_px_open, event.avg_px_close))


def engine_with(plan, oms_type):
    venue = Venue("NSE")
    instrument_id = InstrumentId(Symbol("SBIN"), venue)
    engine = BacktestEngine(
        BacktestEngineConfig(
            logging=LoggingConfig(bypass_logging=True),
            risk_engine=RiskEngineConfig(bypass=True),
            run_analysis=False,
        )
    )
    engine.add_venue(
        venue=venue,
        oms_type=oms_type,
        account_type=AccountType.MARGIN,
        base_currency=INR,
        starting_balances=[Money(50_000_000, INR)],
        default_leverage=Decimal(1),
    )
    instrument = Equity(
        instrument_id=instrument_id,
        raw_symbol=Symbol("SBIN"),
        currency=INR,
        price_precision=2,
        price_increment=Price.from_str("0.05"),
        lot_size=Quantity.from_int(1),
        maker_fee=Decimal("0.0003"),
        taker_fee=Decimal("0.0003"),
        ts_event=0,
        ts_init=0,
    )
    engine.add_instrument(instrument)
    bar_type = BarType.from_str("SBIN.NSE-1-MINUTE-LAST-EXTERNAL")
    columns = {name: plan[name] for name in ("open", "high", "low", "close")}
    known_at = pd.to_datetime(plan["closed_at"], utc=True)
    frame = pd.DataFrame(columns | {"volume": np.full(len(known_at), PLENTY)}, index=known_at)
    engine.add_data(BarDataWrangler(bar_type, instrument).process(frame))
    strategy = Planned(PlannedConfig(instrument_id=instrument_id, bar_type=bar_type), plan)
    engine.add_strategy(strategy)
    return engine, strategy


def main():
    plan = dict(np.load(sys.argv[1]))
    engine, strategy = engine_with(plan, OmsType.NETTING if sys.argv[3] == "netting" else OmsType.HEDGING)
    wall, processor = time.perf_counter(), time.process_time()
    engine.run()
    processor, wall = time.process_time() - processor, time.perf_counter() - wall
    opened, closed, sides, entry_prices, exit_prices = zip(*strategy.closed, strict=True)
    np.savez(
        sys.argv[2],
        entry_row=np.searchsorted(plan["starts"], opened),
        exit_row=np.searchsorted(plan["closed_at"], closed),
        side=np.array(sides),
        entry_price=np.array(entry_prices),
        exit_price=np.array(exit_prices),
    )
    print(json.dumps({"processor_s": processor, "wall_s": wall}))


if __name__ == "__main__":
    main()
