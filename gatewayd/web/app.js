// The page: what the client tells, shown.

import { Access } from "./access.js";
import { INTERVALS } from "./candles.js";
import { ChannelView } from "./channel.js";
import { Chart, lookForChart } from "./chart.js";
import { Client } from "./client.js";
import { Ledger } from "./ledger.js";
import { Market } from "./market.js";
import { Picker } from "./picker.js";
import { Rate, TICK_MS } from "./rate.js";
import { Recent, lacking } from "./recent.js";
import { setUpShortcuts } from "./shortcuts.js";
import { Sources, span } from "./sources.js";
import { Table } from "./table.js";
import { setUpTheme } from "./theme.js";

const OLDER = 500, STATUS_MS = 2000, FEW = 30, PATIENCE = 3;
const $ = (id) => document.getElementById(id);

const ledger = new Ledger(), rate = new Rate(), recent = new Recent();
const table = new Table($("window"), $("rows"), { onHold, fetchOlder });
const picker = new Picker($("symbol"), $("symbols"), (name) => either(() => pick(name), () => view.select(name))());
const sources = new Sources($("sources"), $("line"), $("all"));
const client = new Client(`${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/ws`,
  { onOpen, onLost, onJoin, onTrade, onGap, onSource, onSubscription: status, onRefused, onLocked, onExpiring: (params) => access.expiring(params),
    onRecord: (record) => view.records.record(record), onRecordGap: (gap) => view.records.gap(gap) });
const access = new Access($("access"), (token) => client.use(token));
const view = new ChannelView(client, picker, { onLive: () => showLink("live", "Live"), onRefused, onMoved });
const chart = Chart.available ? setUpChart() : null;
const market = new Market(client, chart, (source) => limit(source));
setUpTheme($("theme"), paint);

let channels = {}; // by name, those that have a source: {keep, sources}
let symbols = [], offering = {}; // of trades; and by symbol, the sources that have it
let former = null; // the symbol that was shown before another channel
let counts = ""; // how many symbols and keys each source has
let asked = 0; // how often, for what the address names
let link = { state: "connecting", text: "Connecting" };
let lost = {}; // of the symbol's sources, those that are not well: {state, text}
let last = null, lastAt = 0, start = {};
let chosen = false; // the span of a candle
let only = null; // the source whose trades are shown; null: all of them

function text(id, value) {
  if ($(id).textContent !== value) $(id).textContent = value;
}

// -- what comes

// Asks until there is something to choose from: a gateway that was started first has heard of no source yet.
async function onOpen() {
  const { message = "no source offers a symbol yet" } = await askWhatThereIs();
  if (!client.open) return; // it was lost meanwhile: it comes back, and asks again
  market.meet();
  status();
  if (view.channel !== null) {
    lost = {};
    if (!chart) lookForChart();
    return view.reopen();
  }
  if (client.symbol) return;
  const channel = firstChannel();
  if (channel) return showChannel(channel);
  onRefused(message);
  client.again(() => view.channel === null && !client.symbol && onOpen());
}

// Resolves with the error if nobody can say so yet.
async function askWhatThereIs() {
  const ask = (method) => client.call(method).catch((error) => error);
  const [known, trades] = await Promise.all([ask("getChannels"), ask("getSymbols")]);
  if (!client.open) return {};
  const all = Object.entries(known.channels ?? channels);
  channels = Object.fromEntries(all.filter(([, { sources }]) => sources.length));
  if (trades.symbols) {
    ({ symbols, sources: offering } = trades);
    if (view.channel === null) picker.offer(symbols);
  }
  offerChannels();
  return trades;
}

// The address names it. If it is not there, another one is shown after a while: sources may not all have been heard yet.
function firstChannel() {
  const named = new URLSearchParams(location.search).get("channel") ?? "trades";
  const others = Object.keys(channels).filter((name) => name !== "trades");
  if (named === "trades" ? symbols.length : others.includes(named)) return named;
  if (++asked <= PATIENCE) return null;
  return symbols.length ? "trades" : others[0];
}

function offerChannels() {
  const shown = view.channel ?? "trades";
  const named = Object.keys(channels).filter((name) => name !== "coverage"); // that is below the chart
  const names = [...new Set([...named, ...(shown === "trades" ? [] : [shown])])];
  const now = names.join(" ");
  if ($("channel").dataset.names !== now) $("channel").replaceChildren(...names.map((name) => new Option(name)));
  $("channel").dataset.names = now;
  $("channel").value = shown;
  $("channels").hidden = names.every((name) => name === "trades");
}

function onLost() {
  showLink("connecting", client.symbol || view.channel !== null ? "Connection lost, reconnecting" : "Connecting");
}

