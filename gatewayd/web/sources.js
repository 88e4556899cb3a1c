// How the sources are: in one line for those of the symbol shown, and all of them in a table.

const element = (name, text, className = "") => Object.assign(document.createElement(name), { textContent: text, className });

// [class, word]. symbol: one of trades, or <channel>.<key>
export function judge(source, symbol) {
  if (!source.connected) return ["down", source.reason || "not connected"];
  const filling = source.backfill?.[symbol];
  if (filling) return ["filling", `backfilling ${filling.missing === null ? "" : Number(filling.missing).toLocaleString("en")}${filling.late ? ", late" : ""}`];
  if (source.failing?.[symbol]) return ["stale", `not subscribed: ${source.failing[symbol]}`];
  if (symbol in source.stale) return ["stale", `no ${symbol.includes(".") ? "record" : "trade"} for ${span(source.stale[symbol])}`];
  if (source.active === false) return ["spare", "standby"];
  return ["up", "connected"];
}

export function span(seconds) {
  const units = [[86400, "d"], [3600, "h"], [60, "min"], [1, "s"]];
  const [length, unit] = units.find(([length]) => seconds >= length) ?? [1, "s"];
  return `${Math.floor(seconds / length)} ${unit}`;
}

export class Sources {
  // button: says how many are connected; line: those of the symbol; body: the rows of the table of all
  constructor(button, line, body) {
    Object.assign(this, { button, line, body, text: "" });
  }

  // offering: the names of those that offer the symbol
  show(sources, offering, symbol) {
    const now = JSON.stringify([sources, offering, symbol]);
    if (now === this.text) return;
    this.text = now;
    const up = sources.filter((source) => source.connected).length;
    this.button.textContent = `Sources ${up}/${sources.length}`;
    this.button.dataset.state = up === sources.length ? "up" : "down";
    this.line.replaceChildren(...sources.filter(({ name }) => offering.includes(name)).slice(0, 4).map((source) => chip(source, symbol)));
    this.body.replaceChildren(...sources.map((source) => row(source, symbol)));
  }
}

function chip(source, symbol) {
  const [state, word] = judge(source, symbol);
  const item = element("li", "", `source ${state}`);
  item.append(element("b", source.name), element("span", word), meter(source.health));
  return item;
}

function row(source, symbol) {
  const [state, word] = judge(source, symbol);
  const line = document.createElement("tr");
  const health = element("td", "");
  health.append(meter(source.health), String(source.health));
  const name = element("th", source.name);
  name.scope = "row";
  const since = source.since.slice(0, 19).replace("T", " ");
  line.append(name, element("td", word, `source ${state}`), health, element("td", source.breaker.replace("_", " ")), element("td", source.symbols), element("td", since));
  return line;
}

export function meter(health) {
  const item = element("meter", `${health} of 100`);
  Object.assign(item, { min: 0, max: 100, low: 40, high: 65, optimum: 100, value: health });
  item.setAttribute("aria-label", `health ${health} of 100`);
  item.title = `health ${health} of 100`;
  return item;
}
