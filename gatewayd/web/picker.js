// A text field with a list of symbols, or of a channel's keys: type to narrow it, arrows and Enter or a click to pick.

const MOST = 200; // options drawn; who offers more says so

export const matches = (symbol, typed) => symbol.toUpperCase().includes(typed);

export class Picker {
  constructor(input, list, onPick) {
    Object.assign(this, { input, list, onPick, noun: "symbol", symbols: [], value: "", found: [], at: 0 });
    input.addEventListener("focus", () => this.open(""));
    input.addEventListener("click", () => this.list.hidden && this.open(""));
    input.addEventListener("input", () => this.open(input.value));
    input.addEventListener("blur", () => this.close());
    input.addEventListener("keydown", (event) => this.key(event));
    list.addEventListener("pointerdown", (event) => event.preventDefault()); // or the field would lose the focus, and the list close
    list.addEventListener("click", (event) => event.target.dataset.symbol && this.pick(event.target.dataset.symbol));
  }

  // What is picked: a symbol or a key.
  name(noun) {
    this.noun = this.input.dataset.noun = noun;
    this.input.placeholder = this.input.labels[0].textContent = noun[0].toUpperCase() + noun.slice(1);
    this.list.setAttribute("aria-label", `${this.input.placeholder}s`);
  }

  offer(symbols) {
    this.symbols = symbols;
    this.input.disabled = symbols.length === 0;
    if (!this.list.hidden) this.open(this.input.value === this.value ? "" : this.input.value);
  }

  show(symbol) {
    this.value = this.input.value = symbol;
  }

  open(wanted) {
    const typed = wanted.trim().toUpperCase();
    this.found = this.symbols.filter((symbol) => matches(symbol, typed));
    this.at = Math.max(this.found.indexOf(this.value), 0);
    if (!wanted) this.input.select();
    this.draw();
  }

  close() {
    this.list.hidden = true;
    this.input.setAttribute("aria-expanded", "false");
    this.input.removeAttribute("aria-activedescendant");
    this.input.value = this.value;
  }

  pick(symbol) {
    const changed = symbol !== this.value;
    this.show(symbol);
    this.input.blur(); // so that the page's shortcuts work again
    if (changed) this.onPick(symbol);
  }

  key(event) {
    const moves = { ArrowDown: 1, ArrowUp: -1, PageDown: 10, PageUp: -10 };
    if (event.key === "Escape") this.input.blur();
    else if (event.key === "Enter" && !this.list.hidden && this.found[this.at]) this.pick(this.found[this.at]);
    else if (moves[event.key]) this.move(moves[event.key]);
    else return;
    event.preventDefault();
  }

  move(by) {
    if (this.list.hidden) return this.open("");
    this.at = Math.min(Math.max(this.at + by, 0), Math.min(this.found.length, MOST) - 1);
    this.draw();
  }

  draw() {
    const options = this.found.slice(0, MOST).map((symbol, i) => this.option(symbol, i));
    if (this.found.length > MOST) options.push(note(`${this.found.length - MOST} more: type to narrow`));
    if (this.found.length === 0) options.push(note(`No such ${this.noun}`));
    this.list.replaceChildren(...options);
    this.list.hidden = false;
    this.input.setAttribute("aria-expanded", "true");
    if (this.found.length) this.input.setAttribute("aria-activedescendant", `symbol-${this.at}`);
    else this.input.removeAttribute("aria-activedescendant");
    this.list.children[this.at]?.scrollIntoView({ block: "nearest" });
  }

  option(symbol, i) {
    const option = note(symbol);
    Object.assign(option, { id: `symbol-${i}` });
    option.dataset.symbol = symbol;
    option.setAttribute("aria-selected", String(i === this.at));
    return option;
  }
}

function note(text) {
  const item = document.createElement("li");
  item.setAttribute("role", "option");
  item.textContent = text;
  return item;
}
