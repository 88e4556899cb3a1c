// A broadcast server as one writes it with ws: what comes in at /publish goes out to everyone else. node broadcast.mjs PORT MODULES
import { createRequire } from "node:module";

const { WebSocketServer, WebSocket } = createRequire(process.argv[3] + "/")("ws");
const server = new WebSocketServer({ host: "127.0.0.1", port: Number(process.argv[2]), perMessageDeflate: false });

server.on("connection", (socket, request) => {
    socket.on("error", () => {});
    if (request.url !== "/publish") return;
    server.clients.delete(socket);
    socket.on("message", (data) => {
        for (const client of server.clients) if (client.readyState === WebSocket.OPEN) client.send(data, { binary: false });
    });
});
