// The coverage below the chart, along the chart's axis of time: a lane for each source, and in it a piece for each interval in sight.

import { STATES } from "./coverage.js";

const LEAST_PX = 4; // of a piece: what is missing is seen however short it was
const MATTERS = ["hole", "short", "unknown", "backfilled", "proved", "live"]; // the first one names a piece of several intervals
const count = (number, noun) => `${number.toLocaleString("en")} ${noun}${number === 1 ? "" : "s"}`;
const worst = (one, other) => (MATTERS.indexOf(one) <= MATTERS.indexOf(other) ? one : other);

// "2026-11-29T12:00:00.5Z" with all its digits, as people read it.
const plain = (time) => time.replace("T", " ").replace(/Z$/, "");

function lasted({ begin, end }) {
  const seconds = (end - begin) / 1000;
  return seconds < 60 ? `${Number(seconds.toPrecision(3))} s` : `${Number((seconds / 60).toPrecision(3))} min`;
}

function missing({ missing = null, missing_volume, first_id, last_id }) {
  const ids = first_id === undefined ? "" : first_id === last_id ? `, id ${first_id}` : `, ids ${first_id} to ${last_id}`;
  const volume = missing_volume === undefined ? "" : `, volume ${missing_volume}`;
  return (missing === null ? "nobody knows how many trades are missing" : `${count(missing, "trade")} missing`) + volume + ids;
}

const NUMBERS = {
  live: () => "",
  unknown: () => "nobody watched: what was traded is not known",
  backfilled: ({ trades = 0 }) => `${count(trades, "trade")}, asked for afterwards: complete`,
  proved: ({ trades = 0, volume }) => `${count(trades, "trade")}${volume === undefined ? "" : `, volume ${volume}`}: as the exchange's own candles`,
  short: missing,
  hole: missing,
};

export function describe(source, interval) {
  const numbers = NUMBERS[interval.state]?.(interval) ?? "";
  const until = interval.to === null ? "now" : `${plain(interval.to)} UTC (${lasted(interval)})`;
  return `${source}: ${interval.state}. ${plain(interval.from)} to ${until}${numbers ? `. ${numbers}` : ""}`;
}

function describeAll(source, intervals) {
  if (intervals.length === 1) return describe(source, intervals[0]);
  const states = STATES.map((state) => [intervals.filter((interval) => interval.state === state).length, state]).filter(([number]) => number);
  const span = `${plain(intervals[0].from)} to ${intervals.at(-1).to === null ? "now" : `${plain(intervals.at(-1).to)} UTC`}`;
  return `${source}: ${states.map(([number, state]) => `${number} × ${state}`).join(", ")}. ${span}. Zoom in to tell them apart`;
}

// Pieces [{left, right, state, intervals}] in px for the intervals between 0 and width. Those too small to be told apart are one piece.
export function pieces(intervals, place, now, width) {
  const found = [];
  for (const interval of intervals) {
    const begin = place(interval.begin), end = place(Math.min(interval.end, Math.max(now, interval.begin)));
    const right = interval.state === "live" ? end : Math.max(end, begin + LEAST_PX);
    if (right <= 0 || begin >= width || right - begin < 0.5) continue;
    const last = found.at(-1), left = Math.max(begin, last?.right ?? 0, 0);
    if (last && end - begin < LEAST_PX && begin < last.right - 0.5 && last.state !== "live") include(last, interval);
    else if (right > left) found.push({ left, right: Math.min(right, width), state: interval.state, intervals: [interval] });
  }
  return found;
}

function include(piece, interval) {
  piece.state = worst(piece.state, interval.state);
  piece.intervals.push(interval);
}

export class Strip {
  // element: holds the lanes, a legend and a tip. axis: {place(ms): px, width: px}; now(): the servers' time in ms; lostAt(source): since when it
  // is lost, Infinity: it is not
  constructor(element, axis, now, lostAt) {
    Object.assign(this, { element, axis, now, lostAt, lanes: new Map(), sources: new Map(), only: null });
    this.tip = element.querySelector("[role=tooltip]");
    this.holder = element.querySelector(".lanes");
    for (const type of ["pointerover", "focusin"]) this.holder.addEventListener(type, (event) => this.point(event.target.closest("button")));
    for (const type of ["pointerout", "focusout"]) this.holder.addEventListener(type, () => this.point(null));
    this.holder.addEventListener("keydown", (event) => this.key(event));
    this.clear();
  }

  clear() {
    this.sources = new Map();
    this.draw();
  }

