// Where a time stands on the chart, whose axis counts bars: an interval without trades has none, so time jumps from one to the next.

const MOST_BLANKS = 60; // bars without a candle in one place

// The index of the last of `times` that is not after a time, -1: there is none.
function find(times, time) {
  let low = 0, high = times.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (times[middle] <= time) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

// As the chart counts: a bar reaches from half a place before its number to half a place behind. Times are in s since 1970, `step` is a bar's.
export function placeOf(times, step, time) {
  const at = find(times, time);
  if (at < 0) return (time - times[0]) / step - 0.5;
  const part = (time - times[at]) / step;
  return at - 0.5 + (at === times.length - 1 ? part : Math.min(part, 1));
}

export function timeAt(times, step, place) {
  const at = Math.min(Math.max(Math.floor(place + 0.5), 0), times.length - 1);
  return times[at] + (place + 0.5 - at) * step;
}

// The times that have no candle and are to have a bar all the same, as nobody knows what was traded then: those between two candles that are in
// `blanks`, [{begin, end}] in s, in order. Of a long blank as many as there is room for.
export function blankTimes(candles, step, blanks) {
  const times = [];
  for (const { begin, end } of blanks) {
    const first = find(candles, begin);
    for (let at = Math.max(first, 0); at < candles.length - 1 && candles[at] < end; at++) {
      const from = Math.max(candles[at] + step, Math.floor(begin / step) * step), to = Math.min(candles[at + 1], Math.ceil(end / step) * step);
      const stride = Math.max(Math.ceil((to - from) / step / MOST_BLANKS), 1) * step;
      for (let time = from; time < to; time += stride) if (time > (times.at(-1) ?? 0)) times.push(time);
    }
  }
  return times;
}
