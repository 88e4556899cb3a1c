"""The bookkeeping of who follows streams: where each was left, and whether anything was missed or came twice."""


from .record import key_of


class Streams:
    """By symbol (or key) and source: the cursor of the last record. Counts what does not join on to it."""

    def __init__(self):
        self.last = {}
        self.latest = False  # only the newest matters: whatever was skipped is not missed
        self.records = self.missed = self.doubled = self.new_epochs = 0

    def since(self, symbol):
        """What to subscribe with, to go on where the symbol's streams were left."""
        return {source: f"{epoch}-{seq}" for (name, source), (epoch, seq) in self.last.items() if name == symbol}

    def begin(self, symbol, cursors):
        """The places behind which updates begin, as subscribe's answer tells; streams that are known keep theirs."""
        for source, place in cursors.items():
            epoch, _, seq = place.partition("-")
            self.last.setdefault((symbol, source), (int(epoch), int(seq)))

    def skip(self, gap):
        """trades.gap: what it names can't be had. Returns how many those are, or None when nobody knows. What the exchange has not given was never in the stream."""
        if "upstream" in gap:
            return gap.get("missing")
        epoch, _, seq = gap["to"].partition("-")
        self.last[gap["symbol"], gap["source"]] = int(epoch), int(seq)
        if gap.get("missing") is None:
            self.new_epochs += 1
            return None
        self.missed += gap["missing"]
        return gap["missing"]

    def take(self, record):
        """False for a record that was there already."""
        stream, place = (key_of(record), record["source"]), (record["epoch"], record["seq"])
        last = self.last.get(stream)
        if last and not self.latest:
            self.judge(last, place)
        if last and place <= last:
            return False
        self.last[stream] = place
        self.records += 1
        return True

    def judge(self, last, place):
        """Of records that all matter."""
        if place <= last:
            self.doubled += 1
        elif place[0] == last[0]:
            self.missed += place[1] - last[1] - 1
        else:
            self.new_epochs += 1

    def whole(self):
        return not (self.missed or self.doubled or self.new_epochs)
