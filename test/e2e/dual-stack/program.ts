/** Runs in a network and mount namespace: addresses, routes, names, a server, and the command. Prints the results. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { ip, useLoopback, useNames } from "../namespace.ts";
import * as inputs from "./inputs.ts";

const MAIN = fileURLToPath(new URL("../../../cli/main.ts", import.meta.url));
const NOBODY = "02:00:00:00:00:99";
const folder = mkdtempSync(join(tmpdir(), "fetchonce-dual-stack-"));

useLoopback([inputs.ANSWERS_V4, inputs.ANSWERS_V6, inputs.REFUSES_V4, inputs.REFUSES_V6]);
// A cable whose other end takes no packet that is for another card.
ip("link add out type veth peer name far");
ip("link set out up");
ip("link set far up");
ip("addr add 8.8.1.1/32 dev out");
ip("-6 addr add 2606:4700:3::1/128 dev out nodad");
for (const address of [inputs.SILENT_V4, inputs.SILENT_V6]) {
  ip(`route add ${address} dev out`);
  ip(`neigh add ${address} lladdr ${NOBODY} dev out nud permanent`);
}
for (const address of [inputs.UNREACHABLE_V4, inputs.UNREACHABLE_V6]) ip(`route add unreachable ${address}`);
const hosts = [...inputs.FETCHED, ...inputs.FAILED];
useNames(
  folder,
  hosts.flatMap(({ name, addresses }) => addresses.map((address) => `${address} ${name}`)),
);

const servers = [inputs.ANSWERS_V4, inputs.ANSWERS_V6].map((address) =>
  createServer((request, response) => response.end(`the body of ${request.url}`)).listen(inputs.PORT, address),
);
await Promise.all(servers.map(async (server) => once(server, "listening")));

const list = join(folder, "list.txt");
writeFileSync(list, hosts.map((host) => `${inputs.urlOf(host)}\n`).join(""));
const out = join(folder, "out");
const command = spawn(process.execPath, [MAIN, "get", list, "--out", out, "--quiet", "--attempts", "2"], {
  stdio: ["ignore", "ignore", "inherit"],
});
const [exitCode] = (await once(command, "exit")) as [number | null];

const results = readFileSync(join(out, "results.jsonl"), "utf8").trimEnd().split("\n");
process.stdout.write(JSON.stringify({ exitCode, results: results.map((line) => JSON.parse(line) as unknown) }));
for (const server of servers) {
  server.close();
  server.closeAllConnections();
}
rmSync(folder, { recursive: true });
