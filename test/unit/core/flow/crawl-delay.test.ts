import { describe, expect, it } from "vitest";
import type { HostRule } from "../../../../core/flow/host-rule.ts";
import { hostItemKey } from "../../../../core/flow/host-record.ts";
import { RobotsMemory } from "../../../../core/origin/robots/robots.ts";
import type { WorkerDeps } from "../../../../core/worker/worker-deps.ts";
import { answer, fileOrigin, settled, type World } from "../../../simulation/world.ts";
import { A, another, B, BODY, jobAt, limited } from "./support.ts";

const DELAY_MS = 10_000;

/** Hosts whose robots.txt asks for ten seconds, or for what `delayS` says later. */
function slow(rules: readonly HostRule[]) {
  const w = limited(rules, { obeysRobots: true });
  const robots = { delayS: "10" };
  const startMs = w.clock.nowMs();
  const files: { readonly host: string; readonly atMs: number }[] = [];
  const file = fileOrigin(BODY);
  w.serve((request) => {
    const { host, pathname } = new URL(request.url);
    if (pathname === "/robots.txt")
      return answer({
        body: Buffer.from(`User-agent: *\nCrawl-delay: ${robots.delayS}`),
        headers: { "cache-control": "max-age=60" },
      });
    files.push({ host, atMs: w.clock.nowMs() - startMs });
    return file(request);
  });
  const at = (host: string): readonly number[] => files.filter((each) => each.host === host).map(({ atMs }) => atMs);
  return { ...w, robots, filesAt: at };
}
const newProcess = (w: World): WorkerDeps => ({ ...another(w), robots: new RobotsMemory() });

/** Delivers each message at its time, to the workers in turn, for so long. */
async function run(w: World, jobs: readonly object[], workers: readonly WorkerDeps[], forMs: number): Promise<void> {
  let turn = 0;
  let underWay = 0;
  const deliver = async (body: object | string): Promise<void> => {
    const worker = workers[turn++ % workers.length];
    underWay += 1;
    await w.deliver(body, undefined, worker);
    underWay -= 1;
    for (const { body: next, delayMs = 0 } of w.sent.splice(0)) w.clock.after(delayMs, () => void deliver(next));
  };
  for (const job of jobs) void deliver(job);
  await settled();
  await w.clock.advance(forMs);
  expect(underWay).toBe(0);
}

describe("a robots.txt that asks for a delay", () => {
  it.each<[string, readonly HostRule[]]>([
    ["with limits of connections", [["*", { connections: 4 }]]],
    ["that is unlimited otherwise", [["*", "unlimited"]]],
    ["with a faster pace of its own", [["*", { perSecond: 5 }]]],
  ])("keeps any two files of a host apart, whichever process asks for them: one %s", async (_title, rules) => {
    const w = slow(rules);
    const workers = [newProcess(w), newProcess(w), newProcess(w)];
    const jobs = Array.from({ length: 6 }, (_, n) => jobAt(A, n));
    await run(w, [...jobs, jobAt(B)], workers, 600_000);
    const times = w.filesAt(A);
    expect(times).toHaveLength(6);
    for (const [n, atMs] of times.entries())
      expect(atMs - (times[n - 1] ?? -Infinity)).toBeGreaterThanOrEqual(DELAY_MS);
    expect(jobs.map((job) => w.job(job)?.state)).not.toContain("FAILED");
    expect(w.filesAt(B)).toHaveLength(1);
  });

  it("charges a job that waits for it nothing, and holds neither its lease nor a connection", async () => {
    const w = slow([["*", { connections: 4 }]]);
    const worker = newProcess(w);
    expect(await w.deliver(jobAt(A), undefined, worker)).toBe("acknowledge");
    await w.clock.advance(1_000);
    expect(w.filesAt(A)).toEqual([]);
    expect(w.job(jobAt(A))).toMatchObject({ attempts: 0, strikes: 0 });
    expect(w.job(jobAt(A))?.leaseOwner).toBeUndefined();
    expect(w.items.all.get(hostItemKey(A))).toMatchObject({ crawl_ms: DELAY_MS, holders: {} });
    expect(w.sent[0]?.delayMs).toBeGreaterThan(DELAY_MS);
  });

  it("is forgotten when the file says so no more", async () => {
    const w = slow([["*", { connections: 4 }]]);
    const worker = newProcess(w);
    await run(w, [jobAt(A, 1)], [worker], 60_000);
    w.robots.delayS = "0";
    await run(w, [jobAt(A, 2)], [worker], 60_000);
    expect(w.items.all.get(hostItemKey(A))).toMatchObject({ crawl_ms: 0 });
    await run(w, [jobAt(A, 3), jobAt(A, 4)], [worker], 1_000);
    const [last, ...before] = w.filesAt(A).toReversed();
    expect([last, before.length]).toEqual([before[0], 3]);
  });
});
