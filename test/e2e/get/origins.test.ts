/** What origins do that are broken, slow or hostile. */
import { createServer } from "node:http";
import { once } from "node:events";
import { expect, it } from "vitest";
import { originSha256 } from "../../../local/origin/content.ts";
import { loopbackEndpoint } from "../../../local/shared/loopback.ts";
import { FAILING, HEALED, MAX_ATTEMPTS } from "../bad-origins.ts";
import { Bench, Command, type Result } from "./support.ts";

/** The laptop has no limits of size and type, and waits 30 s for a silent origin. */
const ELSEWHERE = /^(too_large|type_not_allowed|retries_exhausted:origin_timeout)/;

it("each broken origin fails its URL with the reason that the cloud gives, or is seen through", async () => {
  const bench = await Bench.start();
  const failing = FAILING.flatMap(({ input, sha256, failure }) =>
    typeof input === "string" || ELSEWHERE.test(failure.reason ?? "")
      ? []
      : [{ url: bench.origin.urlOf(input), sha256, failure }],
  );
  const lines = [
    ...failing.map(({ url, sha256 }) => JSON.stringify({ url, sha256 })),
    ...HEALED.map(({ file }) => JSON.stringify({ url: bench.origin.urlOf(file) })),
  ];
  const list = await bench.list("list.jsonl", lines);
  const { code, stdout } = await bench.got([list, "--attempts", String(MAX_ATTEMPTS)]);

  const results = new Map(bench.results().map((result) => [result["url"], result]));
  for (const { url, failure } of failing) {
    const { reason, attempts } = failure;
    expect.soft(results.get(url), url).toMatchObject({ state: "FAILED", reason, attempts, sha256: null, path: null });
  }
  for (const { file, version } of HEALED) {
    const sha256 = originSha256(file, version);
    expect.soft(results.get(bench.origin.urlOf(file)), file.name).toMatchObject({ state: "INDEXED", sha256 });
  }
  expect(bench.names()).toHaveLength(HEALED.length);
  expect(stdout).toContain(`${HEALED.length} files, `);
  expect(stdout).toContain(`; ${failing.length} FAILED`);
  expect(code).toBe(1);
});

it("private addresses are refused before any request, unless they are allowed", async () => {
  const bench = await Bench.start();
  const list = await bench.list("list.txt", [...bench.urls({ name: "a", size: 1 }), "http://printer.local/x"]);
  const { code, stdout } = await new Command(["get", list, "--out", bench.out]).ended();
  expect(bench.results().map(({ reason }: Result) => reason)).toEqual(["private_address", "private_address"]);
  expect(stdout).toContain("its address is private or loopback; allow it with --allow-private-hosts");
  expect(bench.origin.requests).toEqual([]);
  expect(code).toBe(1);
});

it("an origin that is down is tried again, and then its URL fails", async () => {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const url = `${loopbackEndpoint(server)}/file`;
  server.close();
  const bench = await Bench.start();
  const { code } = await bench.got([url, "--attempts", "2"]);
  expect(bench.results()).toMatchObject([{ reason: "retries_exhausted:origin_refused_connection", attempts: 2 }]);
  expect(code).toBe(1);
});

it("never are more files fetched at a time than -j says, whatever the number of workers", async () => {
  let open = 0;
  let most = 0;
  const server = createServer((_request, response) => {
    open += 1;
    most = Math.max(most, open);
    response.once("close", () => (open -= 1));
    setTimeout(() => response.end("x"), 100);
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const bench = await Bench.start();
  const urls = Array.from({ length: 12 }, (_, n) => `${loopbackEndpoint(server)}/${n}`);
  const { code } = await bench.got([...urls, "-j", "3", "--workers", "2"]);
  server.closeAllConnections();
  server.close();
  expect([code, most]).toEqual([0, 3]);
});
