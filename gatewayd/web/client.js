// A client of the gateway: JSON-RPC over a WebSocket that comes back by itself, with the cursors of what it has.

import { parseExact } from "./exact.js";

const RETRY_MS = { first: 250, most: 5000 };
const SNAPSHOT = 500; // trades that a new symbol begins with
const NOT_NOW = -32000;
const AGAIN_MS = 1000; // until a question is put again that could not be answered
const UNAUTHENTICATED = -32001; // with data.reason: a token is needed, or another one
const UNAUTHORIZED = 4401, FORBIDDEN = 4403; // close codes
const SILENCE_MS = 6000, CHECK_MS = 1000; // the page asks for the status every 2 s

// JSON.parse turns 105383.80000 into 105383.8: where the digits count, the number is made a string first. Within a string the quote
// behind such a name would be escaped, so that nothing else is taken for one.
const EXACT = /"(price|qty|open|high|low|close|volume|vwap)":(-?[0-9][0-9.eE+-]*)/g;
// 8.5E-5 is 0.000085 to people, digit for digit.
const SCIENTIFIC = /"(price|qty|open|high|low|close|volume|vwap)":"(-?)([0-9]+)(?:\.([0-9]+))?[eE]([+-]?[0-9]{1,2})"/g;
// Records of other channels may have any members, and any of them may be a number.
const OF_RECORDS = /"records":\[|"data":\{/;
const parseTrades = (text) => JSON.parse(text.replace(EXACT, '"$1":"$2"').replace(SCIENTIFIC, inFull));
export const parse = (text) => (OF_RECORDS.test(text) ? parseExact(text) : parseTrades(text));

function inFull(_, name, sign, whole, fraction = "", exponent) {
  const places = Math.max(fraction.length - Number(exponent), 0);
  const digits = (whole + fraction + "0".repeat(Math.max(Number(exponent) - fraction.length, 0))).replace(/^0+/, "").padStart(places + 1, "0");
  const point = digits.length - places;
  return `"${name}":"${sign}${digits.slice(0, point)}${places ? "." : ""}${digits.slice(point)}"`;
}

export class Client {
  // events: onOpen(), onLost(), onJoin(again, result), onTrade(trade), onGap(gap), onSource(up, params), onSubscription(),
  // onRefused(message), onRecord(record) and onRecordGap(gap) of any other channel, onLocked(reason), onExpiring(params)
  constructor(url, events) {
    Object.assign(this, { url, events, id: 0, waiting: new Map(), cursors: {}, symbol: null, token: null, locked: false, retryMs: RETRY_MS.first });
    this.connect();
    setInterval(() => this.silent && this.drop(), CHECK_MS);
  }

  connect() {
    this.heardAt = performance.now();
    this.socket = new WebSocket(this.url);
    this.socket.onopen = () => this.opened();
    this.socket.onmessage = (message) => this.received(parse(message.data));
    this.socket.onclose = ({ code, reason }) => (code === UNAUTHORIZED || code === FORBIDDEN ? this.lock(reason) : this.closed());
  }

  get open() {
    return this.socket.readyState === WebSocket.OPEN;
  }

  // Does it a second later, if the connection is still this one.
  again(act) {
    const { socket } = this;
    setTimeout(() => socket === this.socket && this.open && act(), AGAIN_MS);
  }

  async opened() {
    this.retryMs = RETRY_MS.first;
    if (this.token && !(await this.call("authenticate", { token: this.token }).then(() => true, () => false))) return;
    this.events.onOpen();
    if (this.symbol) this.join();
  }

  forget() {
    for (const { reject } of this.waiting.values()) reject({ code: NOT_NOW, message: "the connection was lost" });
    this.waiting.clear();
    this.events.onLost();
  }

  closed() {
    this.forget();
    setTimeout(() => this.connect(), this.retryMs * (0.5 + Math.random() / 2));
    this.retryMs = Math.min(this.retryMs * 2, RETRY_MS.most);
  }

  // A machine that is off says no word of farewell, nor does a process that hangs: one who is asked and says nothing at all is gone.
  get silent() {
    const [oldest] = this.waiting.values();
    const askedAt = this.socket.readyState === WebSocket.CONNECTING ? this.heardAt : oldest?.askedAt ?? Infinity;
    return !this.locked && performance.now() - Math.max(askedAt, this.heardAt) > SILENCE_MS;
  }

  // Without waiting for the peer's farewell.
  drop() {
    this.leave();
    this.closed();
  }

  leave() {
    Object.assign(this.socket, { onopen: null, onmessage: null, onclose: null });
    this.socket.close();
  }

  // Nobody is let in without a token, or with this one no longer: it stays away until there is another one, with what it has.
  lock(reason) {
    if (this.locked) return;
    Object.assign(this, { locked: true, token: null });
    this.leave();
    this.forget();
    this.events.onLocked(reason);
  }

  use(token) {
    const renews = !this.locked && this.open;
    Object.assign(this, { token, locked: false });
    if (renews) this.call("refreshToken", { token }).catch((error) => this.events.onExpiring({ refused: error.message }));
    else this.connect();
  }

  // Resolves with the result, or rejects with an error {code, message}.
  call(method, params = {}) {
    if (!this.open) return Promise.reject({ code: NOT_NOW, message: "there is no connection" });
    const id = ++this.id;
    this.socket.send(JSON.stringify({ jsonrpc: "2.0", id, method, params }));
    return new Promise((resolve, reject) => this.waiting.set(id, { method, resolve, reject, askedAt: performance.now() }));
  }

  received({ method, params, id, result, error }) {
    this.heardAt = performance.now();
    if (method === "trades.update") this.trade(params);
    else if (method === "trades.gap") this.gap(params);
    else if (method === "connection.lost" || method === "connection.restored") this.events.onSource(method.endsWith("restored"), params);
    else if (method === "subscription.failing" || method === "subscription.restored") this.events.onSubscription();
    else if (method === "token.expiring") this.events.onExpiring(params);
    else if (method?.endsWith(".update")) this.events.onRecord(params);
    else if (method?.endsWith(".gap")) this.events.onRecordGap(params);
    else this.answered(Number(id), result, error);
  }

  answered(id, result, error) {
    const waiting = this.waiting.get(id);
    this.waiting.delete(id);
    if (error) waiting?.reject(error);
    else waiting?.resolve(result);
    const refused = Number(error?.code) === UNAUTHENTICATED && error.data?.reason; // a text, where there is data (parse)
    if (refused && waiting?.method !== "refreshToken") this.lock(error.message); // until it expires the present one holds
  }

  trade(trade) {
    if (trade.symbol !== this.symbol) return;
    this.cursors[trade.source] = `${trade.epoch}-${trade.seq}`;
    this.events.onTrade(trade);
  }

  gap(gap) {
    if (gap.symbol === this.symbol) this.events.onGap(gap);
  }

  // Null: none.
  watch(symbol) {
    if (this.symbol) this.call("unsubscribe", { channel: "trades", symbol: this.symbol }).catch(() => {});
    Object.assign(this, { symbol, cursors: {} });
    if (symbol && this.open) this.join();
  }

  // Again, with what we have: exactly what was missed follows. For the first time: a snapshot that ends where the updates begin.
  async join() {
    const again = Object.keys(this.cursors).length > 0;
    const { symbol } = this;
    try {
      const result = await this.call("subscribe", { channel: "trades", symbol, ...(again ? { since: this.cursors } : { count: SNAPSHOT }) });
      if (symbol !== this.symbol) return;
      this.cursors = { ...result.cursors, ...this.cursors };
      this.events.onJoin(again, result);
    } catch (error) {
      if (symbol !== this.symbol || !this.open) return;
      this.events.onRefused(error.message);
      this.again(() => symbol === this.symbol && this.join());
    }
  }
}
