// What was missed before it came to anybody here, and what was fetched afterwards: by the coverage, and by what the gateway told where the
// coverage does not know better. Counted since a time on.

import { moment, union } from "./coverage.js";
import { span } from "./sources.js";

const MOST = 1000; // notes

const meets = (one, other) => one.begin <= other.end && other.begin <= one.end;
const isMissing = ({ state, end }) => state === "hole" || state === "short" || (state === "unknown" && end !== Infinity);

export class Upstream {
  constructor() {
    this.clear();
  }

  clear() {
    Object.assign(this, { notes: [], missed: 0, unknown: [], filled: new Map() });
  }

  // missing: null if nobody knows how many. from, to: timestamps
  note({ source, from, to, missing }) {
    const note = { source, begin: moment(from), end: moment(to), missing };
    const same = this.notes.find((other) => other.source === source && meets(other, note));
    if (same) Object.assign(same, { missing: missing ?? same.missing, begin: Math.min(same.begin, note.begin), end: Math.max(same.end, note.end) });
    else if (this.notes.length < MOST) this.notes.push(note);
  }

  // sources: intervals by the source's name; since: in ms since 1970
  count(sources, since) {
    Object.assign(this, { missed: 0, unknown: [] });
    for (const [source, intervals] of sources) this.countSource(source, intervals, since);
    for (const note of this.notes) this.countNote(note, sources.get(note.source) ?? [], since);
  }

  // Before the first that is known of a source nothing is missed: it was not there yet.
  countSource(source, intervals, since) {
    intervals.forEach((interval, i) => {
      if (interval.end <= since) return;
      if (interval.state === "backfilled" && interval.trades) this.filled.set(`${source} ${interval.first ?? interval.begin}`, interval.trades);
      if (!isMissing(interval) || (interval.state === "unknown" && (i === 0 || this.isNoted(source, interval)))) return;
      this.miss(interval, since);
    });
  }

  isNoted(source, interval) {
    return this.notes.some((note) => note.source === source && meets(note, interval));
  }

  // What is known for certain of its time says it all.
  countNote(note, intervals, since) {
    const isSettled = intervals.some((interval) => interval.state !== "live" && interval.state !== "unknown" && meets(note, interval));
    if (!isSettled) this.miss(note, since);
  }

  miss({ begin, end, missing = null }, since) {
    if (missing === null) this.unknown.push({ begin: Math.max(begin, since), end });
    else this.missed += missing;
  }

  // What was backfilled once stays so, though its time may be told to be proved later.
  get backfilled() {
    return [...this.filled.values()].reduce((all, trades) => all + trades, 0);
  }

  get whole() {
    return this.missed === 0 && this.unknown.length === 0;
  }

  // What several sources missed at a time is one time.
  get text() {
    const missed = this.missed ? [this.missed.toLocaleString("en")] : [];
    const ms = union(this.unknown).reduce((all, { begin, end }) => all + Math.max(end - begin, 0), 0);
    const unknown = this.unknown.length ? [`unknown, ${ms < 1000 ? "less than 1 s" : span(ms / 1000)}`] : [];
    return this.whole ? "" : `${[...missed, ...unknown].join(" and ")} upstream`;
  }
}
