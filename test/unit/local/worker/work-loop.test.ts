import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, it, onTestFinished, vi } from "vitest";
import { LocalDatabase } from "../../../../adapters/local/database.ts";
import { localQueue } from "../../../../adapters/local/queue.ts";
import { createTables } from "../../../../adapters/local/schema.ts";
import { RunEndsError } from "../../../../core/model/errors.ts";
import { work } from "../../../../local/worker/work-loop.ts";
import { fileOrigin, MESSAGE, world } from "../../../simulation/world.ts";
import { SMALL } from "../../core/support.ts";
import { temporaryFolder } from "../run/support.ts";

it("a download without a lease that takes long is not begun a second time", async () => {
  const folder = await temporaryFolder();
  const database = new LocalDatabase(join(folder, "state.db"), { checkpoints: false });
  onTestFinished(() => database.close());
  createTables(database, folder);
  const w = world({ settings: { gateCeiling: 0, leaseTtlMs: 30_000 } });
  const queue = localQueue(database, { clock: w.clock, holder: "p", visibilityMs: 30_000, mostReceives: 10 });
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
