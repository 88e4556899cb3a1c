// Prints the trades of a symbol; after a lost connection it resumes exactly where it was.
//
//     npm install ws && node watch.mjs ws://127.0.0.1:8080/ws BTC-USD
import zlib from "node:zlib";
import WebSocket from "ws";

const [url, symbol] = process.argv.slice(2);
const UPDATE = '{"jsonrpc":"2.0","method":"trades.update","params":';
const cursors = {}; // the last cursor of each source: all that has to be remembered
let caught = {}; // of each source, until we are live: how many trades came, and the sum of their CRC-32

// JSON.parse would round a decimal to a double: this is its text, as the exchange sent it.
const decimal = (text, name) => text.match(new RegExp(`"${name}":(-?[0-9.eE+-]+)`))[1];

function count(sums, text) {
  if (!sums || !zlib.crc32) return; // Node.js has it since 20.15
  sums.count += 1;
  sums.sum = (sums.sum + zlib.crc32(text.slice(UPDATE.length, -1))) >>> 0;
}

function check(sums, mark) {
  if (sums && zlib.crc32 && (sums.count !== mark.count || sums.sum.toString(16).padStart(8, "0") !== mark.hash)) {
    throw new Error(`what came from ${mark.from} to ${mark.to} is not what was sent`);
  }
}

function take(text) {
  const { id, method, params, result, error } = JSON.parse(text);
  if (error) {
    throw new Error(error.message);
  } else if (id === 1) {
    Object.assign(cursors, { ...result.cursors, ...cursors });
    for (const source in result.cursors) caught[source] = { count: 0, sum: 0 };
  } else if (method === "trades.update") {
    cursors[params.source] = `${params.epoch}-${params.seq}`;
    count(caught[params.source], text);
    console.log(cursors[params.source], params.symbol, params.side, decimal(text, "qty"), decimal(text, "price"));
  } else if (method === "trades.live") {
    check(caught[params.source], params);
    delete caught[params.source];
  } else if (method === "trades.gap") {
    console.error("missed:", params.missing, "trades from", params.from, "to", params.to);
  }
}

function connect() {
  const socket = new WebSocket(url);
  socket.on("open", () => {
    caught = {};
    const since = Object.keys(cursors).length ? { since: cursors } : {};
    socket.send(JSON.stringify({ jsonrpc: "2.0", id: 1, method: "subscribe", params: { channel: "trades", symbol, mark: true, ...since } }));
  });
  socket.on("message", (data) => {
    try {
      take(data.toString());
    } catch (error) {
      console.error(error.message);
      socket.close();
    }
  });
  socket.on("error", (error) => console.error("lost:", error.message));
  socket.on("close", () => setTimeout(connect, 1000));
}

connect();
