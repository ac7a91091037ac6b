import { describe, expect, it } from "vitest";
import { RunEndsError } from "../../../../core/model/errors.ts";
import type { WorkerDeps } from "../../../../core/worker/worker-deps.ts";
import { fileOrigin, MESSAGE, PART_BYTES, world, type Origin, type World } from "../../../simulation/world.ts";
import { LARGE, leavesNoLitter, sha256Of, SMALL } from "../support.ts";

const INTERRUPTED_AT = 20;

/** An origin in the middle of whose first body the run ends. */
function endingRun(body: Buffer, ending: AbortController): Origin {
  const whole = fileOrigin(body);
  return async (request) => {
    const response = await whole(request);
    return request.method === "HEAD" ? response : { ...response, body: abortAfter(response.body, ending) };
  };
}

async function* abortAfter(body: AsyncIterable<Uint8Array>, ending: AbortController): AsyncIterable<Uint8Array> {
  let left = INTERRUPTED_AT;
  for await (const piece of body) {
    left -= piece.length;
    yield piece;
    if (left <= 0) ending.abort(new RunEndsError("run_ends"));
  }
}

const fullDisk = async (): Promise<never> => Promise.reject(new RunEndsError("machine_trouble"));

/** Ports that fail because of this machine, each in another operation of a job. */
const TROUBLES: Readonly<Record<string, (deps: WorkerDeps) => Partial<WorkerDeps>>> = {
  "staging a body": ({ staging }) => ({ staging: { ...staging, put: fullDisk } }),
  "publishing it": ({ content }) => ({ content: { ...content, publish: fullDisk } }),
  "indexing it": ({ items }) => ({
    items: { ...items, write: async (write) => (write.key.startsWith("HASH#") ? fullDisk() : items.write(write)) },
  }),
};

const strikes = (w: World) => ({ attempts: w.job()?.attempts, strikes: w.job()?.strikes });

describe("when the run ends in the middle of a job", () => {
  it("the job is given back uncharged, and the next run continues where it stopped", async () => {
    const w = world();
    const ending = new AbortController();
    w.serve(endingRun(LARGE, ending));
    expect(await w.deliver(MESSAGE, ending.signal)).toBe("acknowledge");
    expect(w.job()).toMatchObject({ state: "STREAMING", attempts: 0, strikes: 0 });
    expect(w.job()?.leaseOwner).toBeUndefined();
    expect(w.sent).toEqual([]);

    await w.clock.advance(1);
    w.serve(fileOrigin(LARGE));
    expect(await w.deliver()).toBe("acknowledge");
    expect(w.job()).toMatchObject({ state: "INDEXED", attempts: 1, transfer: { sha256: sha256Of(LARGE) } });
    const offset = Math.floor(INTERRUPTED_AT / PART_BYTES) * PART_BYTES;
    expect(w.requests.at(-1)?.headers["range"]).toBe(`bytes=${offset}-`);
    leavesNoLitter(w);
  });

  it("a job is never failed by runs that end, however many there are", async () => {
    const w = world({ settings: { retry: { maxAttempts: 2, baseMs: 1, capMs: 1, longestWaitMs: 43_200_000 } } });
    w.serve(fileOrigin(SMALL));
    const ending = { ...w.deps, staging: { ...w.deps.staging, put: fullDisk } };
    for (let run = 0; run < 5; run++) {
      expect(await w.deliver(MESSAGE, undefined, ending)).toBe("acknowledge");
      await w.clock.advance(1);
    }
    expect(w.job()).toMatchObject({ state: "STREAMING", attempts: 0, strikes: 0, fence: 5 });
  });

  it.each(Object.entries(TROUBLES))("trouble of the machine while %s charges nothing", async (_what, failing) => {
    const w = world();
    w.serve(fileOrigin(SMALL));
    const deps = { ...w.deps, ...failing(w.deps) };
    expect(await w.deliver(MESSAGE, undefined, deps)).toBe("acknowledge");
    expect(strikes(w)).toEqual({ attempts: 0, strikes: 0 });
    expect(w.job()?.reason).toBeUndefined();
    expect(w.logs.join("\n")).toContain("The run ends. The job is given back");

    await w.clock.advance(1);
    expect(await w.deliver()).toBe("acknowledge");
    expect(w.job()).toMatchObject({ state: "INDEXED", attempts: 1 });
    leavesNoLitter(w);
  });

  it("a job that cannot be given back is left to its lease, and a new message comes then", async () => {
    const w = world();
    w.serve(fileOrigin(SMALL));
    const { items, staging } = w.deps;
    let isFull = false;
    const put = async (): Promise<never> => {
      isFull = true;
      return fullDisk();
    };
    const deps: WorkerDeps = {
      ...w.deps,
      staging: { ...staging, put },
      items: { ...items, write: async (write) => (isFull ? fullDisk() : items.write(write)) },
    };
    expect(await w.deliver(MESSAGE, undefined, deps)).toBe("acknowledge");
    expect(w.sent).toMatchObject([{ delayMs: w.deps.settings.leaseTtlMs }]);
    expect(w.job()).toMatchObject({ leaseOwner: "owner-1", attempts: 1, strikes: 1 });
  });

  it("an unguarded job comes back at once, also on its last delivery", async () => {
    const w = world({
      settings: { gateCeiling: 0, retry: { maxAttempts: 1, baseMs: 1000, capMs: 1000, longestWaitMs: 43_200_000 } },
    });
    w.serve(fileOrigin(SMALL));
    const deps = { ...w.deps, staging: { ...w.deps.staging, put: fullDisk } };
    expect(await w.deliver(MESSAGE, undefined, deps)).toBe("return");
    expect(w.hidden).toEqual([0]);
    expect(w.deadLetters).toEqual([]);
    leavesNoLitter(w);
  });
});
