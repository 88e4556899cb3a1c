// The sources of the symbol that is shown, beside each other: each one's last price, how old that is, and how far from the newest of all.

import { basisPoints, difference } from "./decimal.js";
import { when } from "./grid.js";
import { Rate } from "./rate.js";
import { judge, meter, span } from "./sources.js";

const COLUMNS = ["price", "age", "rate", "spread", "basis", "health", "state"];
const NONE = "–";

// Timestamps end in Z, and have as many digits as it takes.
const isNewer = (trade, other) => trade.timestamp.slice(0, -1) >= other.timestamp.slice(0, -1);

// [class, words]
function stateOf(status, symbol) {
  if (!status) return ["", NONE];
  if (!status.connected) return ["down", `lost since ${when(status.since)}`];
  const [state, words] = judge(status, symbol);
  return [state, state === "up" ? "live" : words];
}

export class Comparison {
  // details: has a table; events: onPick(source), null is all. now(): the servers' time in ms
  constructor(details, now, onPick) {
    Object.assign(this, { details, now, onPick, body: details.querySelector("tbody"), lines: new Map() });
    this.body.addEventListener("click", (event) => this.clicked(event));
    this.clear();
  }

  // Another symbol.
  clear() {
    Object.assign(this, { symbol: null, picked: null, statuses: new Map(), unfolded: false });
    this.lines.clear();
    this.body.replaceChildren();
    this.details.hidden = true;
  }

  pick(source) {
    this.picked = source;
  }

  // statuses: of the sources that offer the symbol, as getStatus has them
  show(symbol, statuses) {
    this.symbol = symbol;
    this.statuses = new Map(statuses.map((status) => [status.name, status]));
    for (const name of this.statuses.keys()) this.line(name);
    this.unfold();
  }

  // One source has nothing to be compared with: then one opens it oneself.
  unfold() {
    this.details.hidden = this.lines.size === 0;
    if (this.unfolded || this.lines.size < 2) return;
    this.unfolded = this.details.open = true;
  }

  // Since when a source is lost, in ms since 1970; Infinity: it is not.
  lostAt(source) {
    const status = this.statuses.get(source);
    return status && !status.connected ? Date.parse(status.since) : Infinity;
  }

  take(trade, live) {
    const line = this.line(trade.source);
    if (live) line.rate.add();
    if (!line.last || isNewer(trade, line.last)) line.last = trade;
  }

  line(name) {
    if (!this.lines.has(name)) this.add(name);
    return this.lines.get(name);
  }

  // Lines are in the order of the sources' names.
  add(name) {
    const row = document.createElement("tr");
    const button = Object.assign(document.createElement("button"), { type: "button", textContent: name });
    const head = Object.assign(document.createElement("th"), { scope: "row" });
    head.append(button);
    const cells = Object.fromEntries(COLUMNS.map((column) => [column, Object.assign(document.createElement("td"), { className: column })]));
    row.append(head, ...Object.values(cells));
    row.dataset.source = name;
    this.lines.set(name, { row, button, cells, rate: new Rate(), last: null, health: -1 });
    const behind = [...this.body.rows].find((other) => other.dataset.source > name);
    this.body.insertBefore(row, behind ?? null);
  }

  clicked(event) {
    const source = event.target.closest("tr")?.dataset.source;
    if (source && getSelection().isCollapsed) this.onPick(source === this.picked ? null : source);
  }

  // Called four times a second; nothing is drawn while it is folded.
  draw() {
    const lines = [...this.lines.entries()];
    const rates = lines.map(([, { rate }]) => rate.tick());
    this.tell(lines.length);
    if (!this.details.open || this.details.hidden) return;
    const trades = lines.map(([, { last }]) => last).filter(Boolean);
    const newest = trades.reduce((one, other) => (one && !isNewer(other, one) ? one : other), null);
    lines.forEach(([name, line], i) => this.fill(name, line, rates[i], newest));
  }

  tell(count) {
    const only = this.picked === null ? "" : `: only ${this.picked}`;
    put(this.details.querySelector("summary"), `${count === 1 ? "1 source" : `${count} sources`}${only}`);
  }

  fill(name, { row, button, cells, last, ...line }, rate, newest) {
    const status = this.statuses.get(name), [state, words] = stateOf(status, this.symbol);
    const pressed = String(name === this.picked);
    if (button.getAttribute("aria-pressed") !== pressed) button.setAttribute("aria-pressed", pressed);
    put(cells.price, last?.price ?? NONE);
    put(cells.age, last ? this.age(last) : NONE);
    put(cells.rate, rate);
    put(cells.spread, (last && difference(last.price, newest.price)) ?? NONE);
    put(cells.basis, (last && basisPoints(last.price, newest.price)) ?? NONE);
    put(cells.state, words, `state source ${state}`);
    if (status && status.health !== line.health) this.meter(name, cells.health, status.health);
  }

  meter(name, cell, health) {
    this.lines.get(name).health = health;
    cell.replaceChildren(meter(health), String(health));
  }

  age(trade) {
    const seconds = (this.now() - Date.parse(trade.received)) / 1000;
    return seconds < 1 ? "now" : span(seconds);
  }
}

// Only what has changed: to touch an element costs more than to compare.
function put(cell, text, className = cell.className) {
  if (cell.textContent !== text) cell.textContent = text;
  if (cell.className !== className) cell.className = className;
}
