// The sources of the symbol that is shown: compared, one of them picked or all, and what is known of their past.

import { Comparison } from "./compare.js";
import { Coverage, union } from "./coverage.js";
import { Strip } from "./strip.js";
import { Upstream } from "./upstream.js";

const $ = (id) => document.getElementById(id);

export class Market {
  // chart: null where there is none. events: onPick(source): null is all of them
  constructor(client, chart, onPick) {
    Object.assign(this, { client, chart, aheadMs: 0, openedAt: null, symbol: null, source: null, told: "" });
    const now = () => Date.now() + this.aheadMs;
    this.now = now;
    this.comparison = new Comparison($("compare"), now, onPick);
    this.upstream = new Upstream();
    this.coverage = new Coverage(client, now, () => this.covered());
    this.strip = chart ? new Strip($("coverage"), chart, now, (source) => this.comparison.lostAt(source)) : null;
    if (chart) chart.onView = () => this.viewed();
    if (chart) chart.candles.now = now;
  }

  // What the servers' clock says, which need not be this one's.
  async meet() {
    const { time } = await this.client.call("ping").catch(() => ({}));
    if (time) this.aheadMs = Date.parse(time) - Date.now();
    this.openedAt ??= this.now();
  }

  // Null: none. source: null is all of them.
  show(symbol, source) {
    Object.assign(this, { symbol, source, told: "" });
    this.comparison.clear();
    this.comparison.pick(source);
    this.upstream.clear();
    this.coverage.close();
    this.strip?.clear();
    this.chart?.judge([], Infinity);
  }

  pick(source) {
    this.source = source;
    this.comparison.pick(source);
    this.comparison.draw();
    this.covered();
  }

  // It is subscribed to.
  joined() {
    if (this.coverage.symbol === null) this.coverage.open(this.symbol, this.openedAt ?? this.now());
    else this.coverage.again();
    this.viewed();
  }

  take(trade, live) {
    this.comparison.take(trade, live);
  }

  // statuses: of the sources that offer the symbol. What comes of a hole is asked for when they say something else of it.
  status(statuses) {
    const parts = statuses.map(({ name, connected, since, holes, backfill }) => [name, connected, since, holes?.[this.symbol], backfill?.[this.symbol]]);
    const told = parts.length ? JSON.stringify(parts) : "";
    if (this.told && this.told !== told) this.coverage.again();
    this.told = told;
    this.comparison.show(this.symbol, statuses);
  }

  // Of a hole at the exchange's side.
  gap({ source, missing, upstream }) {
    this.note({ source, missing, ...upstream });
  }

  // How many were missed is told of the whole source: of one symbol among them nobody knows.
  restored({ source, since, staleness, missed = null, symbol }) {
    if (symbol) return;
    if (missed === 0) return this.coverage.again();
    this.note({ source, missing: null, from: new Date(Date.parse(since) - staleness * 1000).toISOString(), to: since });
  }

  note(note) {
    this.upstream.note(note);
    this.count();
    this.coverage.again();
  }

  covered() {
    this.count();
    this.strip?.show(this.coverage.sources, this.source);
    this.chart?.judge(this.blanks(), this.coverage.since);
  }

  count() {
    this.upstream.count(this.coverage.sources, this.openedAt ?? Infinity);
  }

  // Where nobody knows what was traded.
  blanks() {
    const shown = [...this.coverage.sources].filter(([name]) => this.source === null || name === this.source);
    const blank = shown.flatMap(([, intervals]) => intervals).filter(({ state, end }) => end !== Infinity && (state === "hole" || state === "unknown"));
    return union(blank).map(({ begin, end }) => ({ begin: begin / 1000, end: end / 1000 }));
  }

  // The chart shows something else.
  viewed() {
    if (this.symbol === null) return;
    const { view } = this.chart ?? {};
    if (view) this.coverage.see(view.begin, view.length);
    if (this.drawing || !this.strip) return;
    this.drawing = true;
    requestAnimationFrame(() => {
      this.drawing = false;
      this.strip.draw();
    });
  }

  // Four times a second. whole: the cursors miss nothing; that is not said if more than that was missed upstream.
  tick(whole) {
    if (this.symbol !== null) this.comparison.draw();
    this.viewed();
    const { upstream } = this;
    $("missed").hidden = whole && !upstream.whole;
    $("upstream").hidden = upstream.whole;
    $("backfilled").parentElement.hidden = upstream.backfilled === 0;
    if (upstream.whole && upstream.backfilled === 0) return;
    $("upstream").textContent = upstream.text;
    $("backfilled").textContent = upstream.backfilled.toLocaleString("en");
  }
}
