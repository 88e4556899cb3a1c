// The EventSource that @microsoft/signalr brings along, against a stream of events: what it hears goes to stdout, one JSON object a line. It comes
// back by itself.
//
//     node events.mjs URL
import { createRequire } from "node:module";

const beside = createRequire(process.env.NODE_MODULES_BESIDE);
const EventSource = createRequire(beside.resolve("@microsoft/signalr"))("eventsource");

const tell = (object) => process.stdout.write(JSON.stringify(object) + "\n");
const events = new EventSource(process.argv[2]);
events.onopen = () => tell({ event: "open" });
events.onmessage = (event) => tell({ event: "trade", id: event.lastEventId, data: event.data });
events.addEventListener("gap", (event) => tell({ event: "gap", data: event.data }));
events.onerror = (event) => tell({ event: "error", status: event.status, closed: events.readyState === EventSource.CLOSED });
process.stdin.on("end", () => process.exit()).resume();
