// The last trades of a symbol, from all its sources, and where some are missing.

import { when } from "./grid.js";

const KEEP = 5000, TRIM = 500;
const count = (number, noun) => `${number.toLocaleString("en")} ${noun}${number === 1 ? "" : "s"}`;

// What stands where trades are missing; upstream: of the exchange itself.
export function lacking({ source, missing, upstream }) {
  const many = missing === null ? "Trades" : count(missing, "trade");
  if (upstream) return `${many} of ${source} never came: ${when(upstream.from)} to ${when(upstream.to)}`;
  return missing === null ? "Trades may be missing here: the journal was lost" : `${many} ${missing === 1 ? "is" : "are"} missing here`;
}

export class Recent {
  constructor() {
    this.clear();
  }

  clear() {
    this.items = [];
  }

  add(item) {
    this.items.push(item);
    if (this.items.length > KEEP + TRIM) this.items.splice(0, TRIM);
  }

  // Null: of all. Oldest first.
  of(source) {
    return source === null ? this.items : this.items.filter((item) => item.source === source);
  }
}
