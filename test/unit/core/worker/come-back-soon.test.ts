import { describe, expect, it } from "vitest";
import { deliver } from "../../../../core/worker/deliver.ts";
import type { WorkerDeps } from "../../../../core/worker/worker-deps.ts";
import { MAX_RECEIVE_COUNT } from "../../../../infra/environments/limits.ts";
import { MESSAGE, world, type World } from "../../../simulation/world.ts";

/** The table refuses every write, as a cold table does in a burst. */
const throttled = (deps: WorkerDeps): WorkerDeps => ({
  ...deps,
  items: { ...deps.items, write: async () => Promise.reject(new Error("ThrottlingException")) },
});
const withUnreadableGate = (deps: WorkerDeps): WorkerDeps => ({
  ...deps,
  gate: { admits: async () => Promise.reject(new Error("The gate document GATE cannot be read")) },
});
const withFraction =
  (fraction: number, wrap: (deps: WorkerDeps) => WorkerDeps) =>
  (deps: WorkerDeps): WorkerDeps =>
    wrap({ ...deps, random: { ...deps.random, fraction: () => fraction } });

const receive = async (w: World, receiveCount: number): Promise<string> =>
  deliver(
    w.deps,
    { body: JSON.stringify(MESSAGE), messageId: "m", receiptHandle: "r", sentAtMs: 0, receiveCount },
    new AbortController().signal,
  );

/** The pauses, in ms, between all deliveries of a message that the queue makes before it gives the message up. */
async function pausesOf(w: World): Promise<readonly number[]> {
  for (let receiveCount = 1; receiveCount < MAX_RECEIVE_COUNT; receiveCount++) await receive(w, receiveCount);
  return w.hidden;
}

const sum = (numbers: readonly number[]): number => numbers.reduce((total, each) => total + each, 0);

describe("a message whose lease is throttled", () => {
  it.each([
    { fraction: 0, pauses: [1_000, 2_000, 4_000, 8_000, 16_000, 32_000] },
    { fraction: 0.5, pauses: [11_000, 12_000, 14_000, 18_000, 26_000, 42_000] },
    { fraction: 0.75, pauses: [16_000, 17_000, 19_000, 23_000, 31_000, 47_000] },
  ])("comes back in seconds, with a jitter of 20 s: random fraction $fraction", async ({ fraction, pauses }) => {
    const w = world({ wrap: withFraction(fraction, throttled) });
    const all = await pausesOf(w);
    expect(all.slice(0, pauses.length)).toEqual(pauses);
    expect(new Set(all.slice(pauses.length))).toEqual(new Set([60_000 + fraction * 20_000]));
  });

  it("outlives an outage of ten minutes before the queue gives it up, even with the shortest pauses", async () => {
    const w = world({ wrap: withFraction(0, throttled) });
    expect(sum(await pausesOf(w))).toBeGreaterThanOrEqual(600_000);
  });

  it("is returned without an error if its visibility cannot be changed either", async () => {
    const w = world({
      wrap: (deps) => ({
        ...throttled(deps),
        queue: { ...deps.queue, hideFor: async () => Promise.reject(new Error("SQS is out")) },
      }),
    });
    expect(await receive(w, 1)).toBe("return");
  });
});

it("a message comes back in seconds if the gate document cannot be read", async () => {
  const w = world({ wrap: withUnreadableGate });
  expect(await receive(w, 1)).toBe("return");
  expect(w.hidden).toEqual([11_000]);
});
