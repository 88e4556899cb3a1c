// What was received and what is missing, counted by the cursors: the page believes nobody.

export class Ledger {
  constructor() {
    this.clear();
  }

  clear() {
    Object.assign(this, { received: 0, missed: 0, resumed: 0, unknown: false, places: {} });
  }

  // A source that the snapshot had no trade of begins where the snapshot ends.
  begin(cursors) {
    for (const [source, cursor] of Object.entries(cursors)) {
      const [epoch, seq] = cursor.split("-").map(Number);
      this.places[source] ??= { epoch, seq };
    }
  }

  take(trade) {
    const place = this.places[trade.source];
    if (place && place.epoch === trade.epoch) this.missed += Math.max(trade.seq - place.seq - 1, 0);
    this.places[trade.source] = { epoch: trade.epoch, seq: trade.seq };
    this.received++;
  }

  // The place before all trades of a list, oldest first, in every source or in one. start: where the sources without a trade were.
  before(start, trades, only) {
    const places = { ...start };
    for (const [source, { epoch, seq }] of Object.entries(this.places)) places[source] = `${epoch}-${seq}`;
    for (const { source, epoch, seq } of trades.filter((item) => item.seq).reverse()) places[source] = `${epoch}-${seq - 1}`;
    return only === null ? places : only in places ? { [only]: places[only] } : undefined;
  }

  get whole() {
    return this.missed === 0 && !this.unknown;
  }

  get missedText() {
    return this.missed.toLocaleString("en") + (this.unknown ? " or more" : "");
  }

  get resumedText() {
    return this.resumed === 0 ? "never" : `${this.resumed}×, ${this.whole ? "nothing missed" : "with a gap"}`;
  }
}
