// The page: what the client tells, shown.

import { INTERVALS } from "./candles.js";
import { Chart } from "./chart.js";
import { Client } from "./client.js";
import { Ledger } from "./ledger.js";
import { Picker } from "./picker.js";
import { Sources, span } from "./sources.js";
import { Table } from "./table.js";
import { setUpTheme } from "./theme.js";

const OLDER = 500, STATUS_MS = 2000, TICK_MS = 250, RATE_TICKS = 20, FEW = 30;
const $ = (id) => document.getElementById(id);

const ledger = new Ledger();
const table = new Table($("window"), $("rows"), { onHold, fetchOlder });
const picker = new Picker($("symbol"), $("symbols"), pick);
const sources = new Sources($("sources"), $("line"), $("all"));
const client = new Client(`${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/ws`,
  { onOpen, onLost, onJoin, onTrade, onGap, onSource, onSubscription: status, onRefused });
const chart = Chart.available ? setUpChart() : null;
setUpTheme($("theme"), () => chart?.paint());

let offering = {}; // by symbol, the sources that have it
let link = { state: "connecting", text: "Connecting" };
let lost = {}; // of the symbol's sources, those that are not well: {state, text}
let last = null, lastAt = 0, start = {};
let chosen = false; // the span of a candle
let ticks = [0];

function text(id, value) {
  if ($(id).textContent !== value) $(id).textContent = value;
}

// -- what comes

// Asks until there is something to choose from: a gateway that was started first has heard of no source yet.
async function onOpen() {
  const { symbols = [], sources, message = "no source offers a symbol yet" } = await client.call("getSymbols").catch((error) => error);
  if (!client.open) return; // it was lost meanwhile: it comes back, and asks again
  if (symbols.length === 0) {
    if (!client.symbol) onRefused(message);
    return client.again(onOpen);
  }
  offering = sources;
  picker.offer(symbols);
  const wanted = picker.value || new URLSearchParams(location.search).get("symbol");
  if (!client.symbol) pick(symbols.includes(wanted) ? wanted : symbols[0]);
  status();
}

function onLost() {
  showLink("connecting", client.symbol ? "Connection lost, reconnecting" : "Connecting");
}

function onRefused(message) {
  showLink("lost", `Waiting: ${message}`);
}

function onJoin(again, { trades = [], cursors = {} }) {
  lost = {};
  showLink("live", "Live");
  if (again) ledger.resumed++;
  else start = cursors;
  trades.reverse().forEach(take);
  if (!again) ledger.begin(cursors);
  if (!again) draw();
  else if (!chart) lookForChart();
}

// A gateway that was restarted may have been built with the charting library by now.
async function lookForChart() {
  const library = await fetch("charts.js", { cache: "no-cache" }).catch(() => null);
  if (library?.ok && (await library.text())) location.reload();
}

// A market that has only just begun is shown by the second, until one chooses.
async function draw() {
  const { symbol } = client;
  await chart?.show(symbol, interval());
  if (chart && !chosen && symbol === client.symbol && chart.candles.list.length < FEW) {
    document.querySelector("#intervals input").checked = true;
    chart.show(symbol, interval());
  }
}

function onTrade(trade) {
  ticks[0]++;
  take(trade);
  chart?.add(trade);
}

function take(trade) {
  ledger.take(trade);
  table.add(trade);
  last = trade;
  lastAt = performance.now();
}

function onGap({ missing }) {
  if (missing === null) ledger.unknown = true;
  table.add({ gap: missing === null ? "Trades may be missing here: the journal was lost" : `${missing.toLocaleString("en")} trades are missing here` });
}

// Of a whole source, or of its one stream that has no trades for longer than is likely.
function onSource(up, { source, reason, symbol, staleness }) {
  if (up) delete lost[source];
  else if (symbol) lost[source] = { state: "stale", text: `No trade from ${source} for ${span(staleness)}` };
  else lost[source] = { state: "lost", text: `Exchange lost: ${source}:  ${reason || "no connection"}` };
  showState();
  status();
}

async function fetchOlder(place) {
  const { symbol } = client;
  const { trades, next } = await client.call("getRecentTrades", { channel: "trades", symbol, count: OLDER, next: place ?? before() });
  return { trades, next };
}

// The place before all trades of the table, in every source.
function before() {
  const places = { ...start };
  for (const [source, { epoch, seq }] of Object.entries(ledger.places)) places[source] = `${epoch}-${seq}`;
  for (const { source, epoch, seq } of table.live.filter((item) => item.seq).reverse()) places[source] = `${epoch}-${seq - 1}`;
  return places;
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
  if (known) sources.show(known.sources, offering[client.symbol] ?? [], client.symbol);
}

function pick(symbol) {
  pause(false); // it held the trades of the one before
  table.clear();
  ledger.clear();
  last = null, lost = {}, ticks = [0];
  picker.show(symbol);
  window.history.replaceState(null, "", `?symbol=${encodeURIComponent(symbol)}`);
  client.watch(symbol);
  status();
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
  text("rate", (ticks.reduce((sum, count) => sum + count, 0) / ticks.length / (TICK_MS / 1000)).toFixed(1));
  ticks = [0, ...ticks.slice(0, RATE_TICKS - 1)];
  text("received", ledger.received.toLocaleString("en"));
  text("missed", ledger.missedText);
  $("missed").toggleAttribute("data-missed", !ledger.whole);
  text("resumed", ledger.resumedText);
  text("price", last?.price ?? "–");
  $("price").className = last?.side ?? "";
  text("when", last ? age((performance.now() - lastAt) / 1000) : "");
  document.title = last ? `${last.price} ${last.symbol}` : "Data Flow";
}

const age = (seconds) => (seconds < 2 ? "now" : `${span(seconds)} ago`);

// -- what one does

const interval = () => document.querySelector("#intervals input:checked").value;

function setUpChart() {
  $("chart").hidden = $("notice").hidden = false;
  $("intervals").append(...Object.keys(INTERVALS).map((name) => {
    const label = document.createElement("label");
    const input = Object.assign(document.createElement("input"), { type: "radio", name: "interval", value: name, defaultChecked: name === "1m" });
    label.append(input, name);
    return label;
  }));
  $("intervals").addEventListener("change", () => {
    chosen = true;
    draw();
  });
  return new Chart(client, $("frame"), $("legend"), () => table.live.filter((item) => item.price));
}

function toNewest() {
  pause(false);
  $("window").focus();
}

const SHORTCUTS = {
  "/": () => $("symbol").focus(),
  p: () => pause(!table.paused),
  n: toNewest,
  c: () => $("frame").focus(),
  t: () => $("window").focus(),
  d: () => $("theme").click(),
  s: () => $("all-sources").showModal(),
  "?": () => $("shortcuts").showModal(),
};

function key(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || event.target.matches("input:not([type=radio])") || document.querySelector("dialog[open]")) return;
  const radio = document.querySelectorAll("#intervals input")[Number(event.key) - 1];
  const act = radio ? () => radio.click() : SHORTCUTS[event.key.toLowerCase()];
  if (!act) return;
  event.preventDefault();
  act();
}

document.addEventListener("keydown", key);
$("pause").addEventListener("click", () => pause(!table.paused));
$("held").addEventListener("click", toNewest);
$("help").addEventListener("click", SHORTCUTS["?"]);
$("sources").addEventListener("click", SHORTCUTS.s);
setInterval(tick, TICK_MS);
setInterval(status, STATUS_MS);
