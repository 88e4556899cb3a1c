// JSON whose numbers stay the text that came: 21.50 is not 21.5, and 0.1 + 0.2 is nobody's business.

export class Exact {
  constructor(text) {
    this.text = text;
  }

  toString() {
    return this.text;
  }

  valueOf() {
    return Number(this.text);
  }
}

// Outside of strings a number becomes a string that begins with a mark; a string that began with it gets a second one. Names
// are left alone.
const TOKEN = /"[^"\\]*(?:\\.[^"\\]*)*":?|-?[0-9][0-9.eE+-]*/g;
const MARK = "\u0001", ESCAPED = "\\u0001";

function mark(token) {
  if (token[0] !== '"') return `"${ESCAPED}${token}"`;
  return token.startsWith(`"${ESCAPED}`) && !token.endsWith(":") ? `"${ESCAPED}${token.slice(1)}` : token;
}

function unmark(_, value) {
  if (typeof value !== "string" || value[0] !== MARK) return value;
  return value[1] === MARK ? value.slice(1) : new Exact(value.slice(1));
}

export const parseExact = (text) => JSON.parse(text.replace(TOKEN, mark), unmark);

const holds = (value) => value !== null && typeof value === "object" && !(value instanceof Exact);

// As it came, without white space.
export function print(value) {
  if (value instanceof Exact) return value.text;
  if (Array.isArray(value)) return `[${value.map(print).join(",")}]`;
  if (!holds(value)) return JSON.stringify(value);
  const members = Object.entries(value).map(([name, inner]) => `${JSON.stringify(name)}:${print(inner)}`);
  return `{${members.join(",")}}`;
}

// What a cell shows of a value: a string without its quotes.
export const shown = (value) => (value === undefined ? "" : typeof value === "string" ? value : print(value));

// The members of an object by their path; those of an object in it have a path of two names.
const BETWEEN = "\u0000";

export function members(data) {
  const found = new Map();
  for (const [name, value] of Object.entries(data)) {
    const inner = holds(value) && !Array.isArray(value) ? Object.entries(value) : [];
    if (inner.length === 0) found.set(name, value);
    for (const [second, part] of inner) found.set(name + BETWEEN + second, part);
  }
  return found;
}

export const label = (path) => path.replace(BETWEEN, ".");
