// One member of a key's records over time, a line drawn by the charting library.

import * as library from "./charts.js";
import { BEHAVIOUR, KEYS, resolve } from "./chart.js";

const DRAW_MS = 100, MOST = 5000, TRIM = 500, MOST_PLACES = 8;

export class Plot {
  static available = Boolean(library.createChart);

  // frame: its data-points tells how many points there are. legend: told the point that is pointed at, or the last one
  constructor(frame, legend) {
    Object.assign(this, { frame, legend, points: [], drawn: 0, pointed: null, places: -1 });
    this.chart = library.createChart(frame, { autoSize: true, ...BEHAVIOUR });
    this.chart.applyOptions({ timeScale: { timeVisible: true, secondsVisible: true } });
    this.line = this.chart.addSeries(library.LineSeries, { lineWidth: 2, priceLineVisible: false });
    this.chart.subscribeCrosshairMove((event) => this.point(event.time ?? null));
    frame.addEventListener("keydown", (event) => this.key(event));
    const moves = () => (this.moved = true);
    for (const touch of ["wheel", "pointerdown"]) frame.addEventListener(touch, moves, { capture: true, passive: true });
    new ResizeObserver(() => requestAnimationFrame(() => this.fit())).observe(frame);
    setInterval(() => this.draw(), DRAW_MS);
    this.paint();
  }

  paint() {
    const [text, line, page, accent] = ["--quiet", "--line", "--card", "--accent"].map((name) => resolve(this.frame, name));
    const cross = { color: text, labelBackgroundColor: text };
    this.chart.applyOptions({
      layout: { textColor: text, background: { color: page }, fontFamily: getComputedStyle(this.frame).fontFamily },
      grid: { vertLines: { color: line }, horzLines: { color: line } },
      crosshair: { vertLine: cross, horzLine: cross },
    });
    this.line.applyOptions({ color: accent });
  }

  // points: [{time: s since 1970, value, text}], in any order
  show(points) {
    Object.assign(this, { points: [], places: -1 });
    points.forEach((point) => this.add(point));
    Object.assign(this, { all: true, moved: false });
    this.draw();
  }

  // In the order of time; of several at the same time the last one stands.
  add(point) {
    const { points } = this;
    let at = points.length;
    while (at > 0 && points[at - 1].time > point.time) at--;
    const same = at > 0 && points[at - 1].time === point.time;
    if (at < points.length) this.all = true;
    points.splice(same ? at - 1 : at, same ? 1 : 0, point);
    if (points.length > MOST + TRIM) {
      points.splice(0, TRIM);
      this.all = true;
    }
    this.measure(point.text);
    this.stale = true;
  }

  // The axis has as many decimals as the values.
  measure(text) {
    const places = Math.min(/e/i.test(text) ? MOST_PLACES : text.split(".")[1]?.length ?? 0, MOST_PLACES);
    if (places <= this.places) return;
    this.places = places;
    this.line.applyOptions({ priceFormat: { type: "price", precision: places, minMove: 10 ** -places } });
  }

  draw() {
    if (!this.stale && !this.all) return;
    const { points } = this;
    if (this.all) this.line.setData(points.map(bare));
    else points.slice(Math.max(this.drawn - 1, 0)).forEach((point) => this.line.update(bare(point)));
    Object.assign(this, { drawn: points.length, stale: false, all: false });
    this.fit();
    this.tell();
  }

  // All is in sight until one moves it.
  fit() {
    if (!this.moved) this.chart.timeScale().fitContent();
  }

  point(time) {
    this.pointed = time;
    this.tell();
  }

  tell() {
    this.frame.dataset.points = this.points.length;
    const point = (this.pointed !== null && this.points.find(({ time }) => time === this.pointed)) || this.points.at(-1);
    const text = point?.text ?? "";
    if (this.legend.textContent !== text) this.legend.textContent = text;
  }

  key(event) {
    const act = KEYS[event.key];
    if (!act || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    this.moved = event.key !== "Home";
    act(this.chart.timeScale());
  }
}

const bare = ({ time, value }) => ({ time, value });
