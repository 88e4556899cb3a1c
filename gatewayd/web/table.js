// A table that holds thousands of rows and draws only those in sight.

const ROW_PX = 28, KEEP = 5000;

export class Table {
  constructor(window, rows) {
    Object.assign(this, { window, rows, items: [], pool: [], dirty: false });
    window.addEventListener("scroll", () => this.touch());
    new ResizeObserver(() => this.touch()).observe(window);
  }

  clear() {
    this.items = [];
    this.window.scrollTop = 0;
    this.touch();
  }

  // Newest last in `items`; shown first. Who has scrolled down keeps what is in sight.
  add(item) {
    this.items.push(item);
    if (this.window.scrollTop > 0) this.window.scrollTop += ROW_PX;
    if (this.items.length > KEEP + 500) this.items.splice(0, 500);
    this.touch();
  }

  touch() {
    if (this.dirty) return;
    this.dirty = true;
    requestAnimationFrame(() => this.draw());
  }

  draw() {
    this.dirty = false;
    const count = Math.min(this.items.length, KEEP);
    const first = Math.floor(this.window.scrollTop / ROW_PX);
    const shown = Math.min(Math.ceil(this.window.clientHeight / ROW_PX) + 1, Math.max(count - first, 0));
    this.rows.style.height = `${count * ROW_PX}px`;
    while (this.pool.length < shown) this.pool.push(this.row());
    this.pool.forEach((row, i) => {
      row.hidden = i >= shown;
      if (i < shown) this.fill(row, this.items[this.items.length - 1 - first - i], first + i);
    });
  }

  row() {
    const row = document.createElement("div");
    for (let i = 0; i < 5; i++) row.append(document.createElement("span"));
    this.rows.append(row);
    return row;
  }

  fill(row, item, at) {
    row.style.transform = `translateY(${at * ROW_PX}px)`;
    row.className = `row ${item.gap ? "gap" : item.side}`;
    const cells = item.gap
      ? [item.gap, "", "", "", ""]
      : [item.timestamp.slice(11, 23), item.side === "buy" ? "▲ buy" : "▼ sell", item.price, item.qty, item.source];
    cells.forEach((text, i) => {
      if (row.children[i].textContent !== text) row.children[i].textContent = text;
    });
  }
}
