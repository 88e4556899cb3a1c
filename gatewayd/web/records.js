// The records of a channel's keys: subscribed to, each with its cursors, and continued after a loss.

import { members } from "./exact.js";

const LIMIT = -32001; // there are as many subscriptions as the gateway allows
const INVALID = -32602; // no source offers the key: none of those that the gateway has heard
const PATIENCE = 5; // how often a key is asked for that is not offered, on one connection

export class Records {
  // events: onRecord(record, live): the numbers of its data are Exact (exact.js), and `members` are the members of these;
  // onGap(gap); onJoin(key, again, cursors): after the records of the reply; onLeave(key); onFull(); onGone(key);
  // onRefused(message): it is asked again
  constructor(client, events) {
    Object.assign(this, { client, events, channel: null, keys: new Map(), parked: new Map(), refusals: new Map() });
  }

  open(channel) {
    this.follow([]);
    this.parked.clear();
    this.channel = channel;
  }

  // These keys and no others.
  follow(keys) {
    const wanted = new Set(keys);
    for (const key of [...this.keys.keys()].filter((key) => !wanted.has(key))) this.leave(key);
    for (const key of [...wanted].filter((key) => !this.keys.has(key))) {
      this.keys.set(key, this.parked.get(key) ?? {});
      this.parked.delete(key);
      if (this.client.open) this.join(key);
    }
  }

  leave(key) {
    this.keys.delete(key);
    this.call("unsubscribe", key).catch(() => {});
    this.events.onLeave(key);
  }

  // On another connection.
  rejoin() {
    this.refusals.clear();
    for (const key of this.keys.keys()) this.join(key);
  }

  call(method, key, params = {}) {
    return this.client.call(method, { channel: this.channel, symbol: key, ...params });
  }

  // As a client joins a symbol of trades. The cursors are another object each time a key is followed, which tells answers to an
  // earlier time apart.
  async join(key) {
    const cursors = this.keys.get(key);
    const again = Object.keys(cursors).length > 0;
    const current = () => this.keys.get(key) === cursors;
    try {
      const result = await this.call("subscribe", key, again ? { since: cursors } : { count: 1 });
      if (current()) this.joined(key, cursors, again, result);
    } catch (error) {
      if (current() && this.client.open) this.refused(key, current, error);
    }
  }

  joined(key, cursors, again, result) {
    for (const [source, cursor] of Object.entries(result.cursors)) cursors[source] ??= cursor;
    [...(result.records ?? [])].reverse().forEach((record) => this.events.onRecord(prepare(record), false));
    this.events.onJoin(key, again, result.cursors);
  }

  refused(key, current, { code, message }) {
    if (Number(code) === LIMIT) return this.giveUp(key, this.events.onFull);
    const refusals = Number(code) === INVALID ? (this.refusals.get(key) ?? 0) + 1 : 0;
    this.refusals.set(key, refusals);
    if (refusals >= PATIENCE) return this.giveUp(key, this.events.onGone);
    this.events.onRefused(message);
    this.client.again(() => current() && this.join(key));
  }

  // Whoever follows it again goes on from where it was.
  giveUp(key, tell) {
    this.parked.set(key, this.keys.get(key));
    this.keys.delete(key);
    this.refusals.delete(key);
    tell(key);
  }

  record(record) {
    const cursors = record.channel === this.channel && this.keys.get(record.key);
    if (!cursors) return;
    cursors[record.source] = `${record.epoch}-${record.seq}`;
    this.events.onRecord(prepare(record), true);
  }

  gap(gap) {
    if (gap.channel === this.channel && this.keys.has(gap.symbol)) this.events.onGap(gap);
  }
}

export function prepare(record) {
  return Object.assign(record, { epoch: Number(record.epoch), seq: Number(record.seq), members: members(record.data) });
}
