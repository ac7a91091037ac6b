import { describe, expect, it } from "vitest";
import { hostItemKey } from "../../../../core/flow/host-record.ts";
import { Hosts } from "../../../../core/flow/hosts.ts";
import { KEEPS_NONE, type Http, type HttpRequest } from "../../../../core/ports/http.ts";
import type { WorkerDeps } from "../../../../core/worker/worker-deps.ts";
import { fileOrigin, settled, type World } from "../../../simulation/world.ts";
import { A, another, BODY, jobAt, limited, requestsTo } from "./support.ts";

describe("a host with a pace", () => {
  it("is asked by GET alone, at the times that were reserved", async () => {
    const w = limited([["*", { perSecond: 10 }]]);
    const askedAtMs: number[] = [];
    const file = fileOrigin(BODY);
    w.serve((request) => {
      askedAtMs.push(w.clock.nowMs());
      return file(request);
    });
    const startMs = w.clock.nowMs();
    const jobs = Array.from({ length: 5 }, async (_, n) => w.deliver(jobAt(A, n)));
    await w.clock.advance(2_000);
    await Promise.all(jobs);
    expect(w.requests.map(({ method }) => method)).toEqual(Array(5).fill("GET"));
    expect(askedAtMs.map((atMs) => atMs - startMs)).toEqual([50, 157, 263, 369, 475]);
  });

  it("a request that would be late gets a new time", async () => {
    const w = limited([["*", { perSecond: 1 }]]);
    const slow: WorkerDeps = {
      ...w.deps,
      ledger: {
        run: async (journal, operation, execute) => {
          if (operation.type === "STREAM") await new Promise<void>((resolve) => w.clock.after(500, resolve));
          return w.deps.ledger.run(journal, operation, execute);
        },
      },
    };
    const job = w.deliver(jobAt(A), undefined, slow);
    await settled();
    await w.clock.advance(5_000);
    await job;
    expect(w.items.all.get(hostItemKey(A))?.["version"]).toBeGreaterThan(1);
    expect(w.job(jobAt(A))?.state).toBe("INDEXED");
  });

  it("is asked in the end though the table answers later than a request may be sent", async () => {
    const w = limited([["*", { perSecond: 20 }]]);
    const write: World["items"]["write"] = async (asked) => {
      const written = await w.items.write(asked);
      await new Promise<void>((resolve) => w.clock.after(120, resolve));
      return written;
    };
    const deps = { ...w.deps, items: { ...w.items, write } };
    const job = w.deliver(jobAt(A), undefined, { ...deps, hosts: new Hosts({ ...deps, pool: KEEPS_NONE }) });
    await w.clock.advance(10_000);
    await job;
    expect(w.job(jobAt(A))?.state).toBe("INDEXED");
    expect(requestsTo(w, A)).toBe(1);
    // One for the first time, which is over, and one for a later one.
    expect(w.items.all.get(hostItemKey(A))?.["version"]).toBeLessThanOrEqual(4);
  });
});

describe("a turn at a host of one request in 100 s", () => {
  const PAUSE_MS = 105_000;
  const done = async (hostRules: Parameters<typeof limited>[0]): Promise<World> => {
    const w = limited(hostRules);
    await delivered(w, 0);
    await w.clock.advance(PAUSE_MS);
    return w;
  };
  const delivered = async (w: World, n: number, deps = w.deps): Promise<void> => {
    const job = w.deliver(jobAt(A, n), undefined, deps);
    await w.clock.advance(2_000);
    await job;
  };

  it.each([
    { to: "the next job of the process", rule: { perSecond: 0.01 }, by: (w: World) => w.deps },
    { to: "a job of another process", rule: { perSecond: 0.01 }, by: another },
    { to: "a job of another process, with a connection", rule: { connections: 1, perSecond: 0.01 }, by: another },
  ])("goes back to $to, if a job that is done got it", async ({ by, rule }) => {
    const w = await done([["*", rule]]);
    for (let nth = 1; nth <= 3; nth++) await delivered(w, 0);
    expect(requestsTo(w, A)).toBe(1);
    await delivered(w, 1, by(w));
    expect(requestsTo(w, A)).toBe(2);
  });

  it("is not given back by a job that has sent its request", async () => {
    const w = await done([["*", { perSecond: 0.01 }]]);
    await delivered(w, 1);
    await delivered(w, 2);
    expect(requestsTo(w, A)).toBe(2);
  });

  it("is not given back again if the answer to that write was lost, and another has it by now", async () => {
    const w = limited([["*", { perSecond: 0.01 }]]);
    await delivered(w, 0);
    // The next turn is so near that it is reserved now.
    await w.clock.advance(99_500);
    let isAnswerLost = false;
    const write: World["items"]["write"] = async (asked) => {
      const written = await w.items.write(asked);
      if (isAnswerLost && asked.key === hostItemKey(A)) throw new Error("the answer was lost");
      return written;
    };
    const deps = { ...w.deps, items: { ...w.items, write } };
    const first = { ...deps, hosts: new Hosts({ ...deps, pool: KEEPS_NONE }) };
    await w.deliver(jobAt(A, 0), undefined, first);
    isAnswerLost = true;
    await w.clock.advance(200);
    isAnswerLost = false;
    const second = w.deliver(jobAt(A, 1), undefined, another(w));
    await settled();
    await first.hosts.settle();
    const third = w.deliver(jobAt(A, 2), undefined, first);
    await w.clock.advance(3_000);
    await Promise.all([second, third]);
    expect(requestsTo(w, A)).toBe(2);
  });
});

describe("a request whose connection", () => {
  /** A client whose connections to a host of one request a second go their own way. */
  const asked = async (connect: (request: HttpRequest, w: World) => Promise<void>): Promise<readonly number[]> => {
    const w = limited([["*", { perSecond: 1 }]]);
    const startMs = w.clock.nowMs();
    const askedAtMs: number[] = [];
    w.serve((request) => {
      askedAtMs.push(w.clock.nowMs() - startMs);
      return fileOrigin(BODY)(request);
    });
    const http: Http = {
      request: async (request) => {
        await connect(request, w);
        return w.deps.http.request(request);
      },
    };
    const job = w.deliver(jobAt(A), undefined, { ...w.deps, http });
    await w.clock.advance(6_000);
    await job;
    return askedAtMs;
  };

  it("is there in time is sent at its time", async () => {
    expect(await asked(async () => undefined)).toEqual([50]);
  });

  it("takes too long is sent at a new time, not late", async () => {
    const slowly = async (_request: HttpRequest, { clock }: World): Promise<void> => {
      const { promise, resolve } = Promise.withResolvers<void>();
      clock.after(300, resolve);
      await promise;
    };
    expect(await asked(slowly)).toEqual([50 + 1061]);
  });

  it("breaks while it waits is sent over another one at the same time", async () => {
    const breaking = async ({ whenDue }: HttpRequest): Promise<void> => {
      void whenDue?.();
    };
    expect(await asked(breaking)).toEqual([50]);
  });

  it("breaks when the request was sent takes a further time for the second one", async () => {
    const sent = async ({ whenDue }: HttpRequest): Promise<void> => whenDue?.();
    expect(await asked(sent)).toEqual([50 + 1061]);
  });
});
