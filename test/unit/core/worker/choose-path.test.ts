import { describe, expect, it } from "vitest";
import { deliver } from "../../../../core/worker/deliver.ts";
import { commandGate } from "../../../../core/gate/command-gate.ts";
import { jobIdOf, jobItemKey } from "../../../../core/model/keys.ts";
import type { WorkerDeps } from "../../../../core/worker/worker-deps.ts";
import { answer, fileOrigin, MESSAGE, world, type World } from "../../../simulation/world.ts";
import { SMALL } from "../support.ts";

const JOB_KEY = jobItemKey(jobIdOf(MESSAGE));

interface Reading {
  readonly reads: string[];
  readonly wrap: (deps: WorkerDeps) => WorkerDeps;
}

/** Notes what is read of the table, and fails where it is told to. */
function reading(failing: readonly string[] = []): Reading {
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

const turn = async (w: World, percent: number): Promise<unknown> =>
  commandGate(w.deps, percent === 0 ? { kind: "off" } : { kind: "set", percent }, { by: "test", reason: "test" });

const redeliver = async (w: World, receiveCount: number): Promise<string> =>
  deliver(
    w.deps,
    { body: JSON.stringify(MESSAGE), messageId: "m", receiptHandle: "r", receiveCount },
    new AbortController().signal,
  );

describe("the path of an attempt", () => {
  it("is guarded only where the variable and the document both admit the job", async () => {
    for (const [gateCeiling, document, isExpected] of [
      [100, 100, true],
      [100, 0, false],
      [0.001, 100, false],
      [0, 100, false],
    ] as const) {
      const w = world({ settings: { gateCeiling } });
      w.serve(fileOrigin(SMALL));
      await turn(w, document);
      expect(await w.deliver()).toBe("acknowledge");
      expect([gateCeiling, document, w.job() !== undefined]).toEqual([gateCeiling, document, isExpected]);
      expect(w.contentObjects.size).toBe(1);
    }
  });

  it("asks the table for nothing when the variable is off, not even for a record", async () => {
    const { reads, wrap } = reading();
    const w = world({ settings: { gateCeiling: 0 }, wrap });
    w.serve(fileOrigin(SMALL));
    expect(await redeliver(w, 2)).toBe("acknowledge");
    expect(reads).toEqual([]);
  });

  it("stays guarded when the gate was turned off between two deliveries of a message", async () => {
    const w = world();
    w.serve(() => answer({ status: 503 }));
    expect(await redeliver(w, 1)).toBe("return");
    await turn(w, 0);
    w.serve(fileOrigin(SMALL));
    await w.clock.advance(60_000);
    expect(await redeliver(w, 2)).toBe("acknowledge");
    expect(w.job()).toMatchObject({ state: "INDEXED", attempts: 2 });
  });

  it("does nothing a second time for a job that ended guarded before the gate was turned off", async () => {
    const w = world();
    w.serve(fileOrigin(SMALL));
    await redeliver(w, 1);
    await turn(w, 0);
    await w.clock.advance(60_000);
    const asked = w.requests.length;
    expect(await redeliver(w, 2)).toBe("acknowledge");
    expect(w.requests.length).toBe(asked);
  });

  it("begins anew under guard when the gate was turned on between two deliveries, and publishes once", async () => {
    const w = world();
    await turn(w, 0);
    w.serve(() => answer({ status: 503 }));
    expect(await redeliver(w, 1)).toBe("return");
    expect(w.job()).toBeUndefined();
    await turn(w, 100);
    w.serve(fileOrigin(SMALL));
    await w.clock.advance(60_000);
    expect(await redeliver(w, 2)).toBe("acknowledge");
    expect(w.job()).toMatchObject({ state: "INDEXED", attempts: 1 });
    expect([...w.contentWrites.values()]).toEqual([1]);
  });

  it("costs a first delivery no look at a record, and a later one a single look", async () => {
    const { reads, wrap } = reading();
    const w = world({ wrap });
    w.serve(() => answer({ status: 503 }));
    await turn(w, 0);
    await redeliver(w, 1);
    expect(reads.filter((key) => key === JOB_KEY)).toEqual([]);
    await redeliver(w, 2);
    expect(reads.filter((key) => key === JOB_KEY)).toEqual([JOB_KEY]);
  });

  it("is the plain one where the gate is shut and the table cannot tell whether there is a record", async () => {
    const w = world({ wrap: reading([JOB_KEY]).wrap });
    w.serve(fileOrigin(SMALL));
    await turn(w, 0);
    expect(await redeliver(w, 2)).toBe("acknowledge");
    expect([w.job(), w.contentObjects.size]).toEqual([undefined, 1]);
  });

  it("is put off, and the message with it, where nobody can tell what the gate says", async () => {
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
