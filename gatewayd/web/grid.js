// A table of records: a few columns for what every record has, then one for each member of their data, as they are first seen.

import { Exact, label, shown } from "./exact.js";

const MOST_COLUMNS = 12, MOST_PLACES = 12; // of members; of decimals that are lined up
const CUT = 60, SHORT = 12; // characters of a value; of one that needs no title

// The time of a timestamp, with the day if that is not today's.
export function when(timestamp) {
  const [, day, time] = /^(.*)T([0-9:]+(?:\.[0-9]{1,3})?)/.exec(timestamp) ?? [null, "", timestamp];
  return day === new Date().toISOString().slice(0, 10) ? time : `${day} ${time}`;
}

export class Grid {
  // heads: the titles of the first columns. Of a table whose rows can be selected: link(id): the address that a row leads to;
  // pick(id): it was selected
  constructor(table, heads, { link, pick } = {}) {
    Object.assign(this, { table, heads, link, pick, body: table.tBodies[0] });
    this.clear();
    if (!pick) return;
    this.body.addEventListener("click", (event) => this.clicked(event));
    this.body.addEventListener("keydown", (event) => this.key(event));
  }

  clear() {
    Object.assign(this, { columns: [], places: new Map(), more: new Set(), lines: new Map() });
    this.body.replaceChildren();
    this.title();
  }

  // A member keeps its column though later records lack it.
  learn(members) {
    for (const [path, value] of members) if (value instanceof Exact) this.measure(path, value.text);
    const fresh = [...members.keys()].filter((path) => !this.columns.includes(path) && !this.more.has(path));
    if (fresh.length === 0) return;
    const room = MOST_COLUMNS - this.columns.length;
    fresh.slice(room).forEach((path) => this.more.add(path));
    if (room <= 0) return;
    this.columns.push(...fresh.slice(0, room));
    this.title();
  }

  // The decimal points of a column stand below each other: as many places for all as the longest has.
  measure(path, text) {
    const places = Math.min(placesOf(text), MOST_PLACES), most = this.places.get(path);
    if (!(places <= most)) this.places.set(path, places);
    if (most === undefined && this.columns.includes(path)) this.title();
  }

  title() {
    const head = (textContent, className = "") =>
      Object.assign(document.createElement("th"), { textContent, scope: "col", className });
    const columns = this.columns.map((path) => head(label(path), this.places.has(path) ? "number" : ""));
    this.table.tHead.rows[0].replaceChildren(...this.heads.map((text) => head(text)), ...columns);
  }

  // rows: [{id, first: texts, hint, members, current, state}], from above
  draw(rows) {
    const kept = new Set(rows.map(({ id }) => id));
    for (const [id, line] of this.lines) if (!kept.has(id)) this.drop(id, line);
    rows.forEach((row, i) => {
      const line = this.lines.get(row.id) ?? this.line(row);
      if (this.body.rows[i] !== line.row) this.body.insertBefore(line.row, this.body.rows[i] ?? null);
      this.fill(line, row);
    });
    this.rove();
  }

  drop(id, line) {
    line.row.remove();
    this.lines.delete(id);
  }

  line({ id }) {
    const line = { row: document.createElement("tr"), cells: [] };
    this.lines.set(id, line);
    return line;
  }

  fill(line, { id, first, hint, members, current = false, state = "" }) {
    const count = first.length + this.columns.length;
    while (line.cells.length < count) line.cells.push(this.cell(line, id));
    first.forEach((text, i) => put(line.cells[i], text, "", i === 1 ? hint : undefined));
    this.columns.forEach((path, i) => value(line.cells[first.length + i], members?.get(path), this.places.get(path)));
    if (this.link) line.cells[0].holder.setAttribute("aria-current", String(current));
    line.row.dataset.state = state;
  }

  cell(line, id) {
    const first = line.cells.length === 0;
    const cell = document.createElement(first ? "th" : "td");
    if (first) cell.scope = "row";
    line.row.append(cell);
    if (!first || !this.link) return { cell, holder: cell };
    const holder = Object.assign(document.createElement("a"), { href: this.link(id), tabIndex: -1 });
    holder.dataset.key = id;
    cell.append(holder);
    return { cell, holder };
  }

  // One row at a time can be reached by Tab, the others from there by the arrows.
  rove() {
    if (!this.link) return;
    const links = this.links();
    const isSelected = (link) => link.getAttribute("aria-current") === "true";
    const now = links.find((link) => link === document.activeElement) ?? links.find(isSelected) ?? links[0];
    links.forEach((link) => (link.tabIndex = link === now ? 0 : -1));
  }

  focus() {
    (this.links().find((link) => link.tabIndex === 0) ?? this.table.parentElement).focus();
  }

  links() {
    return [...this.body.rows].map((row) => row.cells[0].firstChild);
  }

  clicked(event) {
    if (event.ctrlKey || event.metaKey || event.shiftKey || (event.detail > 0 && !getSelection().isCollapsed)) return;
    event.preventDefault();
    this.pick(event.target.closest("tr").cells[0].firstChild.dataset.key);
  }

  key(event) {
    const links = this.links(), at = links.indexOf(document.activeElement);
    const places = { ArrowDown: at + 1, ArrowUp: at - 1, PageDown: at + 10, PageUp: at - 10, Home: 0, End: links.length - 1 };
    if (!(event.key in places) || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    links[Math.min(Math.max(places[event.key], 0), links.length - 1)]?.focus();
    this.rove();
  }
}

// The point and what is behind it.
const placesOf = (text) => (/e/i.test(text) || !text.includes(".") ? 0 : text.length - text.indexOf("."));

// Blanks would be copied with the text: the places that a number lacks are padding.
function value(place, value, most) {
  const text = shown(value);
  const lacks = value instanceof Exact ? Math.max(most - placesOf(text), 0) : 0;
  if ((place.lacks ?? 0) !== lacks) place.cell.style.setProperty("--lacks", `${place.lacks = lacks}ch`);
  const isNumber = value instanceof Exact, isCut = text.length > CUT && !isNumber;
  put(place, isCut ? `${text.slice(0, CUT - 1)}…` : text, isNumber ? "number" : "", text.length > SHORT ? text : "");
}

// Only what has changed: to touch an element costs more than to compare.
function put(place, text, className = "", title = "") {
  if (place.text !== text) place.holder.textContent = place.text = text;
  if (place.cell.className !== className) place.cell.className = className;
  if (place.cell.title !== title) place.cell.title = title;
}
