// A table that holds thousands of rows and draws only those in sight. It follows the newest trade until one scrolls down or pauses it:
// then what is in sight stays, what comes is held, and older trades are fetched as one nears the end.

const ROW_PX = 26, KEEP = 5000, TRIM = 500, HOLD = 20000, NEAR_ROWS = 60, MOST_OLDER = 200000, RETRY_MS = 1000;
const COLUMNS = ["time", "side", "price", "qty", "source"];
const SIDES = { buy: "▲ buy", sell: "▼ sell" };

export class Table {
  // events: onHold(held, following); fetchOlder(place): a promise of {trades, next}, trades before the place, newest first, and the place
  // to go on from, none at the end of all. The first place is null: before all that is in the table.
  constructor(window, rows, events) {
    Object.assign(this, { window, rows, events, pool: [], dirty: false, paused: false });
    this.clear();
    window.addEventListener("scroll", () => this.scrolled());
    new ResizeObserver(() => this.touch()).observe(window);
  }

  // live: newest last. older: what was fetched, newest first, below it. end: how many of `live` are in view, of a table that holds.
  clear() {
    Object.assign(this, { live: [], older: [], end: null, torn: false, places: { price: 0, qty: 0 } });
    this.forget();
    this.window.scrollTop = 0;
    this.touch();
  }

  get following() {
    return this.end === null;
  }

  get held() {
    return this.following ? 0 : this.live.length - this.end;
  }

  get count() {
    return (this.following ? this.live.length : this.end) + this.older.length;
  }

  // i: 0 is the newest in view
  item(i) {
    const above = this.count - this.older.length;
    return i < above ? this.live[above - 1 - i] : this.older[i - above];
  }

  add(item) {
    this.measure(item);
    this.live.push(item);
    if (this.following && this.live.length > KEEP + TRIM) this.live.splice(0, TRIM);
    if (this.held > HOLD) {
      this.live.splice(this.end, TRIM);
      this.torn = true;
    }
    this.touch();
  }

  // Trades before all that are live, newest first.
  prepend(trades) {
    trades.forEach((trade) => this.measure(trade));
    this.live.unshift(...trades.toReversed());
    if (!this.following) this.end += trades.length;
    this.touch();
  }

  // The decimal points of a column stand below each other: as many places for all as the longest has.
  measure(item) {
    for (const name of ["price", "qty"]) {
      const point = item[name]?.indexOf(".") ?? -1;
      if (point >= 0) this.places[name] = Math.min(Math.max(this.places[name], item[name].length - point), 14);
    }
  }

  pause(paused) {
    this.paused = paused;
    if (paused) this.hold();
    else this.follow();
  }

  // What there is stays in sight; an empty table that is paused holds what it gets to show first.
  hold() {
    if (this.following && this.live.length) this.end = this.live.length;
    this.touch();
  }

  // Back to the newest. Older pages go: they would no longer join what is kept.
  follow() {
    if (this.torn) this.live.splice(0, this.end);
    this.live.splice(0, this.live.length - KEEP);
    Object.assign(this, { end: null, older: [], torn: false });
    this.forget();
    this.window.scrollTop = 0;
    this.touch();
  }

  scrolled() {
    if (this.window.scrollTop > ROW_PX / 2) this.hold();
    else if (!this.paused && !this.following) this.follow();
    this.touch();
  }

  // Of the pages that were fetched; one that is under way comes too late.
  forget() {
    Object.assign(this, { next: null, fetching: false, exhausted: false, generation: (this.generation ?? 0) + 1 });
  }

  async fetchOlder() {
    if (this.fetching || this.exhausted || this.following || this.count === 0) return;
    const generation = this.generation;
    this.fetching = true;
    const page = await this.events.fetchOlder(this.next).catch(() => null);
    if (generation !== this.generation) return;
    if (page) this.append(page);
    setTimeout(() => this.fetched(generation), page ? 0 : RETRY_MS);
  }

  append({ trades, next }) {
    trades.forEach((trade) => this.measure(trade));
    this.older.push(...trades);
    this.next = next;
    this.exhausted = !next || this.older.length > MOST_OLDER;
  }

  fetched(generation) {
    if (generation === this.generation) this.fetching = false;
    this.touch();
  }

  touch() {
    if (this.dirty) return;
    this.dirty = true;
    requestAnimationFrame(() => this.draw());
  }

  draw() {
    if (this.paused) this.hold();
    this.dirty = false;
    const { scrollTop, clientHeight } = this.window;
    const count = this.count + (this.following && this.count ? 0 : 1); // behind the last trade, a word on what follows
    const first = Math.max(Math.min(Math.floor(scrollTop / ROW_PX), count - 1), 0);
    const shown = Math.min(Math.ceil(clientHeight / ROW_PX) + 1, count - first);
    this.resize(count);
    while (this.pool.length < shown) this.pool.push(this.row());
    this.pool.forEach((row, i) => (i < shown ? this.fill(row, this.item(first + i) ?? this.ending(), first + i) : this.hide(row)));
    this.events.onHold(this.held, this.following);
    if (first + shown + NEAR_ROWS > count) this.fetchOlder();
  }

  resize(count) {
    const height = `${count * ROW_PX}px`;
    if (this.rows.style.height !== height) this.rows.style.height = height;
  }

  ending() {
    if (this.count === 0) return { note: "Waiting for the first trade" };
    return { note: this.exhausted ? "No older trades" : "Loading older trades…" };
  }

  row() {
    const row = document.createElement("div");
    row.setAttribute("role", "row");
    for (const column of COLUMNS) {
      const cell = document.createElement("span");
      cell.setAttribute("role", "cell");
      cell.className = column;
      row.append(cell);
    }
    this.rows.append(row);
    return row;
  }

  hide(row) {
    if (!row.hidden) row.hidden = true;
  }

  fill(row, item, at) {
    const name = `row ${item.gap ? "gap" : item.note ? "note" : item.side}`;
    row.hidden = false;
    row.style.transform = `translateY(${at * ROW_PX}px)`;
    if (row.className !== name) row.className = name;
    this.cells(item).forEach((text, i) => {
      const cell = row.children[i];
      if (cell.textContent !== text) cell.textContent = text;
    });
  }

  cells(item) {
    if (item.gap || item.note) return [item.gap ?? item.note, "", "", "", ""];
    return [item.timestamp.slice(11, 23), SIDES[item.side] ?? item.side, this.aligned(item, "price"), this.aligned(item, "qty"), item.source];
  }

  // The exact text, with blanks of a digit's width for the places that it lacks.
  aligned(item, name) {
    const text = item[name], point = text.indexOf(".");
    return text + "\u00a0".repeat(Math.max(this.places[name] - (point < 0 ? 0 : text.length - point), 0));
  }
}
