/** Runs in a network and mount namespace: addresses, names, servers, and the command. Prints what happened. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { useLoopback, useNames } from "../namespace.ts";
import { startDnsServer } from "./dns-server.ts";
import * as inputs from "./inputs.ts";

const MAIN = fileURLToPath(new URL("../../../cli/main.ts", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "fetchonce-contained-"));

useLoopback([
  ...inputs.PRIVATE_V4.filter((each) => !each.startsWith("127.")),
  inputs.PUBLIC_V4,
  ...inputs.PRIVATE_V6.filter((each) => each !== "::1"),
  inputs.PUBLIC_V6,
]);
useNames(folder, inputs.HOSTS);
const stopDns = await startDnsServer({ "rebound.example": ["127.0.0.1", "10.0.0.1"] });

/** Where requests arrived. */
const reached = new Set<string>();
const origin = createServer((request, response) => {
  const { localAddress, localPort } = request.socket;
  reached.add(`${String(localAddress).replace("::ffff:", "")} ${localPort}`);
  const target = request.url?.startsWith("/to/") ? decodeURIComponent(request.url.slice("/to/".length)) : undefined;
  if (target === undefined) response.end(`the body of ${request.url}`);
  else response.writeHead(302, { location: target }).end();
});
const servers = [
  origin,
  ...inputs.OTHER_PORTS.map(() => createServer((...exchange) => origin.emit("request", ...exchange))),
];
for (const [index, server] of servers.entries()) {
  server.listen(index === 0 ? inputs.PORT : inputs.OTHER_PORTS[index - 1], "::");
  await once(server, "listening");
}

const list = join(folder, "list.txt");
writeFileSync(list, [...inputs.REFUSED, ...inputs.FETCHED].map((url) => `${url}\n`).join(""));
const out = join(folder, "out");
const command = spawn(process.execPath, [MAIN, "get", list, "--out", out, "--quiet"], {
  stdio: ["ignore", "ignore", "inherit"],
});
const [exitCode] = (await once(command, "exit")) as [number | null];

const results = readFileSync(join(out, "results.jsonl"), "utf8").trimEnd().split("\n");
process.stdout.write(
  JSON.stringify({
    exitCode,
    reached: [...reached].sort(),
    results: results.map((line) => JSON.parse(line) as unknown),
  }),
);
stopDns();
for (const server of servers) {
  server.close();
  server.closeAllConnections();
}
rmSync(folder, { recursive: true });
