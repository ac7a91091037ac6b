/** What the checks of names and addresses add to a small job. */
import { once } from "node:events";
import { createServer } from "node:http";
import type { LookupAddress } from "node:dns";
import { CheckedLookup } from "../adapters/http/checked-lookup.ts";
import { nodeHttp } from "../adapters/http/node-http.ts";
import { nodeDecoder } from "../adapters/node/decoder.ts";
import { systemClock } from "../adapters/node/clock.ts";
import { askOrigin } from "../core/origin/ask.ts";
import { FREE } from "../core/origin/host-visit.ts";
import { HeadMemory } from "../core/origin/head-memory.ts";
import type { OriginDeps } from "../core/origin/origin-deps.ts";
import { acceptedAddresses, reachOf, refusalOf } from "../core/origin/reach.ts";
import { RobotsMemory } from "../core/origin/robots/robots.ts";
import { loopbackEndpoint } from "../local/shared/loopback.ts";
import { isGlobalAddress } from "../core/model/address.ts";
import { KIB, medianOf, rounded, type Measurement } from "./harness/measurement.ts";

const JOBS = 2_000;
const ROUNDS = 5;
const BODY = Buffer.alloc(10 * KIB);
/** Each job has a name of its own: no answer is known from the job before. */
const urlOf = (job: number, port: string): string => `http://host-${job}.example:${port}/file`;

/** Asks for the head and the body of each URL, one after the other. @returns microseconds a job. */
async function microsecondsAJob(deps: OriginDeps, port: string, first: number): Promise<number> {
  const { signal } = new AbortController();
  const startedMs = performance.now();
  for (let job = first; job < first + JOBS; job++) {
    const url = urlOf(job, port);
    const head = await askOrigin(deps, { method: "HEAD", url, signal });
    head.response.discard();
    const { response } = await askOrigin(deps, { method: "GET", url, signal });
    for await (const piece of response.body) if (piece.length === 0) throw new Error("An empty piece came.");
  }
  return ((performance.now() - startedMs) * 1000) / JOBS;
}

/** What is done for one request besides sending it: two for each job. @returns microseconds a job. */
function microsecondsOfChecks(port: string): number {
  const reach = reachOf([], false);
  const startedMs = performance.now();
  let accepted = 0;
  for (let request = 0; request < 2 * JOBS; request++) {
    const url = new URL(urlOf(request, port));
    if (refusalOf(url, reach) !== undefined) throw new Error(`${url.href} was refused.`);
    if (acceptedAddresses(url, reach)?.("93.184.215.14")) accepted += 1;
  }
  if (accepted !== 2 * JOBS || !isGlobalAddress("2606:4700::1111")) throw new Error("An address was refused.");
  return ((performance.now() - startedMs) * 1000) / JOBS;
}

export const addressChecks: Measurement = {
  about: `what checking names and addresses adds to a small job (${JOBS} jobs of 10 KiB, each of another host, ${ROUNDS} rounds)`,
  async measure(_say, scope) {
    const server = createServer((_request, response) => response.end(BODY)).listen(0, "127.0.0.1");
    await once(server, "listening");
    scope.defer(() => {
      server.closeAllConnections();
      server.close();
    });
    const { port } = new URL(loopbackEndpoint(server));
    let resolved = 0;
    const addresses: readonly LookupAddress[] = [{ address: "127.0.0.1", family: 4 }];
    const names = new CheckedLookup((_name, _options, onAddresses) => {
      resolved += 1;
      process.nextTick(onAddresses, null, addresses);
    });
    const http = nodeHttp({ connectTimeoutMs: 10_000, idleTimeoutMs: 30_000 }, { names });
    scope.defer(() => http.close());
    const deps: OriginDeps = {
      clock: systemClock,
      http,
      heads: new HeadMemory(),
      robots: new RobotsMemory(),
      visit: FREE,
      decoder: nodeDecoder,
      settings: {
        // The server is at a private address, which is what the checks are there to refuse.
        reach: reachOf([], true),
        mostRedirects: 20,
        headTimeoutMs: 10_000,
        requestHeaders: { usual: {}, byHost: [] },
        obeysRobots: false,
      },
    };
    await microsecondsAJob(deps, port, 0);
    const jobs: number[] = [];
    const checks: number[] = [];
    resolved = 0;
    for (let round = 1; round <= ROUNDS; round++) {
      jobs.push(await microsecondsAJob(deps, port, round * JOBS));
      checks.push(microsecondsOfChecks(port));
    }
    const share = (medianOf(checks) / medianOf(jobs)) * 100;
    return {
      figures: [
        { what: "DNS answers looked up per job", value: resolved / (ROUNDS * JOBS), unit: "", atMost: 1 },
        { what: "time of a small job, without the checks", value: rounded(medianOf(jobs), 0), unit: "µs" },
        { what: "time of its checks", value: rounded(medianOf(checks), 1), unit: "µs" },
        { what: "share of the checks", value: rounded(share, 2), unit: "%", atMost: 3 },
      ],
      remarks: [
        "A job is a HEAD and a GET over loopback, without lease, disk or S3: a real one takes longer.",
        "The checks are those of both requests: the URL, the name, and the addresses that it leads to.",
      ],
    };
  },
};
