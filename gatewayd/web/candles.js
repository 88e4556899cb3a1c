// The candles of a symbol: those of history, and on top of them the trades that come.

export const INTERVALS = { "1s": 1, "1m": 60, "5m": 300, "15m": 900, "1h": 3600, "1d": 86400 };
const PAGE = 500, REFRESH = 10, MOST = 20000;
const SETTLED = 3; // s after its end a candle that is still not complete lacks something

const seconds = (timestamp) => Math.floor(Date.parse(timestamp) / 1000);

// History's candles leave out trades of the future, too (bus.md).
const ofTheFuture = (trade) => seconds(trade.timestamp) - seconds(trade.received) > 86400;

// A candle keeps its prices as the text that came. `time` is its beginning, in s since 1970.
function fetched(candle, step, now) {
  const time = seconds(candle.start);
  const lacks = candle.complete === false && time + step + SETTLED <= now / 1000;
  return { ...candle, time, volume: Number(candle.volume), lacks };
}

function opened(time, trade) {
  const { price, qty } = trade;
  return { time, open: price, high: price, low: price, close: price, volume: Number(qty), count: 1 };
}

function grow(candle, trade) {
  const price = Number(trade.price);
  if (price > Number(candle.high)) candle.high = trade.price;
  if (price < Number(candle.low)) candle.low = trade.price;
  candle.close = trade.price;
  candle.volume += Number(trade.qty);
  candle.count++;
}

export class Candles {
  // now(), to be set: the servers' time in ms
  constructor(client) {
    Object.assign(this, { client, now: Date.now, list: [], next: null, symbol: null, source: null, interval: "1m", generation: 0 });
  }

  get step() {
    return INTERVALS[this.interval];
  }

  // Starts over; resolves when there is something to draw. Trades already seen stand in for a history that has none to give now. source: null is
  // all of them.
  async load(symbol, interval, source, seen) {
    const generation = ++this.generation;
    Object.assign(this, { symbol, interval, source, next: null });
    const page = await this.fetch({ count: PAGE });
    if (generation !== this.generation) return;
    this.whole = Boolean(page);
    this.next = page?.next ?? null;
    this.list = page ? this.read(page) : [];
    if (!page) seen.forEach((trade) => this.add(trade));
  }

  // Until the next load.
  stop() {
    this.generation++;
    Object.assign(this, { list: [], next: null, symbol: null });
  }

  // Resolves with whether there are more now.
  async older() {
    const generation = this.generation, before = this.next;
    if (!before || this.list.length > MOST) return false;
    this.next = null;
    const page = await this.fetch({ count: PAGE, beforeTimestamp: before });
    if (generation !== this.generation) return false;
    this.next = page ? page.next ?? null : before;
    const first = this.list[0]?.time ?? Infinity;
    if (page) this.list.unshift(...this.read(page).filter((candle) => candle.time < first));
    return Boolean(page?.candles.length);
  }

  // What came around a fetch was counted twice or not at all, and trades may come late: history knows better.
  async refresh() {
    const generation = this.generation;
    const page = await this.fetch({ count: REFRESH });
    if (generation !== this.generation || !page?.candles.length) return;
    const fresh = this.read(page);
    const from = this.list.findIndex((candle) => candle.time >= fresh[0].time);
    const newer = this.list.filter((candle) => candle.time > fresh.at(-1).time);
    this.list.splice(from < 0 ? this.list.length : from, this.list.length, ...fresh, ...newer);
  }

  read({ candles }) {
    return candles.map((candle) => fetched(candle, this.step, this.now()));
  }

  // Null when history has none to give.
  fetch(params) {
    const { symbol, interval, source } = this;
    return this.client.call("getCandles", { symbol, interval, ...(source === null ? {} : { source }), ...params }).catch(() => null);
  }

  // A trade of a candle before the last is left to the next refresh.
  add(trade) {
    if (ofTheFuture(trade)) return;
    const time = Math.floor(seconds(trade.timestamp) / this.step) * this.step;
    const last = this.list.at(-1);
    if (!last || time > last.time) this.list.push(opened(time, trade));
    else if (time === last.time) grow(last, trade);
    if (this.list.length > MOST + PAGE) this.list.splice(0, PAGE);
  }
}
