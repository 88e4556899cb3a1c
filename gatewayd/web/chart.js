// Price and volume, drawn by the charting library. Where that could not be had when the program was built, charts.js is empty, and the
// page has no chart.

import * as library from "./charts.js";
import { Candles } from "./candles.js";

const DRAW_MS = 100, REFRESH_MS = 5000, NEAR_BARS = 30, MOST_PLACES = 8, BAR_PX = { least: 1, first: 8 };
const VOLUME_TOP = 0.8; // the volume stands in the lowest fifth

export class Chart {
  static available = Boolean(library.createChart);

  // frame: its data-from, data-to and data-candles tell what is in sight, by number, and how many there are. legend: an element for the candle
  // that is pointed at. seen(): the trades that the page has, oldest first
  constructor(client, frame, legend, seen) {
    Object.assign(this, { frame, legend, seen, candles: new Candles(client), pointed: null, drawn: 0, places: 2 });
    this.chart = library.createChart(frame, { autoSize: true, ...BEHAVIOUR });
    this.price = this.chart.addSeries(library.CandlestickSeries, { borderVisible: true });
    this.volume = this.chart.addSeries(library.HistogramSeries, { priceScaleId: "", priceFormat: { type: "volume" }, priceLineVisible: false, lastValueVisible: false });
    this.volume.priceScale().applyOptions({ scaleMargins: { top: VOLUME_TOP, bottom: 0 } });
    this.price.priceScale().applyOptions({ scaleMargins: { top: 0.08, bottom: 1 - VOLUME_TOP + 0.04 } });
    this.chart.subscribeCrosshairMove((event) => this.point(event.time ?? null));
    this.chart.timeScale().subscribeVisibleLogicalRangeChange((range) => this.ranged(range));
    frame.addEventListener("keydown", (event) => this.key(event));
    setInterval(() => this.draw(), DRAW_MS);
    setInterval(() => this.refresh(), REFRESH_MS);
    this.paint();
  }

  // Colours are the style sheet's.
  paint() {
    const colour = (name) => resolve(this.frame, name);
    Object.assign(this, { rise: colour("--buy-soft"), fall: colour("--sell-soft") });
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

  async show(symbol, interval) {
    this.candles.list = [];
    this.drawAll();
    await this.candles.load(symbol, interval, this.seen());
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
    if (list.length - this.drawn > 1 || list.length < this.drawn) this.drawAll();
    else list.slice(Math.max(this.drawn - 1, 0)).forEach((candle) => this.drawOne(candle));
    this.drawn = list.length;
    this.tell();
  }

  drawOne(candle) {
    this.price.update(bar(candle));
    this.volume.update(this.column(candle));
  }

  drawAll() {
    const { list } = this.candles;
    this.measure(list.at(-1));
    this.price.setData(list.map(bar));
    this.volume.setData(list.map((candle) => this.column(candle)));
    this.drawn = list.length;
    this.tell();
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
    const { symbol, interval, complete } = this.candles;
    if (!symbol || document.hidden) return;
    if (complete) await this.candles.refresh();
    else await this.candles.load(symbol, interval, this.seen());
    this.drawAll();
  }

  async ranged(range) {
    if (range) Object.assign(this.frame.dataset, { from: range.from.toFixed(1), to: range.to.toFixed(1) });
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

export const BEHAVIOUR = {
  // The notice and the link that the licence asks for are in the page's footer: the library's own logo brings a <style> with it, which
  // the page's policy forbids.
  layout: { attributionLogo: false, fontSize: 11 },
  handleScroll: { vertTouchDrag: false }, // a finger on the chart scrolls the page
  rightPriceScale: { borderVisible: false },
  timeScale: { borderVisible: false, rightOffset: 4, minBarSpacing: BAR_PX.least },
};

function pan(scale, part) {
  const { from, to } = scale.getVisibleLogicalRange() ?? { from: 0, to: 0 };
  const by = (to - from) * part;
  scale.setVisibleLogicalRange({ from: from + by, to: to + by });
}

// The right edge stays where it is.
function zoom(scale, factor) {
  const { from, to } = scale.getVisibleLogicalRange() ?? { from: 0, to: 0 };
  scale.setVisibleLogicalRange({ from: to - Math.max((to - from) * factor, 5), to });
}

export const KEYS = {
  ArrowLeft: (scale) => pan(scale, -0.1),
  ArrowRight: (scale) => pan(scale, 0.1),
  "+": (scale) => zoom(scale, 0.8),
  "=": (scale) => zoom(scale, 0.8),
  "-": (scale) => zoom(scale, 1.25),
  Home: (scale) => scale.fitContent(),
  End: (scale) => scale.scrollToRealTime(),
};

const bar = ({ time, open, high, low, close }) => ({ time, open: Number(open), high: Number(high), low: Number(low), close: Number(close) });
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
