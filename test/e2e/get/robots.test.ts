/** robots.txt is obeyed if --robots says so. */
import { once } from "node:events";
import { createServer, type RequestListener } from "node:http";
import { expect, it, onTestFinished } from "vitest";
import { loopbackEndpoint } from "../../../local/shared/loopback.ts";
import { Bench } from "./support.ts";

/** An origin whose files say where they are. `robots` answers for robots.txt. */
async function startOrigin(robots: RequestListener) {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    asked.push(`${request.method} ${request.url}`);
    if (request.url === "/robots.txt") robots(request, response);
    else response.end(`the body of ${request.url}`);
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  return { url: loopbackEndpoint(server), asked };
}

const DISALLOWS_B = "User-agent: fetchonce\nDisallow: /b\n";

it("with --robots, what is disallowed is not asked for, and the sentence says why", async () => {
  const origin = await startOrigin((_, response) => response.end(DISALLOWS_B));
  const bench = await Bench.start();
  const list = await bench.list("list.txt", [`${origin.url}/a`, `${origin.url}/b`, `${origin.url}/b/c`]);
  const { code, stdout } = await bench.got([list, "--robots"]);

  const ends = new Map(bench.results().map(({ url, state, reason }) => [url, { state, reason }]));
  expect(ends.get(`${origin.url}/a`)).toEqual({ state: "INDEXED", reason: null });
  for (const path of ["/b", "/b/c"])
    expect(ends.get(origin.url + path)).toEqual({ state: "FAILED", reason: "robots_disallow" });
  expect(stdout).toContain(`FAILED  ${origin.url}/b: its host's robots.txt disallows it`);
  expect(origin.asked).toEqual(["GET /robots.txt", "HEAD /a", "GET /a"]);
  expect(code).toBe(1);
});

it("without --robots, nobody asks for robots.txt", async () => {
  const origin = await startOrigin((_, response) => response.end(DISALLOWS_B));
  const bench = await Bench.start();
  const { code } = await bench.got([`${origin.url}/b`]);
  expect(origin.asked).toEqual(["HEAD /b", "GET /b"]);
  expect(code).toBe(0);
});

it("with --robots, a host whose robots.txt fails is asked for nothing else until it is there", async () => {
  let failures = 0;
  const origin = await startOrigin((_, response) => {
    failures += 1;
    response.writeHead(failures < 3 ? 503 : 200).end();
  });
  const bench = await Bench.start();
  const { code } = await bench.got([`${origin.url}/a`, `${origin.url}/b`, "--robots"]);
  expect(origin.asked.slice(0, 3)).toEqual(["GET /robots.txt", "GET /robots.txt", "GET /robots.txt"]);
  expect(origin.asked.filter((line) => line.endsWith("/robots.txt"))).toHaveLength(3);
  expect(bench.results().map(({ state }) => state)).toEqual(["INDEXED", "INDEXED"]);
  expect(code).toBe(0);
});

it("with --robots, of a robots.txt without end only the beginning is read", async () => {
  const origin = await startOrigin((request, response) => {
    response.write(DISALLOWS_B);
    const line = `# ${"x".repeat(60_000)}\n`;
    const more = (): void => {
      while (!request.socket.destroyed && response.write(line));
    };
    response.on("drain", more);
    more();
  });
  const bench = await Bench.start();
  const { code } = await bench.got([`${origin.url}/a`, `${origin.url}/b`, "--robots"]);
  expect(origin.asked).toEqual(["GET /robots.txt", "HEAD /a", "GET /a"]);
  expect(code).toBe(1);
});
