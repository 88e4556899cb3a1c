// The page: what the client tells, shown.

import { Client } from "./client.js";
import { Table } from "./table.js";

const $ = (id) => document.getElementById(id);
const table = new Table($("window"), $("rows"));
const counts = { received: 0, missed: 0, resumed: 0, unknown: false };
const places = {}; // of each source, the last place that was had: to count what is missing
let paused = false, held = [], last = null, recent = [];

function text(id, value) {
  if ($(id).textContent !== value) $(id).textContent = value;
}

function show(trade) {
  if (paused) {
    if (held.push(trade) > 5000) held.shift();
    return;
  }
  table.add(trade);
  last = trade.gap ? last : trade;
}

// What the cursors say is missing, told or not: the page believes nobody.
function account(trade) {
  const place = places[trade.source];
  if (place && place.epoch === trade.epoch && trade.seq !== place.seq + 1) counts.missed += Math.max(trade.seq - place.seq - 1, 0);
  places[trade.source] = { epoch: trade.epoch, seq: trade.seq };
  counts.received++;
  recent.push(performance.now());
}

function onTrade(trade) {
  account(trade);
  show(trade);
}

function onGap(gap) {
  if (gap.missing === null) counts.unknown = true;
  show({ gap: gap.missing === null ? "Trades may be missing here: the journal was lost" : `${gap.missing.toLocaleString()} trades are missing here` });
}

function onJoin(again, recovered, trades) {
  if (again) counts.resumed++;
  for (const trade of trades.slice().reverse()) onTrade(trade);
  if (trades.length) recent = []; // they came at once, and say nothing of the rate
}

function onState(state, detail) {
  $("state").dataset.state = state;
  const words = { live: "Live", connecting: "Connecting", lost: "Exchange lost" };
  text("state", detail ? `${words[state]}: ${detail}` : words[state]);
}

async function onOpen() {
  const { result } = await client.call("getSymbols");
  const picker = $("symbol");
  const wanted = picker.value || new URLSearchParams(location.search).get("symbol") || result.symbols[0];
  picker.replaceChildren(...result.symbols.map((symbol) => new Option(symbol, symbol, false, symbol === wanted)));
  picker.disabled = result.symbols.length === 0;
  if (!client.symbol && picker.value) pick(picker.value);
  else if (result.symbols.length === 0) setTimeout(onOpen, 1000);
}

function pick(symbol) {
  table.clear();
  Object.assign(counts, { received: 0, missed: 0, resumed: 0, unknown: false });
  for (const source of Object.keys(places)) delete places[source];
  held = [], recent = [], last = null;
  client.watch(symbol);
}

function pause() {
  paused = !paused;
  $("pause").setAttribute("aria-pressed", paused);
  text("pause", paused ? "Go on" : "Pause");
  if (paused) return;
  held.forEach(show);
  held = [];
}

function tick() {
  const now = performance.now();
  recent = recent.filter((at) => now - at < 5000);
  text("rate", (recent.length / 5).toLocaleString(undefined, { maximumFractionDigits: 1 }));
  text("received", counts.received.toLocaleString());
  text("missed", counts.unknown ? `${counts.missed.toLocaleString()} or more` : counts.missed.toLocaleString());
  $("missed").toggleAttribute("data-missed", counts.missed > 0 || counts.unknown);
  text("resumed", counts.resumed === 0 ? "never" : `${counts.resumed}×, ${counts.missed || counts.unknown ? "with a gap" : "nothing missed"}`);
  text("price", last?.price ?? "–");
  $("price").className = last?.side ?? "";
  text("last", last ? `${last.timestamp.slice(11, 19)} UTC` : "–");
}

const client = new Client(`${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/ws`, { onOpen, onTrade, onGap, onJoin, onState });
$("symbol").addEventListener("change", (event) => pick(event.target.value));
$("pause").addEventListener("click", pause);
setInterval(tick, 250);
