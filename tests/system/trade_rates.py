"""How often connectord knows a stream to have trades, and so from which silence on it is stale: reckoned as it does it (connectord/health/trade_rate.h), from
when it received them. On a busy machine many trades come at once, and are one arrival: neither a time nor a number of trades shows that a rate is known."""

import datetime
import math

BURST_S, LEARN, MEMORY = 0.05, 20, 32


class TradeRate:
    def __init__(self, probability=1e-6):
        self.probability, self.count, self.mean, self.last = probability, 0, 0.0, None

    def take(self, *trades):
        for trade in trades:
            at = datetime.datetime.fromisoformat(trade["received"]).timestamp()
            interval = at - self.last if self.last else 0.0
            if self.last and interval < BURST_S:
                continue
            if self.last:
                self.count += 1
                self.mean += (interval - self.mean) / min(self.count, MEMORY)
            self.last = at
        return self

    def stale_within(self, seconds):
        """Is it known by now, with something to spare, and would no longer a silence be stale?"""
        return self.count > LEARN + 2 and -math.log(self.probability) * self.mean < seconds
