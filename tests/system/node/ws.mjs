// Node's ws against a gateway: ["SendMessage", text] on stdin is sent, what happens goes to stdout, one JSON object a line. It comes back by
// itself, as @microsoft/signalr does in signalr.mjs, and like that leaves it to its user to subscribe again.
//
//     node ws.mjs URL
import { createRequire } from "node:module";
import { createInterface } from "node:readline";

const require = createRequire(process.env.NODE_MODULES_BESIDE);
const WebSocket = require("ws");

const RETRY_MS = 50;
const tell = (object) => process.stdout.write(JSON.stringify(object) + "\n");
let socket, started = false;

function connect() {
  socket = new WebSocket(process.argv[2]);
  socket.on("open", () => {
    tell({ event: started ? "reconnected" : "started" });
    started = true;
  });
  socket.on("message", (message) => tell({ message: String(message) }));
  socket.on("error", () => {}); // a close follows
  socket.on("close", () => {
    if (started) tell({ event: "reconnecting" });
    setTimeout(connect, RETRY_MS);
  });
}

connect();
for await (const line of createInterface({ input: process.stdin })) socket.send(JSON.parse(line)[1]);
process.exit();
