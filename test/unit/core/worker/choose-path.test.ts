import { describe, expect, it } from "vitest";
import { deliver } from "../../../../core/worker/deliver.ts";
import { commandGate } from "../../../../core/gate/command-gate.ts";
import { jobIdOf, jobItemKey } from "../../../../core/model/keys.ts";
import type { WorkerDeps } from "../../../../core/worker/worker-deps.ts";
import { answer, fileOrigin, MESSAGE, world, type World } from "../../../simulation/world.ts";
import { SMALL } from "../support.ts";

const JOB_KEY = jobItemKey(jobIdOf(MESSAGE));

interface RecordedReads {
  readonly reads: string[];
  readonly wrap: (deps: WorkerDeps) => WorkerDeps;
}

/** Records each key that is read from the table, and fails the reads of the keys in `failing`. */
function recordedReads(failing: readonly string[] = []): RecordedReads {
  const reads: string[] = [];
  const wrap = (deps: WorkerDeps): WorkerDeps => ({
    ...deps,
    items: {
      ...deps.items,
      read: async (key) => {
        reads.push(key);
        if (failing.includes(key)) throw new Error("the table is sick");
        return deps.items.read(key);
      },
    },
  });
  return { reads, wrap };
}

const setGate = async (w: World, percent: number): Promise<unknown> =>
  commandGate(w.deps, percent === 0 ? { kind: "off" } : { kind: "set", percent }, { by: "test", reason: "test" });

const redeliver = async (w: World, receiveCount: number): Promise<string> =>
  deliver(
    w.deps,
    { body: JSON.stringify(MESSAGE), messageId: "m", receiptHandle: "r", sentAtMs: 0, receiveCount },
    new AbortController().signal,
  );

describe("the path of an attempt", () => {
  it("is guarded only if the variable and the gate document both admit the job", async () => {
    for (const [gateCeiling, document, isExpected] of [
      [100, 100, true],
      [100, 0, false],
      [0.001, 100, false],
      [0, 100, false],
    ] as const) {
      const w = world({ settings: { gateCeiling } });
      w.serve(fileOrigin(SMALL));
      await setGate(w, document);
      expect(await w.deliver()).toBe("acknowledge");
      expect([gateCeiling, document, w.job() !== undefined]).toEqual([gateCeiling, document, isExpected]);
      expect(w.contentObjects.size).toBe(1);
    }
  });

  it("is unguarded without any read of the table if the variable is off", async () => {
    const { reads, wrap } = recordedReads();
    const w = world({ settings: { gateCeiling: 0 }, wrap });
    w.serve(fileOrigin(SMALL));
    expect(await redeliver(w, 2)).toBe("acknowledge");
    expect(reads).toEqual([]);
  });

  it("stays guarded for a job with a record if the gate is turned off between two deliveries", async () => {
    const w = world();
    w.serve(() => answer({ status: 503 }));
    expect(await redeliver(w, 1)).toBe("acknowledge");
    await setGate(w, 0);
    w.serve(fileOrigin(SMALL));
    await w.clock.advance(60_000);
    expect(await redeliver(w, 2)).toBe("acknowledge");
    expect(w.job()).toMatchObject({ state: "INDEXED", attempts: 2 });
  });

  it("stays guarded for a job with a record if its message is a new one, as out of the dead-letter queue", async () => {
    const w = world();
    w.serve(() => answer({ status: 503 }));
    await redeliver(w, 1);
    await setGate(w, 0);
    w.serve(fileOrigin(SMALL));
    await w.clock.advance(60_000);
    await redeliver(w, 1);
    expect(w.job()).toMatchObject({ state: "INDEXED", attempts: 2 });
  });

  it("stays guarded, without a request to the origin, for a job that ended before the gate was turned off", async () => {
    const w = world();
    w.serve(fileOrigin(SMALL));
    await redeliver(w, 1);
    await setGate(w, 0);
    await w.clock.advance(60_000);
    const asked = w.requests.length;
    expect(await redeliver(w, 2)).toBe("acknowledge");
    expect(w.requests.length).toBe(asked);
  });

  it("becomes guarded if the gate is turned on between two deliveries, and the job is published once", async () => {
    const w = world();
    await setGate(w, 0);
    w.serve(() => answer({ status: 503 }));
    expect(await redeliver(w, 1)).toBe("return");
    expect(w.job()).toBeUndefined();
    await setGate(w, 100);
    w.serve(fileOrigin(SMALL));
    await w.clock.advance(60_000);
    expect(await redeliver(w, 2)).toBe("acknowledge");
    expect(w.job()).toMatchObject({ state: "INDEXED", attempts: 1 });
    expect([...w.contentWrites.values()]).toEqual([1]);
  });

  it("is chosen after one read of the job's record on each delivery", async () => {
    const { reads, wrap } = recordedReads();
    const w = world({ wrap });
    w.serve(() => answer({ status: 503 }));
    await setGate(w, 0);
    for (const delivery of [1, 2]) {
      await redeliver(w, delivery);
      expect(reads.filter((key) => key === JOB_KEY)).toHaveLength(delivery);
    }
  });

  it("is not chosen if the gate is at 0 % and the job's record cannot be read: its lease may be unwatched", async () => {
    const w = world({ wrap: recordedReads([JOB_KEY]).wrap });
    w.serve(fileOrigin(SMALL));
    await setGate(w, 0);
    expect(await redeliver(w, 2)).toBe("return");
    expect([w.job(), w.contentObjects.size]).toEqual([undefined, 0]);
  });

  it("is not chosen if the gate cannot be read: the message goes back to the queue", async () => {
    const gateOf = (deps: WorkerDeps): WorkerDeps => ({
      ...deps,
      gate: { admits: async () => Promise.reject(new Error("The gate document GATE cannot be read")) },
    });
    const w = world({ wrap: gateOf });
    w.serve(fileOrigin(SMALL));
    expect(await w.deliver()).toBe("return");
    expect([w.requests, w.deadLetters, w.sent]).toEqual([[], [], []]);
    expect(w.logs.join()).toContain("The gate document GATE cannot be read");
  });
});
