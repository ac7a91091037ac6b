import { describe, expect, it } from "vitest";
import { jobIdOf, jobItemKey, stagingKey } from "../../../core/model/keys.ts";
import { UNGUARDED_PREFIX } from "../../../core/worker/unguarded.ts";
import { GateWatch } from "./gate-watch.ts";
import { Violation } from "./invariants.ts";
import { simulatedItems } from "../services/items.ts";
import { VirtualTime } from "../services/time.ts";

const MESSAGE = { work_id: "w", artifact_id: "a", url: "https://origin.test/a" };
const JOB_ID = jobIdOf(MESSAGE);
const WORKER = "worker1";

/** With the gate off, a worker takes a batch and stages the message's job on the unguarded path. */
async function stageUnguarded(receives: readonly number[], isRecorded: boolean): Promise<void> {
  const items = simulatedItems();
  const gate = new GateWatch(items, new VirtualTime(), 0);
  if (isRecorded) await items.write({ key: jobItemKey(JOB_ID), when: [[]], set: { state: "LEASED" } });
  const messages = receives.map((count, index) => ({
    id: `m${index}`,
    body: JSON.stringify(MESSAGE),
    visibleAtMs: 0,
    receives: count,
    group: undefined,
    lane: "short" as const,
    receipt: "",
    sentAtMs: 0,
    receivedAtMs: 0,
  }));
  gate.begin(WORKER, messages);
  gate.checkStaged(WORKER, stagingKey(JOB_ID, `${UNGUARDED_PREFIX}1`));
}

describe("with the gate off, the unguarded path", () => {
  it.each([[[1]], [[2]], [[2, 1]]])("may be taken by a job without a record: receive counts %j", async (receives) => {
    await expect(stageUnguarded(receives, false)).resolves.toBeUndefined();
  });

  it.each([[[1]], [[2]], [[2, 1]]])("is a violation for a job with a record: receive counts %j", async (receives) => {
    await expect(stageUnguarded(receives, true)).rejects.toThrow(Violation);
  });
});
