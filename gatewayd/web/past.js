// The records of one key: those of history, and those that come; a list of the last ones, and one of their numbers as a line.

import { Exact, label } from "./exact.js";
import { Grid, when } from "./grid.js";
import { Plot } from "./plot.js";
import { prepare } from "./records.js";

const HISTORY = 500, PAGE = 100, KEEP = 5000, TRIM = 500; // records
const $ = (id) => document.getElementById(id);

const idOf = ({ source, epoch, seq }) => `${source} ${epoch}-${seq}`;

export class Past {
  // events: onChange(): there is something to draw
  constructor(client, events) {
    Object.assign(this, { client, events, wanted: null, generation: 0 });
    this.grid = new Grid($("past").querySelector("table"), ["UTC", "Source"]);
    this.plot = Plot.available ? new Plot($("plot"), $("pointed")) : null;
    this.clear();
    $("member").addEventListener("change", () => this.choose($("member").value));
    $("older").addEventListener("click", () => this.enlarge());
  }

  // live: oldest first; older: what was fetched, newest first, below it. member: the path of the number that is drawn. wanted:
  // the label of the one that was chosen.
  clear() {
    this.generation++;
    Object.assign(this, { live: [], older: [], seen: new Set(), numbers: [], member: null });
    Object.assign(this, { next: null, limit: PAGE, gaps: 0 });
    this.grid.clear();
    $("member").replaceChildren();
    this.plot?.show([]);
    this.offer();
  }

  close() {
    Object.assign(this, { channel: null, key: null });
    this.clear();
  }

  // Null: none.
  open(channel, key) {
    Object.assign(this, { channel, key });
    this.clear();
    if (key) this.load();
  }

  // Until history answers what comes is shown alone.
  async load() {
    const { generation } = this;
    const page = await this.fetch({ count: HISTORY });
    if (generation !== this.generation) return;
    if (!page) return this.client.again(() => generation === this.generation && this.load());
    this.append(page);
    this.replot();
  }

  // Null when history has none to give.
  fetch(params) {
    return this.client.call("getRecent", { channel: this.channel, symbol: this.key, ...params }).catch(() => null);
  }

  append({ records, next = null }) {
    this.next = next;
    this.older.push(...records.map(prepare).filter((record) => this.enter(record)));
    this.events.onChange();
  }

  // False: it is there already.
  enter(record) {
    const id = idOf(record);
    if (this.seen.has(id)) return false;
    this.seen.add(id);
    this.grid.learn(record.members);
    this.learn(record.members);
    return true;
  }

  add(record) {
    if (!this.enter(record)) return;
    this.live.push(record);
    if (this.live.length > KEEP + TRIM) this.forget(this.live.splice(0, TRIM));
    const point = this.plot && this.pointOf(record);
    if (point) this.plot.add(point);
  }

  // What is older would no longer join what is kept.
  forget(gone) {
    [...gone, ...this.older].forEach((record) => this.seen.delete(idOf(record)));
    Object.assign(this, { older: [], next: null });
  }

  lacks(missing) {
    const lost = "Records may be missing here: the journal was lost";
    const gap = missing === null ? lost : `${missing.toLocaleString("en")} records are missing here`;
    this.live.push({ gap, source: "gap", epoch: 0, seq: this.gaps++ });
    this.events.onChange();
  }

  // -- the line

  learn(members) {
    const isFresh = ([path, value]) => value instanceof Exact && !this.numbers.includes(path);
    const fresh = [...members].filter(isFresh).map(([path]) => path);
    if (fresh.length === 0) return;
    this.numbers.push(...fresh);
    const before = this.member;
    this.member = this.numbers.find((path) => label(path) === this.wanted) ?? before ?? this.numbers[0];
    this.offer();
    if (before !== this.member) this.replot();
  }

  offer() {
    $("member").replaceChildren(...this.numbers.map((path) => new Option(label(path), path, false, path === this.member)));
    $("members").hidden = this.numbers.length === 0;
    $("plot").hidden = !this.plot || this.numbers.length === 0;
  }

  choose(path) {
    Object.assign(this, { member: path, wanted: label(path) });
    this.replot();
  }

  pointOf({ timestamp, members }) {
    const value = members?.get(this.member), time = Date.parse(timestamp) / 1000;
    if (!(value instanceof Exact) || !Number.isFinite(Number(value)) || !Number.isFinite(time)) return null;
    return { time, value: Number(value), text: value.text };
  }

  replot() {
    this.plot?.show([...this.older.toReversed(), ...this.live].map((record) => this.pointOf(record)).filter(Boolean));
  }

  // -- the list

  get count() {
    return this.live.length + this.older.length;
  }

  async enlarge() {
    const { generation } = this;
    this.limit += PAGE;
    if (this.limit > this.count && this.next) {
      const page = await this.fetch({ count: HISTORY, next: this.next });
      if (generation !== this.generation) return;
      if (page) this.append(page);
    }
    this.events.onChange();
  }

  draw() {
    if (!this.key) return;
    const newest = this.live.slice(-this.limit).reverse();
    this.grid.draw([...newest, ...this.older.slice(0, this.limit - newest.length)].map(row));
    $("older").hidden = this.count <= this.limit && !this.next;
  }
}

function row(record) {
  if (record.gap) return { id: idOf(record), first: [record.gap, ""], state: "gap" };
  return { id: idOf(record), first: [when(record.timestamp), record.source], members: record.members };
}
