// The last trades of a symbol, from all its sources, and where some are missing.

const KEEP = 5000, TRIM = 500;

// What stands where trades are missing; upstream: at the exchange's side.
export function lacking({ source, missing, upstream }) {
  const many = missing === null ? "Trades may be missing here" : `${missing.toLocaleString("en")} trades are missing here`;
  if (upstream) return `${many}: ${source} did not deliver them`;
  return missing === null ? `${many}: the journal was lost` : many;
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
