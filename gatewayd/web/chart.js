// Price and volume, drawn by the charting library. Where that could not be had when the program was built, charts.js is empty, and the
// page has no chart.

import * as library from "./charts.js";
import { Candles } from "./candles.js";
import { blankTimes, placeOf, timeAt } from "./timeline.js";

const DRAW_MS = 100, REFRESH_MS = 5000, NEAR_BARS = 30, MOST_PLACES = 8, BAR_PX = { least: 1, first: 8 };
const VOLUME_TOP = 0.8; // the volume stands in the lowest fifth

export class Chart {
  static available = Boolean(library.createChart);

  // frame: its data-from, data-to and data-candles tell what is in sight, by number, and how many there are; data-incomplete, how many candles
  // lack trades. legend: an element for the candle that is pointed at; word: one that is shown if that is incomplete. seen(): the trades that
  // the page has, oldest first. onView(), to be set: something else is in sight, or elsewhere
  constructor(client, { frame, legend, word }, seen) {
    Object.assign(this, { frame, legend, word, seen, onView() {}, candles: new Candles(client), pointed: null, drawn: 0, places: 2 });
    Object.assign(this, { times: [], blanks: [], judged: Infinity });
    this.chart = library.createChart(frame, { autoSize: true, ...BEHAVIOUR });
    this.price = this.chart.addSeries(library.CandlestickSeries, { borderVisible: true });
    this.volume = this.chart.addSeries(library.HistogramSeries, { priceScaleId: "", priceFormat: { type: "volume" }, priceLineVisible: false, lastValueVisible: false });
    this.volume.priceScale().applyOptions({ scaleMargins: { top: VOLUME_TOP, bottom: 0 } });
    this.price.priceScale().applyOptions({ scaleMargins: { top: 0.08, bottom: 1 - VOLUME_TOP + 0.04 } });
    this.marks = library.createSeriesMarkers(this.price, []);
    this.chart.subscribeCrosshairMove((event) => this.point(event.time ?? null));
    this.chart.timeScale().subscribeSizeChange(() => this.onView());
    this.chart.timeScale().subscribeVisibleLogicalRangeChange((range) => this.ranged(range));
    frame.addEventListener("keydown", (event) => this.key(event));
    setInterval(() => this.draw(), DRAW_MS);
    setInterval(() => this.refresh(), REFRESH_MS);
    this.paint();
  }

  // Colours are the style sheet's.
  paint() {
    const colour = (name) => resolve(this.frame, name);
    Object.assign(this, { rise: colour("--buy-soft"), fall: colour("--sell-soft"), warn: colour("--warn"), page: colour("--card") });
    const [text, line, buy, sell, page, accent] = ["--quiet", "--line", "--buy", "--sell", "--card", "--accent"].map(colour);
    this.chart.applyOptions({
      layout: { textColor: text, background: { color: page }, fontFamily: getComputedStyle(this.frame).fontFamily },
      grid: { vertLines: { color: line }, horzLines: { color: line } },
      crosshair: { vertLine: { color: text, labelBackgroundColor: text }, horzLine: { color: text, labelBackgroundColor: text } },
    });
    // A candle that rises is hollow: colour is not all that tells.
    this.price.applyOptions({
      upColor: page, downColor: sell, borderUpColor: buy, borderDownColor: sell, wickUpColor: buy, wickDownColor: sell, priceLineColor: accent,
    });
    this.drawAll();
  }

  // source: null is all of them
  async show(symbol, interval, source) {
    this.candles.list = [];
    this.drawAll();
    await this.candles.load(symbol, interval, source, this.seen());
    this.chart.applyOptions({ timeScale: { secondsVisible: this.candles.step < 60, timeVisible: this.candles.step < 86400 } });
    this.chart.timeScale().applyOptions({ barSpacing: BAR_PX.first });
    this.drawAll();
    this.chart.timeScale().scrollToRealTime();
  }

  // Out of sight, until a symbol is shown.
  rest() {
    this.candles.stop();
    this.drawAll();
  }

