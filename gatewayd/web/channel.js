// A channel other than trades: the newest record of each key, and of the key that is selected a line and its last records.

import { shown } from "./exact.js";
import { Grid, when } from "./grid.js";
import { Ledger } from "./ledger.js";
import { Past } from "./past.js";
import { matches } from "./picker.js";
import { Records } from "./records.js";

const PAGE = 100, MOST = 900; // keys in the table at once, and with "more"
const DRAW_MS = 100, KEYS_MS = 30000;
const $ = (id) => document.getElementById(id);
const count = (number) => number.toLocaleString("en");

export class ChannelView {
  // picker: offered the keys. events: onLive(); onRefused(message); onMoved(): the address or what is selected has changed
  constructor(client, picker, events) {
    Object.assign(this, { client, picker, events, channel: null, selected: null });
    Object.assign(this, { ledger: new Ledger(), ticks: 0, paused: false });
    this.records = new Records(client, {
      onRecord: (record, live) => this.took(record, live),
      onGap: (gap) => this.lacks(gap),
      onJoin: (...what) => this.joined(...what),
      onLeave: (key) => this.left(key),
      onFull: () => this.full(),
      onGone: (key) => this.gone(key),
      onRefused: events.onRefused,
    });
    const leads = { link: (key) => this.address(key), pick: (key) => this.select(key) };
    this.grid = new Grid($("newest").querySelector("table"), ["Key", "UTC", "Source"], leads);
    this.past = new Past(client, { onChange: () => this.touch() });
    $("filter").addEventListener("input", () => this.narrow());
    $("filter").addEventListener("keydown", (event) => event.key === "Escape" && this.widen());
    $("more").addEventListener("click", () => this.enlarge());
    $("hold").addEventListener("click", () => this.pause(!this.paused));
    $("leave").addEventListener("click", () => this.select(null));
    $("member").addEventListener("change", () => this.events.onMoved());
  }

  // key, member: what the address names, or null. The key is selected as soon as it is offered.
  open(channel, keep, key, member) {
    this.close();
    Object.assign(this, { channel, keep, wanted: key, keys: [], sources: {}, newest: new Map(), stale: new Set() });
    Object.assign(this, { limit: PAGE, isFull: false, visible: [] });
    this.past.wanted = member;
    this.ledger.clear();
    this.grid.clear();
    this.records.open(channel);
    $("values").hidden = false;
    $("values-title").textContent = channel;
    $("filter").value = "";
    this.picker.name("key");
    this.picker.offer([]);
    this.picker.show("");
    this.pause(false);
    this.events.onMoved();
    return this.load();
  }

  close() {
    if (this.channel === null) return;
    clearTimeout(this.narrowing);
    this.records.open(null);
    this.past.close();
    Object.assign(this, { channel: null, keep: null, selected: null, wanted: null });
    $("values").hidden = $("detail").hidden = true;
    this.picker.name("symbol");
  }

  // On another connection.
  async reopen() {
    this.resuming = true;
    this.stale.clear();
    this.records.rejoin();
    await this.load();
  }

  // The keys that are offered now, and those that were: a gateway that was restarted may not have heard all sources yet.
  async load() {
    const { channel } = this;
    this.loadedAt = performance.now();
    const { symbols, sources = {}, message } = await this.client.call("getSymbols", { channel }).catch((error) => error);
    if (channel !== this.channel || !this.client.open) return;
    if (!symbols) {
      this.events.onRefused(message);
      return this.client.again(() => channel === this.channel && this.load());
    }
    Object.assign(this, { keys: [...new Set([...this.keys, ...symbols])].sort(), sources });
    this.picker.offer(this.keys);
    if (this.keys.length === 0) this.events.onLive();
    this.follow();
    if (this.wanted && symbols.includes(this.wanted)) this.select(this.wanted);
  }

  // changed: the sources have more keys now, or fewer.
  notice(changed) {
    const due = changed || performance.now() - this.loadedAt > KEYS_MS;
    if (due && this.channel !== null && !document.hidden) this.load();
  }

  // -- which keys

  get found() {
    const typed = $("filter").value.trim().toUpperCase();
    return this.keys.filter((key) => matches(key, typed));
  }

  follow() {
    this.visible = this.found.slice(0, this.limit);
    this.records.follow(this.selected ? [this.selected, ...this.visible] : this.visible);
    this.touch();
  }

  narrow() {
    Object.assign(this, { limit: PAGE, isFull: false });
    this.pause(false);
    clearTimeout(this.narrowing);
    this.narrowing = setTimeout(() => this.channel !== null && this.follow(), DRAW_MS);
  }

  widen() {
    $("filter").value = "";
    $("filter").blur(); // so that the page's shortcuts work again
    this.narrow();
  }

  enlarge() {
    this.limit = Math.min(this.limit + PAGE, MOST);
    this.pause(false);
    this.follow();
  }

  // Rows that are not followed are no use: there are as many as the gateway allows, beside the key that is selected.
  full() {
    this.isFull = true;
    clearTimeout(this.narrowing);
    this.narrowing = setTimeout(() => this.channel !== null && this.shrink(), DRAW_MS);
  }

