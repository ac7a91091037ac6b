import { setTimeout as sleep } from "node:timers/promises";
import { expect, it, vi } from "vitest";
import { localQueue } from "../../../../adapters/local/queue.ts";
import { RunEndsError } from "../../../../core/model/errors.ts";
import { work } from "../../../../local/worker/work-loop.ts";
import { fileOrigin, MESSAGE, world } from "../../../simulation/world.ts";
import { SMALL } from "../../core/support.ts";
import { databaseForEachTest } from "../../adapters/local/support.ts";

const opened = databaseForEachTest();

it("a download without a lease that takes long is not begun a second time", async () => {
  const w = world({ settings: { gateCeiling: 0, leaseTtlMs: 30_000 } });
  const queue = localQueue(opened.database, { clock: w.clock, holder: "p", visibilityMs: 30_000, mostReceives: 10 });
  const served = Promise.withResolvers<void>();
  w.serve(async (request) => {
    await served.promise;
    return fileOrigin(SMALL)(request);
  });
  const receives = vi.spyOn(queue, "receive");
  const ending = new AbortController();
  await queue.send([{ body: JSON.stringify(MESSAGE), group: "g" }]);
  const working = work({ deps: { ...w.deps, queue }, queue, slots: 10, stopping: ending.signal });
  for (let minute = 0; minute < 3; minute++) {
    for (let step = 0; step < 6; step++) await w.clock.advance(10_000);
    receives.mockClear();
    while (receives.mock.calls.length < 2) await sleep(5);
  }
  expect(w.requests).toHaveLength(1);
  served.resolve();
  while (w.contentObjects.size === 0) await sleep(5);
  ending.abort(new RunEndsError("run_ends"));
  await working;
  expect(await queue.receive(10)).toEqual([]);
});