  // Intervals by the source's name; only: one of them, null: all.
  show(sources, only) {
    Object.assign(this, { sources, only });
    this.draw();
  }

  draw() {
    const names = [...this.sources.keys()].filter((name) => this.only === null || name === this.only).sort();
    this.element.hidden = names.length === 0;
    for (const [name, lane] of this.lanes) if (!names.includes(name)) this.drop(name, lane);
    if (this.element.hidden) return;
    this.holder.style.setProperty("--axis", `${this.axis.width}px`);
    names.forEach((name) => this.fill(name, this.lanes.get(name) ?? this.add(name)));
  }

  drop(name, lane) {
    lane.element.remove();
    this.lanes.delete(name);
  }

  add(name) {
    const element = document.createElement("div"), track = document.createElement("div"), label = document.createElement("span");
    Object.assign(element, { className: "lane" });
    element.setAttribute("role", "group");
    element.setAttribute("aria-label", `Coverage of ${name}`);
    track.className = "track";
    label.textContent = label.title = name;
    element.append(track, label);
    const lane = { element, track, shown: new Map() };
    this.lanes.set(name, lane);
    const behind = [...this.lanes.keys()].filter((other) => other > name).sort()[0];
    this.holder.insertBefore(element, behind ? this.lanes.get(behind).element : null);
    return lane;
  }

  // A piece keeps its element, and so the focus, while it begins with the same interval.
  fill(name, lane) {
    const found = pieces(this.until(name), (ms) => this.axis.place(ms), this.now(), this.axis.width);
    const ids = new Set(found.map(idOf));
    for (const [id, button] of lane.shown) {
      if (ids.has(id)) continue;
      button.remove();
      lane.shown.delete(id);
    }
    for (const piece of found) this.place(name, lane, piece);
    this.rove(lane);
  }

  // What is live ends where the source was lost, though nobody has written that down yet.
  until(name) {
    const lostAt = this.lostAt(name);
    const cut = (interval) => (interval.state === "live" && interval.end === Infinity ? { ...interval, end: Math.max(lostAt, interval.begin) } : interval);
    return lostAt === Infinity ? this.sources.get(name) : this.sources.get(name).map(cut);
  }

  place(name, lane, piece) {
    const id = idOf(piece);
    if (!lane.shown.has(id)) lane.shown.set(id, lane.track.appendChild(Object.assign(document.createElement("button"), { type: "button" })));
    const button = lane.shown.get(id), text = describeAll(name, piece.intervals);
    button.dataset.state = piece.state;
    button.style.left = `${piece.left.toFixed(1)}px`;
    button.style.width = `${(piece.right - piece.left).toFixed(1)}px`;
    if (button.getAttribute("aria-label") !== text) button.setAttribute("aria-label", text);
    if (button === this.pointed && !this.tip.hidden) this.tip.textContent = text;
  }

  // One piece of a lane can be reached by Tab, the others from there by the arrows.
  rove(lane) {
    const buttons = sorted(lane), now = buttons.find((button) => button === document.activeElement) ?? buttons.at(-1);
    buttons.forEach((button) => (button.tabIndex = button === now ? 0 : -1));
  }

  key(event) {
    const lane = [...this.lanes.values()].find(({ track }) => track.contains(event.target));
    const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (event.key === "Escape") this.tip.hidden = true;
    if (!lane || !by) return;
    event.preventDefault();
    const buttons = sorted(lane);
    buttons[Math.min(Math.max(buttons.indexOf(event.target) + by, 0), buttons.length - 1)].focus();
    this.rove(lane);
  }

  // Null: none, but for the one that has the focus.
  point(button) {
    const focused = document.activeElement?.matches(":focus-visible") && this.holder.contains(document.activeElement) ? document.activeElement : null;
    this.pointed = button ?? focused;
    this.tip.hidden = !this.pointed;
    if (!this.pointed) return;
    this.tip.textContent = this.pointed.getAttribute("aria-label");
    const { left, width } = this.pointed.getBoundingClientRect(), frame = this.element.getBoundingClientRect();
    const middle = Math.min(Math.max(left, frame.left), frame.right) + Math.min(width, frame.width) / 2 - frame.left;
    this.tip.style.left = `${Math.min(Math.max(middle - this.tip.offsetWidth / 2, 0), Math.max(frame.width - this.tip.offsetWidth, 0))}px`;
  }
}

const idOf = ({ intervals: [{ begin, state }] }) => `${begin} ${state}`;
const sorted = ({ track }) => [...track.children].sort((one, other) => parseFloat(one.style.left) - parseFloat(other.style.left));