  add(trade) {
    this.candles.add(trade);
    this.stale = true;
  }

  // The last candles only: most of the time nothing else has changed.
  draw() {
    if (!this.stale) return;
    this.stale = false;
    const { list } = this.candles;
    if (list.length - this.drawn > 1 || list.length < this.drawn || this.leavesBlanks(list)) return this.drawAll();
    list.slice(Math.max(this.drawn - 1, 0)).forEach((candle) => this.drawOne(candle));
    this.drawn = list.length;
    this.tell();
  }

  leavesBlanks(list) {
    return list.length > this.drawn && blankTimes(list.slice(-2).map(timeOf), this.candles.step, this.blanks).length > 0;
  }

  drawOne(candle) {
    this.price.update(this.bar(candle));
    this.volume.update(this.column(candle));
    if (candle.time !== this.times.at(-1)) this.times.push(candle.time);
  }

  drawAll() {
    const { list } = this.candles;
    this.measure(list.at(-1));
    const times = list.map(timeOf), blanks = blankTimes(times, this.candles.step, this.blanks);
    this.times = blanks.length ? [...times, ...blanks].sort((one, other) => one - other) : times;
    this.price.setData(withBlanks(list.map((candle) => this.bar(candle)), blanks));
    this.volume.setData(list.map((candle) => this.column(candle)));
    this.mark(list.filter((candle) => this.lacks(candle)));
    this.drawn = list.length;
    this.tell();
    this.onView();
  }

  // Where nobody watched at all every candle may lack something, and it helps nobody to say so.
  lacks({ lacks, time }) {
    return lacks && (time + this.candles.step) * 1000 > this.judged;
  }

  bar(candle) {
    const { time, open, high, low, close } = candle;
    const colours = this.lacks(candle) ? { color: this.page, borderColor: this.warn, wickColor: this.warn } : {};
    return { time, open: Number(open), high: Number(high), low: Number(low), close: Number(close), ...colours };
  }

  // Colour is not all that tells, here as well.
  mark(candles) {
    this.frame.dataset.incomplete = candles.length;
    this.marks.setMarkers(candles.map(({ time }) => ({ time, position: "aboveBar", shape: "square", color: this.warn, size: 0.6 })));
  }

  // -- the axis of time

  // blanks: times, in s since 1970, when nobody knows what was traded: [{begin, end}], in order. They have room on the axis though there is no
  // candle. judged: since when something is known of the candles, in ms
  judge(blanks, judged) {
    if (JSON.stringify([blanks, judged]) === JSON.stringify([this.blanks, this.judged])) return;
    Object.assign(this, { blanks, judged });
    this.drawAll();
  }

  get width() {
    return this.chart.timeScale().width();
  }

  // Of a time in ms since 1970, in px from the left edge.
  place(ms) {
    if (this.times.length === 0) return -1;
    const place = placeOf(this.times, this.candles.step, ms / 1000), whole = Math.floor(place);
    const [left, right] = [whole, whole + 1].map((bar) => this.chart.timeScale().logicalToCoordinate(bar) ?? 0); // of whole numbers only
    return left + (place - whole) * (right - left);
  }

  // What is in sight: {begin, length} in ms, or null.
  get view() {
    const range = this.chart.timeScale().getVisibleLogicalRange();
    if (!range || this.times.length === 0) return null;
    const [begin, end] = [range.from, range.to].map((place) => timeAt(this.times, this.candles.step, place) * 1000);
    return { begin, length: end - begin };
  }

  column(candle) {
    return { time: candle.time, value: candle.volume, color: Number(candle.close) < Number(candle.open) ? this.fall : this.rise };
  }

  // The axis has as many decimals as the prices.
  measure(candle) {
    const places = Math.min(candle?.close.split(".")[1]?.length ?? 2, MOST_PLACES);
    if (places === this.places) return;
    this.places = places;
    this.price.applyOptions({ priceFormat: { type: "price", precision: places, minMove: 10 ** -places } });
  }

