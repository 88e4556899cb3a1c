// Decimals as text, subtracted and divided digit for digit. Null of whatever is not one.

const BASIS = 10000n, HUNDREDTHS = 100n;
const MOST = 200; // digits

function read(text) {
  const [all, sign, whole, fraction = ""] = /^(-?)([0-9]+)(?:\.([0-9]+))?$/.exec(text) ?? [];
  if (all === undefined || all.length > MOST) return null;
  return { units: BigInt(sign + whole + fraction), places: fraction.length };
}

// In the units of the one with more places.
function align(a, b) {
  const [x, y] = [read(a), read(b)];
  if (!x || !y) return null;
  const places = Math.max(x.places, y.places);
  const scale = ({ units, places: own }) => units * 10n ** BigInt(places - own);
  return { x: scale(x), y: scale(y), places };
}

function write(units, places) {
  const sign = units > 0n ? "+" : units < 0n ? "−" : "";
  const digits = String(units < 0n ? -units : units).padStart(places + 1, "0");
  const point = digits.length - places;
  return sign + digits.slice(0, point) + (places ? `.${digits.slice(point)}` : "");
}

// a - b, exactly, with its sign.
export function difference(a, b) {
  const both = align(a, b);
  return both && write(both.x - both.y, both.places);
}

// (a - b) / b in hundredths of a percent, with two decimals, half of one away from zero.
export function basisPoints(a, b) {
  const both = align(a, b);
  if (!both || both.y <= 0n) return null;
  const part = (both.x - both.y) * BASIS * HUNDREDTHS, half = part < 0n ? -both.y / 2n : both.y / 2n;
  return write((part + half) / both.y, 2);
}
