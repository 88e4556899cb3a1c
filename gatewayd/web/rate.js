// How many a second, over the last seconds.

export const TICK_MS = 250;
const TICKS = 20;

export class Rate {
  constructor() {
    this.clear();
  }

  clear() {
    this.ticks = [0];
  }

  add(count = 1) {
    this.ticks[0] += count;
  }

  // Another tick begins. What the rate was, as text.
  tick() {
    const { ticks } = this;
    const sum = ticks.reduce((all, count) => all + count, 0);
    this.ticks = [0, ...ticks.slice(0, TICKS - 1)];
    return (sum / ticks.length / (TICK_MS / 1000)).toFixed(1);
  }
}
