/** What is waited for is shown. */
import { once } from "node:events";
import { createServer } from "node:http";
import { expect, it, onTestFinished } from "vitest";
import { loopbackEndpoint } from "../../../local/shared/loopback.ts";
import { jsonLine } from "../../json-lines.ts";
import { Bench, soon } from "./support.ts";

/** An origin that sends each file's first GET away for so long. */
async function startBusyOrigin(retryAfterS: number): Promise<URL> {
  const sentAway = new Set<string>();
  const server = createServer(({ method, url = "" }, response) => {
    const isFirst = method === "GET" && !sentAway.has(url);
    if (isFirst) sentAway.add(url);
    response.writeHead(isFirst ? 503 : 200, { "retry-after": String(retryAfterS) }).end(`the body of ${url}`);
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  return new URL(loopbackEndpoint(server));
}

it("a run whose origin says Retry-After: 2 says what it waits for, and ends well", async () => {
  const origin = await startBusyOrigin(2);
  const bench = await Bench.start();
  const { code, stdout } = await bench.got([`${origin.href}a`, `${origin.href}b`]);
  const why = "the origin answered 503 Service Unavailable";
  expect(stdout).toMatch(
    new RegExp(`^Nothing can be done for now\\. 2 jobs wait: ${origin.host}: ${why}, next in [012]\\.\\d s$`, "m"),
  );
  expect(stdout.match(/Nothing can be done/g)).toHaveLength(1);
  expect(bench.results().map(({ state, attempts }) => [state, attempts])).toEqual([
    ["INDEXED", 2],
    ["INDEXED", 2],
  ]);
  expect(code).toBe(0);
});

it("a program is told, also by the run after the one that was sent away", async () => {
  const origin = await startBusyOrigin(3000);
  const bench = await Bench.start();
  const sentAway = { reason: "http_503", words: "the origin answered 503 Service Unavailable" };
  const stillResting = { reason: "host_resting", words: "its host has asked to wait" };
  for (const [args, why] of [
    [[`${origin.href}a`], sentAway],
    [[], stillResting],
  ] as const) {
    const command = bench.get([...args, "--json"]);
    await soon(() => {
      const lines = command.stdout.split("\n").filter(Boolean);
      const statuses = lines.map((line) => jsonLine.parse(JSON.parse(line))).filter(({ type }) => type === "status");
      expect(statuses.at(-1)).toMatchObject({ waiting: 1, waits: [{ host: origin.host, jobs: 1, ...why }] });
    });
    command.process.kill("SIGINT");
    expect((await command.ended()).code).toBe(130);
  }
});
