// What is known of a symbol's past, source by source: the intervals that getCoverage tells, from some time on to the present.

export const STATES = ["live", "backfilled", "proved", "short", "hole", "unknown"];
const COUNT = 1000, MOST_PAGES = 20; // intervals of a page
const SETTLE_MS = 250, OFTEN_MS = 30000, INCOMPLETE_MS = 3000;
const SOON_MS = [600, 3000, 10000]; // after something has happened, of which the last word may not have been said
const NEWEST_MS = 3600000; // what is asked for again every now and then
const UNKNOWN_METHOD = -32601;
const NUMBERS = ["cursor", "first", "last", "trades", "missing", "volume", "missing_volume", "first_id", "last_id"];

// In ms since 1970, with a fraction.
export function moment(time) {
  const fraction = /\.([0-9]+)/.exec(time)?.[1] ?? "";
  return Date.parse(time) + Number(`0.${fraction.slice(3) || 0}`);
}

const written = (ms) => new Date(ms).toISOString();

function prepare(told) {
  return { ...told, begin: moment(told.from), end: told.to === null ? Infinity : moment(told.to) };
}

// What is left of an interval before some time, and from it on.
const before = (interval, ms) => (interval.end <= ms ? interval : { ...interval, end: ms, to: written(ms) });
const after = (interval, ms) => (interval.begin >= ms ? interval : { ...interval, begin: ms, from: written(ms) });

const isPlain = ({ state }) => state === "live" || state === "unknown";

// Of one interval that was cut in two, when it was asked for or here.
function joins(one, other) {
  if (one.end !== other.begin || one.state !== other.state) return false;
  return isPlain(one) || NUMBERS.every((name) => one[name] === other[name]);
}

function join(intervals) {
  const joined = [];
  for (const interval of intervals) {
    const last = joined.at(-1);
    if (last && joins(last, interval)) joined[joined.length - 1] = { ...last, to: interval.to, end: interval.end };
    else joined.push(interval);
  }
  return joined;
}

// `fresh` in the place of whatever was known between begin and end.
export function replace(known, fresh, begin, end) {
  const older = known.filter((interval) => interval.begin < begin).map((interval) => before(interval, begin));
  const inside = fresh.filter((interval) => interval.end >= begin && interval.begin <= end);
  const newer = known.filter((interval) => interval.end > end).map((interval) => after(interval, end));
  return join([...older, ...inside.map((interval) => after(before(interval, end), begin)), ...newer]);
}

// The times of intervals of any source, [{begin, end}], those that touch as one.
export function union(intervals) {
  const found = [];
  for (const { begin, end } of [...intervals].sort((one, other) => one.begin - other.begin)) {
    const last = found.at(-1);
    if (last && begin <= last.end) last.end = Math.max(last.end, end);
    else found.push({ begin, end });
  }
  return found;
}

export class Coverage {
  // now(): the servers' time in ms. onChange(): `sources` has changed, the intervals by the source's name, oldest first
  constructor(client, now, onChange) {
    Object.assign(this, { client, now, onChange, generation: 0 });
    this.close();
    setInterval(() => document.hidden || this.ask(this.now() - NEWEST_MS), OFTEN_MS);
  }

  close() {
    this.generation++;
    clearTimeout(this.settling);
    this.soon?.forEach(clearTimeout);
    Object.assign(this, { symbol: null, sources: new Map(), from: Infinity, seen: Infinity, wanted: Infinity, known: false, soon: [] });
  }

  // from: what is of interest in any case, in ms since 1970
  open(symbol, from) {
    this.close();
    Object.assign(this, { symbol, wanted: from });
    this.settle();
  }

  // What is in sight begins there, and is so long.
  see(begin, length) {
    if (this.symbol === null || !Number.isFinite(begin)) return;
    this.seen = begin;
    if (begin >= this.from || begin >= this.wanted) return;
    this.wanted = begin - length;
    this.settle();
  }

  settle() {
    clearTimeout(this.settling);
    this.settling = setTimeout(() => this.widen(), SETTLE_MS);
  }

  async widen() {
    const { from } = this, wanted = Math.floor(this.wanted);
    if (wanted >= from) return;
    this.from = wanted;
    if (!(await this.ask(wanted, from))) this.from = Math.max(this.from, from);
  }

  // Something has happened: what is in sight may be another now.
  again(when = SOON_MS) {
    if (this.symbol === null) return;
    if (!this.known) return this.settle();
    this.soon.forEach(clearTimeout);
    this.soon = when.map((ms) => setTimeout(() => this.ask(Math.min(this.seen, this.now() - NEWEST_MS)), ms));
  }

  // Resolves with whether it was told.
  async ask(begin, end = Infinity) {
    const { symbol, generation } = this;
    if (symbol === null || this.from === Infinity) return false;
    const bounds = this.whole(Math.max(Math.floor(begin), this.from), end);
    const fresh = await this.fetch(symbol, bounds).catch((error) => this.refused(error));
    if (!fresh || generation !== this.generation) return false;
    for (const source of new Set([...this.sources.keys(), ...fresh.keys()]))
      this.sources.set(source, replace(this.sources.get(source) ?? [], fresh.get(source) ?? [], bounds.begin, bounds.end));
    this.known = true;
    this.onChange();
    return true;
  }

  // When the first thing is known of any source, in ms since 1970.
  get since() {
    return Math.min(...[...this.sources.values()].map(([first]) => first?.begin ?? Infinity));
  }

  // Wide enough to cut no interval that has numbers: those are of its whole span. after, before: the bounds as they are asked for.
  whole(begin, end) {
    const bounds = { begin, after: written(begin), end, before: end === Infinity ? undefined : written(end) };
    for (const interval of [...this.sources.values()].flat().filter((interval) => !isPlain(interval))) {
      if (interval.begin < bounds.begin && bounds.begin < interval.end) Object.assign(bounds, { begin: interval.begin, after: interval.from });
      if (interval.begin <= bounds.end && bounds.end < interval.end) Object.assign(bounds, { end: interval.end, before: interval.to });
    }
    return bounds;
  }

  // Older gateways do not know it.
  refused({ code }) {
    if (Number(code) === UNKNOWN_METHOD) this.symbol = null;
    return null;
  }

  async fetch(symbol, { after, before }) {
    const fresh = new Map();
    const bounds = { afterTimestamp: after, ...(before ? { beforeTimestamp: before } : {}) };
    let next;
    for (let page = 0; page < MOST_PAGES; page++) {
      const answer = await this.client.call("getCoverage", { symbol, count: COUNT, ...bounds, ...(next ? { next } : {}) });
      for (const told of answer.coverage) {
        if (!fresh.has(told.source)) fresh.set(told.source, []);
        fresh.get(told.source).push(prepare(told));
      }
      if (answer.incomplete) this.again([INCOMPLETE_MS]);
      next = answer.next;
      if (!next) break;
    }
    for (const intervals of fresh.values()) intervals.sort((one, other) => one.begin - other.begin);
    return fresh;
  }
}