function onRefused(message) {
  showLink("lost", `Waiting: ${message}`);
}

// Nobody is let in without a token.
function onLocked(reason) {
  showLink("lost", "Token needed");
  access.ask(reason, true);
}

function onJoin(again, { trades = [], cursors = {} }) {
  lost = {};
  showLink("live", "Live");
  if (again) ledger.resumed++;
  else start = cursors;
  trades.reverse().forEach((trade) => take(trade, false));
  if (!again) ledger.begin(cursors);
  market.joined();
  if (!again && only !== null) fill();
  if (!again) draw();
  else if (!chart) lookForChart();
}

// A market that has only just begun is shown by the second, until one chooses.
async function draw() {
  const { symbol } = client;
  await chart?.show(symbol, interval(), only);
  if (chart && !chosen && symbol === client.symbol && chart.candles.list.length < FEW) {
    document.querySelector("#intervals input").checked = true;
    chart.show(symbol, interval(), only);
  }
}

function onTrade(trade) {
  rate.add();
  take(trade, true);
  if (isShown(trade)) chart?.add(trade);
}

const isShown = ({ source }) => only === null || source === only;

function take(trade, live) {
  ledger.take(trade);
  market.take(trade, live);
  list(trade);
  if (!isShown(trade)) return;
  last = trade;
  lastAt = performance.now();
}

function list(item) {
  recent.add(item);
  if (isShown(item)) table.add(item);
}

// What the exchange never sent the cursors do not count.
function onGap(gap) {
  const { source, missing, upstream } = gap;
  if (upstream) market.gap(gap);
  else if (missing === null) ledger.unknown = true;
  list({ source, gap: lacking(gap) });
}

// Of a whole source, or of its one stream that has no trades for longer than is likely.
function onSource(up, params) {
  const { source, reason, channel = "trades", symbol, staleness } = params;
  if (symbol && channel !== "trades") return view.starves(up, symbol);
  if (up && view.channel === null) market.restored(params);
  if (up) delete lost[source];
  else if (symbol) lost[source] = { state: "stale", text: `No trade from ${source} for ${span(staleness)}` };
  else lost[source] = { state: "lost", text: `${noun()} lost: ${source}:  ${reason || "no connection"}` };
  showState();
  status();
}

const noun = () => (view.channel === null ? "Exchange" : "Source");

async function fetchOlder(place) {
  const { symbol } = client, of = only === null ? {} : { source: only };
  const { trades, next } = await client.call("getRecentTrades", { channel: "trades", symbol, count: OLDER, ...of, next: place ?? ledger.before(start, table.live, only) });
  return { trades, next };
}

// -- what is shown

function showLink(state, text) {
  link = { state, text };
  showState();
}

function showState() {
  const [worst] = Object.values(lost).sort((a, b) => (a.state > b.state) - (a.state < b.state));
  const shown = link.state === "live" && worst ? worst : link;
  $("state").dataset.state = shown.state;
  text("state", shown.text);
}

async function status() {
  const known = await client.call("getStatus").catch(() => null);
  if (!known) return;
  notice(known.sources);
  const { symbol } = client;
  if (view.channel === null) {
    const offered = offering[symbol] ?? [];
    if (symbol) market.status(known.sources.filter(({ name }) => offered.includes(name)));
    return sources.show(known.sources, offered, symbol ?? "");
  }
  const { channel, selected } = view;
  sources.show(known.sources, view.sources[selected] ?? channels[channel]?.sources ?? [], `${channel}.${selected ?? ""}`);
}

// Keys come with their first record, and channels with the configuration.
function notice(sources) {
  const now = JSON.stringify(sources.map(({ name, symbols }) => [name, symbols]));
  if (counts && now !== counts) askWhatThereIs();
  view.notice(now !== counts);
  counts = now;
}

// Trades, or another channel.
function showChannel(name) {
  const params = new URLSearchParams(location.search);
  const named = name === (params.get("channel") ?? "trades");
  const [symbol, member, source] = ["symbol", "member", "source"].map((part) => (named ? params.get(part) : null));
  const wanted = [former, symbol].find((one) => symbols.includes(one)) ?? symbols[0];
  clear();
  if (name === "trades") showTrades(wanted, wanted === symbol ? source : null);
  else showRecords(name, symbol, member);
  offerChannels();
  text("per-second", name === "trades" ? "Trades a second" : "Records a second");
}

function showTrades(symbol, source) {
  view.close();
  $("trades").hidden = false;
  $("chart").hidden = !chart;
  picker.offer(symbols);
  pick(symbol, source);
}

function showRecords(channel, key, member) {
  former = client.symbol ?? former;
  client.watch(null);
  market.show(null, null);
  chart?.rest();
  $("trades").hidden = $("chart").hidden = true;
  view.open(channel, channels[channel].keep, key, member);
  status();
}

