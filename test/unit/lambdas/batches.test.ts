import { expect, it } from "vitest";
import { createHandler } from "../../../lambdas/batches/create-handler.ts";
import { ListsWorld } from "../core/lists/support.ts";
import { BatchWorld } from "../core/batches/support.ts";
import { INVOCATION } from "../../invocation.ts";

/** Batches and lists of one deployment, whose index of what is due fails for these shards. */
function deployment(failing: (shard: number) => boolean) {
  const batches = new BatchWorld();
  const lists = new ListsWorld();
  const items = {
    ...batches.deps.items,
    watched: async (...asked: Parameters<typeof batches.deps.items.watched>) => {
      if (failing(asked[0])) throw new Error(`shard ${asked[0]} is away`);
      return batches.deps.items.watched(...asked);
    },
  };
  return createHandler({ ...batches.deps, ...lists.deps, items });
}

it("follows batches and expands lists in one run", async () => {
  expect(await deployment(() => false)({}, INVOCATION)).toEqual({ looked: 0, ended: 0, found: 0, expanded: 0 });
});

it.each([
  ["batches", (shard: number) => shard === -1, "shard -1 is away"],
  ["lists", (shard: number) => shard === -2, "shard -2 is away"],
])("fails of what keeps it from the %s", async (_what, failing, said) => {
  await expect(deployment(failing)({}, INVOCATION)).rejects.toThrow(said);
});

it("fails of both at once", async () => {
  await expect(deployment(() => true)({}, INVOCATION)).rejects.toThrow("Both parts failed.");
});
