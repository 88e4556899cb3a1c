// Prints the trades of a symbol; after a lost connection it resumes exactly where it was.
//
//     npm install ws && node watch.mjs ws://127.0.0.1:8080/ws BTC-USD
import WebSocket from "ws";

const [url, symbol] = process.argv.slice(2);
const cursors = {}; // the last cursor of each source: all that has to be remembered

// JSON.parse would round a decimal to a double: this is its text, as the exchange sent it.
const decimal = (text, name) => text.match(new RegExp(`"${name}":(-?[0-9.eE+-]+)`))[1];

function take(text) {
  const { id, method, params, result, error } = JSON.parse(text);
  if (error) {
    throw new Error(error.message);
  } else if (id === 1) {
    Object.assign(cursors, { ...result.cursors, ...cursors });
  } else if (method === "trades.update") {
    cursors[params.source] = `${params.epoch}-${params.seq}`;
    console.log(cursors[params.source], params.symbol, params.side, decimal(text, "qty"), decimal(text, "price"));
  } else if (method === "trades.gap") {
    console.error("missed:", params.missing, "trades from", params.from, "to", params.to);
  }
}

function connect() {
  const socket = new WebSocket(url);
  socket.on("open", () => {
    const since = Object.keys(cursors).length ? { since: cursors } : {};
    socket.send(JSON.stringify({ jsonrpc: "2.0", id: 1, method: "subscribe", params: { channel: "trades", symbol, ...since } }));
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