function onMoved() {
  window.history.replaceState(null, "", view.here);
  status();
}

// It held the trades of the one before.
function clear() {
  pause(false);
  table.clear();
  ledger.clear();
  recent.clear();
  rate.clear();
  last = null, lost = {};
}

function pick(symbol, source = null) {
  clear();
  only = source;
  picker.show(symbol);
  market.show(symbol, source);
  address(symbol);
  client.watch(symbol);
  status();
}

function address(symbol) {
  const named = new URLSearchParams(only === null ? { symbol } : { symbol, source: only });
  window.history.replaceState(null, "", `?${named}`);
}

// Chart and trades are of this source from now on; null: of all.
function limit(source) {
  pause(false);
  only = source;
  table.clear();
  recent.of(source).forEach((item) => table.add(item));
  last = recent.of(source).findLast((item) => item.price) ?? null;
  address(client.symbol);
  market.pick(source);
  fill();
  draw();
}

// One source may have few of the last trades: some before them are fetched.
async function fill() {
  const { symbol } = client, source = only;
  if (table.live.length >= OLDER) return;
  const page = await fetchOlder(null).catch(() => null);
  if (page && symbol === client.symbol && source === only) table.prepend(page.trades);
}

function onHold(held, following) {
  $("held").hidden = following;
  text("held", held ? `${held.toLocaleString("en")} newer ↑` : "Newest ↑");
}

function pause(paused) {
  table.pause(paused);
  $("pause").setAttribute("aria-pressed", String(paused));
  text("pause", paused ? "Continue" : "Pause");
}

function tick() {
  const { ledger: counted, last, lastAt, title } = view.channel === null ? ofTrades() : ofRecords();
  text("rate", rate.tick());
  text("received", counted.received.toLocaleString("en"));
  text("missed", view.keep === "latest" ? "not counted" : counted.missedText);
  $("missed").toggleAttribute("data-missed", !counted.whole);
  market.tick(counted.whole);
  text("resumed", counted.resumedText);
  text("price", last?.price ?? "–");
  $("price").className = last?.side ?? "";
  text("when", last ? age((performance.now() - lastAt) / 1000) : "");
  document.title = title;
}

const ofTrades = () => ({ ledger, last, lastAt, title: last ? `${last.price} ${last.symbol}` : "Data Flow" });

function ofRecords() {
  rate.add(view.count());
  const { ledger, value, selected, last, channel } = view;
  const title = selected ? `${value} ${selected}` : `${channel} – Data Flow`;
  return { ledger, lastAt: last?.at, last: last && { price: value || "–" }, title };
}

const age = (seconds) => (seconds < 2 ? "now" : `${span(seconds)} ago`);

// -- what one does

const interval = () => document.querySelector("#intervals input:checked").value;

function setUpChart() {
  $("chart").hidden = $("notice").hidden = false;
  $("intervals").append(...Object.keys(INTERVALS).map((name) => {
    const label = document.createElement("label");
    const input = { type: "radio", name: "interval", value: name, defaultChecked: name === "1m" };
    label.append(Object.assign(document.createElement("input"), input), name);
    return label;
  }));
  $("intervals").addEventListener("change", () => {
    chosen = true;
    draw();
  });
  const parts = { frame: $("frame"), legend: $("legend"), word: $("incomplete") };
  return new Chart(client, parts, () => table.live.filter((item) => item.price));
}

function toNewest() {
  pause(false);
  $("window").focus();
}

function paint() {
  chart?.paint();
  view.paint();
}

// Of what is shown.
const either = (trades, records) => () => (view.channel === null ? trades() : records());

const SHORTCUTS = {
  "/": () => $("symbol").focus(),
  v: () => $("channel").focus(),
  f: () => $("filter").focus(),
  p: either(() => pause(!table.paused), () => view.pause(!view.paused)),
  n: either(toNewest, () => view.pause(false)),
  c: either(() => $("frame").focus(), () => $("plot").focus()),
  t: either(() => $("window").focus(), () => view.grid.focus()),
  d: () => $("theme").click(),
  a: either(() => limit(null), () => {}),
  s: () => $("all-sources").showModal(),
  "?": () => $("shortcuts").showModal(),
};

setUpShortcuts(SHORTCUTS, () => view.channel === null);
$("pause").addEventListener("click", () => pause(!table.paused));
$("held").addEventListener("click", toNewest);
$("channel").addEventListener("change", () => showChannel($("channel").value));
$("help").addEventListener("click", SHORTCUTS["?"]);
$("sources").addEventListener("click", SHORTCUTS.s);
setInterval(tick, TICK_MS);
setInterval(status, STATUS_MS);
