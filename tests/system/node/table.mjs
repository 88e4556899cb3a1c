// The trades table of a web client that was written for the .NET server, without its framework, on @microsoft/signalr. It
// trusts what comes as such a client does: a result of another form is a TypeError. Commands come on stdin, one a line,
// [NUMBER, COMMAND, …]; what became of each, {"number":NUMBER,…}, and what the page would show goes to stdout.
//
//     node table.mjs URL
//     call METHOD PARAMS     tells the result, or the error's code, message and data
//     load PARAMS            fills the table by getRecentTrades, tells its rows
//     send TEXT              as it is; every message that comes is told, too
import { createRequire } from "node:module";
import { createInterface } from "node:readline";

const require = createRequire(process.env.NODE_MODULES_BESIDE);
const { HubConnectionBuilder, LogLevel } = require("@microsoft/signalr");
const tell = (object) => process.stdout.write(JSON.stringify(object) + "\n");

class TradeService {
  pending = new Map();
  lastId = 0;

  constructor(url, view) {
    this.view = view;
    this.connection = new HubConnectionBuilder().withUrl(url).withAutomaticReconnect().configureLogging(LogLevel.None).build();
    this.connection.on("ReceiveMessage", (text) => this.receive(text));
  }

  request(method, params) {
    const id = String(++this.lastId);
    const answer = new Promise((resolve, reject) => this.pending.set(id, { resolve, reject }));
    const sent = this.connection.invoke("SendMessage", JSON.stringify({ jsonrpc: "2.0", id, method, params }));
    return Promise.all([answer, sent]).then(([result]) => result);
  }

  receive(text) {
    const message = JSON.parse(text);
    tell({ message: text });
    const waiting = this.pending.get(message.id); // a Map tells "1" from 1
    if (waiting) {
      this.pending.delete(message.id);
      message.error ? waiting.reject(message.error) : waiting.resolve(message.result);
    } else if (message.method) {
      this.view(message.method, message.params);
    }
  }
}

// Of the view

const row = (trade) => ({
  at: new Date(trade.timestamp).getTime(),
  time: trade.timestamp,
  id: trade.tradeId,
  side: trade.side.toUpperCase(),
  price: trade.price.toFixed(2),
  value: trade.price * trade.qty,
  number: trade.seqnum + 0,
});

const notifications = {
  "trades.update": (trade) => tell({ row: row(trade), event: trade.event, channel: trade.channel, symbol: trade.symbol }),
  "connection.lost": ({ source, reason }) => tell({ banner: `${source.toUpperCase()} is lost: ${reason.trim()}` }),
  "connection.restored": ({ source }) => tell({ banner: `${source.toUpperCase()} is back` }),
};

const service = new TradeService(process.argv[2], (method, params) => notifications[method]?.(params));

async function load(params) {
  const historicalTrades = await service.request("getRecentTrades", params);
  return historicalTrades.filter((trade) => trade.symbol === params.symbol && trade.channel === "trades").map(row);
}

const commands = {
  call: async (method, params) => ({ result: await service.request(method, params) }),
  load: async (params) => ({ rows: await load(params) }),
  send: async (text) => ({ sent: await service.connection.invoke("SendMessage", text) }),
};

const failed = (error) =>
  error instanceof Error ? { crashed: String(error) } : { code: error.code, message: error.message, data: error.data };

await service.connection.start();
tell({ event: "started" });
for await (const line of createInterface({ input: process.stdin })) {
  const [number, command, ...more] = JSON.parse(line);
  commands[command](...more).then((told) => tell({ number, ...told }), (error) => tell({ number, error: failed(error) }));
}
await service.connection.stop();
