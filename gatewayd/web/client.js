// A client of the gateway: JSON-RPC over a WebSocket that comes back by itself, with the cursors of what it has.

const RETRY_MS = { first: 250, most: 5000 };

// JSON.parse turns 105383.80000 into 105383.8: prices and quantities are taken as the text that came.
const exact = (text, name) => text.match(new RegExp(`"${name}":(-?[0-9.eE+-]+)`))?.[1];

export class Client {
  // events: onState(state, detail), onTrade(trade), onGap(gap), onSnapshot(trades, recovered, again)
  constructor(url, events) {
    Object.assign(this, { url, events, id: 0, waiting: new Map(), cursors: {}, symbol: null, retryMs: RETRY_MS.first });
    this.connect();
  }

  connect() {
    this.events.onState("connecting");
    this.socket = new WebSocket(this.url);
    this.socket.onopen = () => this.opened();
    this.socket.onmessage = (message) => this.received(message.data);
    this.socket.onclose = () => this.closed();
  }

  opened() {
    this.retryMs = RETRY_MS.first;
    this.events.onOpen();
    if (this.symbol) this.join();
  }

  closed() {
    this.waiting.clear();
    this.events.onState("connecting", "connection lost, coming back");
    setTimeout(() => this.connect(), this.retryMs * (0.5 + Math.random() / 2));
    this.retryMs = Math.min(this.retryMs * 2, RETRY_MS.most);
  }

  call(method, params = {}) {
    const id = ++this.id;
    this.socket.send(JSON.stringify({ jsonrpc: "2.0", id, method, params }));
    return new Promise((resolve, reject) => this.waiting.set(id, { resolve, reject }));
  }

  received(text) {
    const message = JSON.parse(text);
    if (message.method === "trades.update") this.trade(message.params, text);
    else if (message.method === "trades.gap") this.gap(message.params);
    else if (message.method === "connection.lost") this.events.onState("lost", `${message.params.source}: ${message.params.reason || "no connection"}`);
    else if (message.method === "connection.restored") this.events.onState("live");
    else this.answered(message, text);
  }

  answered(message, text) {
    const waiting = this.waiting.get(message.id);
    this.waiting.delete(message.id);
    if (!waiting) return;
    if (message.error) waiting.reject(message.error);
    else waiting.resolve({ result: message.result, text });
  }

  trade(trade, text) {
    if (trade.symbol !== this.symbol) return;
    this.cursors[trade.source] = `${trade.epoch}-${trade.seq}`;
    this.events.onTrade({ ...trade, price: exact(text, "price"), qty: exact(text, "qty") });
  }

  gap(gap) {
    if (gap.symbol === this.symbol) this.events.onGap(gap);
  }

  async watch(symbol) {
    if (this.symbol) this.call("unsubscribe", { channel: "trades", symbol: this.symbol }).catch(() => {});
    Object.assign(this, { symbol, cursors: {} });
    await this.join();
  }

  // Again, with what we have: exactly what was missed follows. For the first time: a snapshot that ends where the updates begin.
  async join() {
    const again = Object.keys(this.cursors).length > 0;
    const symbol = this.symbol;
    try {
      const params = { channel: "trades", symbol, ...(again ? { since: this.cursors } : { count: 500 }) };
      const { result, text } = await this.call("subscribe", params);
      if (symbol !== this.symbol) return;
      this.cursors = { ...result.cursors, ...this.cursors };
      this.events.onState("live");
      this.events.onJoin(again, result.recovered, result.trades ? snapshot(result.trades, text) : []);
    } catch (error) {
      this.events.onState("lost", error.message);
      setTimeout(() => symbol === this.symbol && this.socket.readyState === WebSocket.OPEN && this.join(), 1000);
    }
  }
}

// The trades of an answer, most recent first, with prices and quantities as the text that came.
function snapshot(trades, text) {
  const prices = [...text.matchAll(/"qty":([^,]+),"price":([^,]+),/g)];
  return trades.map((trade, i) => ({ ...trade, qty: prices[i][1], price: prices[i][2] }));
}
