/** Origins that are silent, slow, stalling or throttling, and the jobs of other origins, through the real command. */
import { createServer, type ServerResponse } from "node:http";
import { describe, expect, it, onTestFinished } from "vitest";
import {
  SICKNESSES,
  startMixedOrigin,
  type MixedOrigin,
  type Sickness,
} from "../../../bench/isolation/mixed-origin.ts";
import { listen } from "../../../local/shared/loopback.ts";
import { Bench, KIB, soon } from "../../e2e/get/support.ts";

const SLOTS = 4;
/** Ten times as many as there are slots. */
const OF_EACH_KIND = 10;
const HEALTHY = 30;

const KINDS = ["silent", "dribbles", "stalls", "throttles"] as const;
const BODY = Buffer.alloc(512 * KIB, "x");
const DRIBBLE_EVERY_MS = 500;

interface SickOrigin {
  readonly url: string;
  /** Bodies that were sent whole. */
  readonly served: () => number;
  readonly recover: () => void;
}

/** Half a MiB under each path, of which nothing comes whole before the origin recovers. */
async function startSickOrigin(): Promise<SickOrigin> {
  const recovery = new AbortController();
  const { signal } = recovery;
  let served = 0;
  const finish = (response: ServerResponse, rest: Buffer): void => {
    served += 1;
    response.end(rest);
  };
  const answer = (kind: string, response: ServerResponse): void => {
    if (kind === "throttles" && !signal.aborted) {
      response.writeHead(429).end();
      return;
    }
    let sent = 0;
    const send = (bytes: number): void => void response.write(BODY.subarray(sent, (sent += bytes)));
    if (kind === "stalls") send(BODY.length / 2);
    const dribbling = kind === "dribbles" ? setInterval(() => send(1), DRIBBLE_EVERY_MS) : undefined;
    const end = (): void => {
      clearInterval(dribbling);
      finish(response, BODY.subarray(sent));
    };
    if (signal.aborted) end();
    else signal.addEventListener("abort", end);
    response.once("close", () => {
      clearInterval(dribbling);
      signal.removeEventListener("abort", end);
    });
  };
  const server = createServer(({ method, url = "" }, response) => {
    if (method === "HEAD") response.end();
    else answer(url.split("/")[1] ?? "", response);
  });
  const { endpoint, stop } = await listen(server);
  onTestFinished(stop);
  return { url: endpoint, served: () => served, recover: () => recovery.abort() };
}

async function startBenchOrigin(): Promise<MixedOrigin> {
  const origin = await startMixedOrigin(0);
  onTestFinished(async () => origin.stop());
  return origin;
}

const healthyUrls = (origin: string): readonly string[] =>
  Array.from({ length: HEALTHY }, (_, n) => `${origin}/healthy/${n}`);

describe("with four downloads at a time, forty files that do not come, and stand first in the list,", () => {
  it.each([
    ["of one host", 1],
    ["of ten hosts", 10],
  ])("%s, let all files of another host pass, and come themselves once their origins are well", async (_, hosts) => {
    const bench = await Bench.start();
    const { url: healthy } = await startBenchOrigin();
    const sick = await Promise.all(Array.from({ length: hosts }, startSickOrigin));
    const sickUrls = Array.from({ length: OF_EACH_KIND }, (_each, n) =>
      KINDS.map((kind) => `${sick[n % hosts]?.url}/${kind}/${n}`),
    ).flat();
    const list = await bench.list("list.txt", [...sickUrls, ...healthyUrls(healthy)]);
    const command = bench.get([list, "--jobs", String(SLOTS)]);
    await soon(() => expect(bench.results()).toHaveLength(HEALTHY));
    expect(bench.results().every((result) => String(result["url"]).startsWith(healthy))).toBe(true);
    expect(sick.map((origin) => origin.served())).toEqual(sick.map(() => 0));
    for (const origin of sick) origin.recover();
    expect((await command.ended()).code).toBe(0);
    const quiet = bench.results().filter(({ url }) => !/healthy|throttles/.test(String(url)));
    expect(quiet.map(({ attempts, reason }) => [reason, attempts])).toEqual(
      Array.from({ length: 3 * OF_EACH_KIND }, () => [null, 1]),
    );
    expect(bench.results()).toHaveLength(sickUrls.length + HEALTHY);
  });
});

it("files that never come end with their reason, after as many attempts as they have", async () => {
  const bench = await Bench.start();
  const { paths, url } = await startBenchOrigin();
  const kinds = Object.keys(SICKNESSES) as readonly Sickness[];
  const sick = Array.from({ length: OF_EACH_KIND }, (_, n) => kinds.map((kind) => `/${kind}/${n}`)).flat();
  const list = await bench.list("list.txt", [...sick.map((path) => `${url}${path}`), ...healthyUrls(url)]);
  await bench.got([list, "--jobs", String(SLOTS), "--attempts", "2", "--timeout", "2"]);
  const ends = bench.results().map((result) => [new URL(String(result["url"])).pathname, result["reason"]]);
  const reasonOf = (path: string): string => `retries_exhausted:${SICKNESSES[path.split("/")[1] as Sickness]}`;
  expect(Object.fromEntries(ends)).toEqual({
    ...Object.fromEntries(sick.map((path) => [path, reasonOf(path)])),
    ...Object.fromEntries(healthyUrls("").map((path) => [path, null])),
  });
  // HEAD and GET of each attempt.
  for (const path of sick) expect(paths.filter((asked) => asked === path).length).toBeLessThanOrEqual(2 * 2);
});
