// Drives Chromium for whoever writes a line of JSON to it, {"do": verb, …}, and answers each with one: {"value": …} or {"error": …}.
// usage: node driver.mjs NODE_MODULES CHROMIUM

import { createRequire } from "node:module";
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";

const [, , modules, chromium] = process.argv;
const require = createRequire(`${modules}/`);
const { chromium: engine } = require("playwright-core");
const PATIENCE_MS = 120000;
const FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync",
  "--disable-dev-shm-usage", "--hide-scrollbars", "--enable-precise-memory-info"];
// From the page's first moment: what would be lost when asked for later.
const WATCH = `document.addEventListener("securitypolicyviolation", (event) => (window.violations ??= []).push(event.violatedDirective + " " + event.blockedURI));`;

const browser = await engine.launch({ executablePath: chromium, args: FLAGS, timeout: PATIENCE_MS });
let page, complaints = [], sockets = [], answers = {}, asked = [];

// Between the page and its gateway: what is in `answers` is answered here, a method's result or error, or members that the gateway's own result is
// to have as well.
function listenIn(socket) {
  const gateway = socket.connectToServer(), methods = new Map();
  sockets.push(socket);
  socket.onMessage((text) => {
    const { id, method, params } = JSON.parse(text);
    asked.push({ method, params });
    methods.set(id, method);
    const answer = answers[method];
    if (answer?.result || answer?.error) socket.send(JSON.stringify({ jsonrpc: "2.0", id, ...answer }));
    else gateway.send(text);
  });
  gateway.onMessage((text) => socket.send(changed(text, methods)));
}

// The text of numbers stays as it came: members are added within it.
function changed(text, methods) {
  const [, id] = /^\{"jsonrpc":"2.0","id":([0-9]+),"result":/.exec(text) ?? [];
  const changes = answers[methods.get(Number(id))]?.replace ?? [];
  return changes.reduce((all, [pattern, by]) => all.replace(new RegExp(pattern, "g"), by), text);
}

const verbs = {
  async leave() {
    await page?.context().close();
    page = undefined;
    [sockets, answers, asked] = [[], {}, []];
  },
  async open({ url, width = 1280, height = 800, dark = false, phone = false, trusting = false, empty, answering }) {
    await verbs.leave();
    Object.assign(answers, answering);
    complaints = [];
    const context = await browser.newContext({ viewport: { width, height }, colorScheme: dark ? "dark" : "light", hasTouch: phone, isMobile: phone, deviceScaleFactor: 1, ignoreHTTPSErrors: trusting });
    page = await context.newPage();
    page.setDefaultTimeout(PATIENCE_MS);
    await page.addInitScript(WATCH);
    if (answering) await page.routeWebSocket(/\/ws$/, listenIn);
    if (empty) await page.route(empty, (route) => route.fulfill({ contentType: "text/javascript", body: "" }));
    page.on("console", (message) => ["error", "warning"].includes(message.type()) && complaints.push(message.text()));
    page.on("pageerror", (error) => complaints.push(String(error)));
    await page.goto(url);
  },
  // Of a page that was opened with `answering`.
  answer: (how) => void Object.assign(answers, how.answers),
  tell: ({ method, params }) => sockets.at(-1).send(JSON.stringify({ jsonrpc: "2.0", method, params })),
  asked: ({ method }) => asked.filter((call) => call.method === method).map(({ params }) => params),
  hover: ({ selector }) => page.hover(selector),
  point: ({ at: [x, y] }) => page.mouse.move(x, y),
  fill: ({ pattern }) => page.unroute(pattern),
  // A page that reloads itself meanwhile is asked again.
  evaluate: ({ script }) => page.evaluate(script).catch((error) => (/context was destroyed/.test(error) ? verbs.evaluate({ script }) : Promise.reject(error))),
  press: ({ key }) => page.keyboard.press(key),
  type: ({ text }) => page.keyboard.type(text),
  click: ({ selector }) => page.click(selector),
  tap: ({ selector }) => page.tap(selector),
  wheel: async ({ selector, by }) => {
    await page.hover(selector);
    await page.mouse.wheel(0, by);
  },
  screenshot: ({ path }) => page.screenshot({ path }).then(() => path),
  complaints: async () => [...complaints, ...((await page?.evaluate("window.violations ?? []")) ?? [])],
  trace: () => browser.startTracing(page, { categories: ["toplevel", "__metadata"] }),
  // Of each second since the trace began, what the longest task of a page took, in ms of the processor's time: the clock's tells what else
  // the machine does.
  async tasks() {
    const { traceEvents } = JSON.parse(String(await browser.stopTracing()));
    const thread = ({ pid, tid }) => `${pid} ${tid}`;
    const pages = new Set(traceEvents.filter((event) => event.name === "thread_name" && event.args.name === "CrRendererMain").map(thread));
    const longest = new Map();
    for (const event of traceEvents.filter((event) => event.name === "ThreadControllerImpl::RunTask" && pages.has(thread(event)))) {
      const second = Math.floor(event.ts / 1e6);
      longest.set(second, Math.max(longest.get(second) ?? 0, (event.tdur ?? 0) / 1000));
    }
    return [...longest.values()];
  },
  async axe() {
    await page.evaluate(readFileSync(require.resolve("axe-core/axe.min.js"), "utf8"));
    return page.evaluate(`axe.run().then(({ violations }) => violations.map(({ id, impact, nodes }) => ({ id, impact, nodes: nodes.map((node) => node.html.slice(0, 200) + " " + node.failureSummary) })))`);
  },
};

for await (const line of createInterface({ input: process.stdin })) {
  const command = JSON.parse(line);
  let answer;
  try {
    answer = { value: (await verbs[command.do](command)) ?? null };
  } catch (error) {
    answer = { error: String(error) };
  }
  process.stdout.write(JSON.stringify(answer) + "\n");
}
await browser.close();