  async refresh() {
    const { symbol, interval, source, whole } = this.candles;
    if (!symbol || document.hidden) return;
    if (whole) await this.candles.refresh();
    else await this.candles.load(symbol, interval, source, this.seen());
    this.drawAll();
  }

  async ranged(range) {
    if (range) Object.assign(this.frame.dataset, { from: range.from.toFixed(1), to: range.to.toFixed(1) });
    this.onView();
    if (!range || range.from > NEAR_BARS || this.paging) return;
    this.paging = true;
    const more = await this.candles.older();
    this.paging = false;
    if (more) this.drawAll();
  }

  point(time) {
    this.pointed = time;
    this.tell();
  }

  tell() {
    const { list } = this.candles;
    this.frame.dataset.candles = list.length;
    const candle = (this.pointed !== null && list.find(({ time }) => time === this.pointed)) || list.at(-1);
    this.legend.hidden = !candle;
    this.word.hidden = !candle || !this.lacks(candle);
    if (!candle) return;
    const values = [candle.open, candle.high, candle.low, candle.close, volumeText(candle.volume)];
    [...this.legend.querySelectorAll("dd")].forEach((cell, i) => {
      if (cell.textContent !== values[i]) cell.textContent = values[i];
    });
  }

  key(event) {
    const act = KEYS[event.key];
    if (!act || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    act(this.chart.timeScale());
  }
}

// A gateway that was restarted may have been built with the charting library by now.
export async function lookForChart() {
  const library = await fetch("charts.js", { cache: "no-cache" }).catch(() => null);
  if (library?.ok && (await library.text())) location.reload();
}

export const BEHAVIOUR = {
  // The notice and the link that the licence asks for are in the page's footer: the library's own logo brings a <style> with it, which
  // the page's policy forbids.
  layout: { attributionLogo: false, fontSize: 11 },
  handleScroll: { vertTouchDrag: false }, // a finger on the chart scrolls the page
  rightPriceScale: { borderVisible: false },
  timeScale: { borderVisible: false, rightOffset: 4, minBarSpacing: BAR_PX.least },
};

// What a scale is to show from its next frame on: keys may come faster than frames.
const asked = new WeakMap();

function visible(scale) {
  return asked.get(scale) ?? scale.getVisibleLogicalRange() ?? { from: 0, to: 0 };
}

function show(scale, range) {
  asked.set(scale, range);
  scale.setVisibleLogicalRange(range);
  requestAnimationFrame(() => asked.get(scale) === range && asked.delete(scale));
}

// What was asked for before counts no longer.
function freed(scale) {
  asked.delete(scale);
  return scale;
}

function pan(scale, part) {
  const { from, to } = visible(scale);
  const by = (to - from) * part;
  show(scale, { from: from + by, to: to + by });
}

// The right edge stays where it is.
function zoom(scale, factor) {
  const { from, to } = visible(scale);
  show(scale, { from: to - Math.max((to - from) * factor, 5), to });
}

export const KEYS = {
  ArrowLeft: (scale) => pan(scale, -0.1),
  ArrowRight: (scale) => pan(scale, 0.1),
  "+": (scale) => zoom(scale, 0.8),
  "=": (scale) => zoom(scale, 0.8),
  "-": (scale) => zoom(scale, 1.25),
  Home: (scale) => freed(scale).fitContent(),
  End: (scale) => freed(scale).scrollToRealTime(),
};

const timeOf = ({ time }) => time;

// Bars without a price where there is no candle.
function withBlanks(bars, blanks) {
  return blanks.length ? [...bars, ...blanks.map((time) => ({ time }))].sort((one, other) => one.time - other.time) : bars;
}

const volumeText = (volume) => volume.toLocaleString("en", { maximumSignificantDigits: 6, useGrouping: false });

// What a colour of the style sheet is in the theme of now, in a form that a canvas understands.
export function resolve(element, name) {
  const probe = document.createElement("i");
  probe.style.color = `var(${name})`;
  element.append(probe);
  const { color } = getComputedStyle(probe);
  probe.remove();
  return color;
}