  shrink() {
    const apart = this.selected && !this.visible.includes(this.selected) ? 1 : 0;
    this.limit = Math.max(this.records.keys.size - apart, 0);
    this.follow();
  }

  // It is selected again when it comes back.
  gone(key) {
    this.keys = this.keys.filter((other) => other !== key);
    this.picker.offer(this.keys);
    if (key === this.selected) {
      this.select(null);
      this.wanted = key;
    }
    this.follow();
    this.events.onLive(); // it is not waited for any longer
  }

  select(key) {
    if (key === this.selected && !this.wanted) return;
    Object.assign(this, { selected: key, wanted: null });
    this.pause(false);
    this.picker.show(key ?? "");
    $("detail").hidden = !key;
    if (key) $("detail-title").textContent = key;
    this.past.open(this.channel, key);
    this.follow();
    const known = key && this.newest.get(key);
    if (known) this.past.add(known);
    this.events.onMoved();
  }

  address(key) {
    const named = new URLSearchParams({ channel: this.channel });
    if (key) named.set("symbol", key);
    if (key && this.past.wanted) named.set("member", this.past.wanted);
    return `?${named}`;
  }

  get here() {
    return this.address(this.selected ?? this.wanted);
  }

  // -- what comes

  took(record, live) {
    const { key, source } = record, of = `${key} ${source}`;
    if (this.keep === "latest") delete this.ledger.places[of]; // what is left out is not missing
    this.ledger.take({ ...record, source: of });
    if (live) this.ticks++;
    const known = this.newest.get(key);
    if (live || !known || record.received >= known.received) this.newest.set(key, record);
    this.grid.learn(record.members);
    if (key === this.selected) this.past.add(record);
    record.at = performance.now();
    this.touch();
  }

  lacks({ symbol, missing }) {
    if (missing === null) this.ledger.unknown = true;
    if (symbol === this.selected) this.past.lacks(missing);
  }

  joined(key, again, cursors) {
    if (again && this.resuming) this.ledger.resumed++;
    if (again) this.resuming = false;
    if (again && key === this.selected && this.keep === "latest") this.past.open(this.channel, key);
    const places = Object.entries(cursors).map(([source, cursor]) => [`${key} ${source}`, cursor]);
    if (!again) this.ledger.begin(Object.fromEntries(places));
    this.events.onLive();
  }

  // Whoever comes back to it begins with its newest record: nothing in between is missed.
  left(key) {
    this.newest.delete(key);
    this.stale.delete(key);
    const { places } = this.ledger;
    for (const of of Object.keys(places)) if (of.startsWith(`${key} `)) delete places[of];
  }

  // Of one key of a source that is connected.
  starves(up, key) {
    if (up) this.stale.delete(key);
    else this.stale.add(key);
    this.touch();
  }

  // -- what is shown

  paint() {
    this.past.plot?.paint();
  }

  // Of live records, since it was asked before.
  count() {
    const { ticks } = this;
    this.ticks = 0;
    return ticks;
  }

  get last() {
    return this.newest?.get(this.selected) ?? null;
  }

  // The value of the selected key that the line shows.
  get value() {
    const { last } = this, path = this.past.member;
    return last && path !== null ? shown(last.members.get(path)) : "";
  }

  pause(paused) {
    this.paused = paused;
    $("hold").setAttribute("aria-pressed", String(paused));
    $("hold").textContent = paused ? "Continue" : "Pause";
    this.touch();
  }

  touch() {
    if (this.drawing || this.paused || this.channel === null) return;
    this.drawing = true;
    setTimeout(() => requestAnimationFrame(() => this.draw()), DRAW_MS);
  }

  draw() {
    this.drawing = false;
    if (this.paused || this.channel === null) return;
    this.grid.draw(this.visible.map((key) => this.row(key)));
    this.past.draw();
    const { length } = this.found, left = length - this.visible.length;
    text("more", `${count(Math.min(PAGE, left))} more`);
    $("more").hidden = left === 0 || this.limit >= MOST || this.isFull;
    text("shown", this.told(length, left));
    text("empty", this.keys.length ? "No such key" : "Waiting for the first record");
    $("empty").hidden = length > 0;
  }

  told(length, left) {
    const more = this.grid.more.size ? `; ${count(this.grid.more.size)} members are not shown` : "";
    const all = `${count(length)} ${length === 1 ? "key" : "keys"}`;
    const keys = left ? `${count(this.visible.length)} of ${all}` : all;
    return `${keys}${this.isFull ? ", and the gateway allows no more" : ""}${more}`;
  }

  row(key) {
    const record = this.newest.get(key);
    const first = record ? [key, when(record.timestamp), record.source] : [key, "", ""];
    const stale = this.stale.has(key);
    const hint = stale ? `${record?.timestamp}: none since then, for longer than is likely` : record?.timestamp;
    return { id: key, first, hint, members: record?.members, current: key === this.selected, state: stale ? "stale" : "" };
  }
}

function text(id, value) {
  if ($(id).textContent !== value) $(id).textContent = value;
}
