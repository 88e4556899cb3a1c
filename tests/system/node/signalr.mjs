// @microsoft/signalr against a gateway, as a program written for the .NET server would use it. Commands come on stdin, one a line: a
// JSON-RPC request; what happens goes to stdout, one JSON object a line.
//
//     node signalr.mjs URL [skip]      skip: without negotiation
import { createRequire } from "node:module";
import { createInterface } from "node:readline";

const require = createRequire(process.env.NODE_MODULES_BESIDE);
const { HubConnectionBuilder, HttpTransportType, LogLevel } = require("@microsoft/signalr");

const [url, skip] = process.argv.slice(2);
const options = skip ? { skipNegotiation: true, transport: HttpTransportType.WebSockets } : {};
const token = process.env.ACCESS_TOKEN;
if (token) options.accessTokenFactory = () => token;
const tell = (object) => process.stdout.write(JSON.stringify(object) + "\n");

const connection = new HubConnectionBuilder()
  .withUrl(url, options)
  .withAutomaticReconnect(Array(600).fill(50))
  .configureLogging(LogLevel.None)
  .build();
connection.on("ReceiveMessage", (message) => tell({ message }));
connection.onreconnecting((error) => tell({ event: "reconnecting", error: String(error) }));
connection.onreconnected(() => tell({ event: "reconnected" }));
connection.onclose((error) => tell({ event: "closed", error: error && String(error) }));
await connection.start();
tell({ event: "started" });

for await (const line of createInterface({ input: process.stdin })) {
  const [method, ...args] = JSON.parse(line);
  if (method === "stop") await connection.stop();
  else
    connection.invoke(method, ...args).then(
      () => tell({ event: "completed" }),
      (error) => tell({ event: "failed", error: String(error) }),
    );
}
await connection.stop();
