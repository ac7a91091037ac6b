import { describe, expect, it } from "vitest";
import { jobIdOf, jobItemKey } from "../../../../core/model/keys.ts";
import { takeLease } from "../../../../core/model/protocol.ts";
import { recoverJob } from "../../../../core/model/recovery-protocol.ts";
import { decodeJob } from "../../../../core/model/record-codec.ts";
import { JOB_STATES, OPEN_STATES } from "../../../../core/model/states.ts";
import { MESSAGE } from "../../../simulation/world.ts";
import { simulatedItems } from "../../../simulation/services/items.ts";

const KEY = jobItemKey(jobIdOf(MESSAGE));
const NOW_MS = 1_000_000;

const request = (owner: string, nowMs = NOW_MS) =>
  takeLease({ jobId: jobIdOf(MESSAGE), message: MESSAGE, owner, nowMs, ttlMs: 1000, headKey: "h", watchShards: 64 });

async function jobIn(state: string) {
  const items = simulatedItems();
  await items.write(request("first", 0));
  await items.write({ key: KEY, when: [[]], set: { state } });
  return items;
}

describe("a conditional write of the protocol", () => {
  it.each(JOB_STATES)("grants an expired lease on a job in state %s only if the state is open", async (state) => {
    const items = await jobIn(state);
    expect((await items.write(request("second"))).applied).toBe(OPEN_STATES.includes(state));
  });

  it.each([
    [999, false],
    [1000, true],
    [1001, true],
  ])("gives a lease that expires at 1000 ms to another worker at %d ms: %s", async (nowMs, isTaken) => {
    const items = await jobIn("STREAMING");
    expect((await items.write(request("second", nowMs))).applied).toBe(isTaken);
  });

  it("grants a job's lease to exactly one of 20 workers that ask at once", async () => {
    const items = simulatedItems();
    const outcomes = await Promise.all(Array.from({ length: 20 }, async (_, n) => items.write(request(`owner-${n}`))));
    expect(outcomes.filter(({ applied }) => applied)).toHaveLength(1);
  });

  it.each([
    ["the state", { state: "FAILED" }],
    ["the fence", { fence: 2 }],
    ["the watch time", { watch_at: 5000 }],
    ["the operation in progress", { op_head: { type: "HEAD", key: "h", status: "DONE", fence: 1, at: 500 } }],
  ])("refuses a recovery if %s has changed since the reconciler read the record", async (_name, change) => {
    const items = await jobIn("STREAMING");
    const seen = decodeJob((await items.read(KEY)) ?? {});
    await items.write({ key: KEY, when: [[]], set: change });
    expect((await items.write(recoverJob(seen, 1000, "reconciler", NOW_MS, 1000))).applied).toBe(false);
    expect((await items.read(KEY))?.["lease_owner"]).toBe("first");
  });
});

it("a job record with attributes that a later version added can be decoded", async () => {
  const items = await jobIn("STREAMING");
  const item = { ...(await items.read(KEY)), novelty: { deep: true } };
  expect(decodeJob(item).state).toBe("STREAMING");
});

it("decoding an item that is not a job fails with the item's key", () => {
  expect(() => decodeJob({ pk: "HASH#x" })).toThrow('The record "HASH#x" cannot be read: its field state is undefined');
});
