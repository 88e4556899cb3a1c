"""The bookkeeping of who follows streams: where each was left, and whether anything was missed or came twice."""


class Streams:
    """By symbol and source: the cursor of the last trade. Counts what does not join on to it."""

    def __init__(self):
        self.last = {}
        self.trades = self.missed = self.doubled = self.new_epochs = 0

    def since(self, symbol):
        """What to subscribe with, to go on where the symbol's streams were left."""
        return {source: f"{epoch}-{seq}" for (name, source), (epoch, seq) in self.last.items() if name == symbol}

    def begin(self, symbol, cursors):
        """The places behind which updates begin, as subscribe's answer tells; streams that are known keep theirs."""
        for source, place in cursors.items():
            epoch, _, seq = place.partition("-")
            self.last.setdefault((symbol, source), (int(epoch), int(seq)))

    def skip(self, gap):
        """trades.gap: what it names can't be had. Returns how many those are, or None when nobody knows."""
        epoch, _, seq = gap["to"].partition("-")
        self.last[gap["symbol"], gap["source"]] = int(epoch), int(seq)
        if gap.get("missing") is None:
            self.new_epochs += 1
            return None
        self.missed += gap["missing"]
        return gap["missing"]

    def take(self, trade):
        """False for a trade that was there already."""
        stream, place = (trade["symbol"], trade["source"]), (trade["epoch"], trade["seq"])
        last = self.last.get(stream)
        if last and place <= last:
            self.doubled += 1
            return False
        if last and place[0] == last[0]:
            self.missed += place[1] - last[1] - 1
        elif last:
            self.new_epochs += 1
        self.last[stream] = place
        self.trades += 1
        return True

    def whole(self):
        return not (self.missed or self.doubled or self.new_epochs)
