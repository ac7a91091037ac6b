import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import type { Item, Value } from "../../../../core/model/write.ts";
import { jobItemKey } from "../../../../core/model/keys.ts";
import { decodeJob } from "../../../../core/model/record-codec.ts";
import { isTerminal } from "../../../../core/model/states.ts";
import { fileOrigin, world } from "../../../simulation/world.ts";
import { BODY, recordsOfADownload } from "./releases/records.ts";

const FOLDER = new URL("releases/", import.meta.url);
const releases = readdirSync(FOLDER)
  .filter((file) => file.endsWith(".json"))
  .map((file) => ({
    release: file.replace(/\.json$/, ""),
    records: JSON.parse(readFileSync(new URL(file, FOLDER), "utf8")) as readonly Item[],
  }));

/** @returns the path and type of every value in the item, such as `op_stream.result.bytes number`. */
function shapesOf(value: Value, path = ""): readonly string[] {
  if (typeof value !== "object" || value === null) return [`${path} ${typeof value}`];
  return Object.entries(value).flatMap(([name, inner]: [string, Value]) =>
    shapesOf(inner, path === "" ? name : `${path}.${name}`),
  );
}

/** During a rollout of new code and after a rollback, both versions may work on the same job. */
describe.each(releases)("job records of release $release", ({ records }) => {
  const open = records.map((item, index) => ({ item, index })).filter(({ item }) => !isTerminal(decodeJob(item).state));

  it.each(open)("can be finished by this version from the record after write $index", async ({ item }) => {
    const w = world();
    w.serve(fileOrigin(BODY));
    await w.items.write({ key: jobItemKey(decodeJob(item).jobId), when: [[]], set: item });
    // What the recorded run had staged does not exist here. Some records therefore need a second attempt, which stages
    // the body anew.
    for (const waitMs of [w.deps.settings.leaseTtlMs + 1, w.deps.settings.retry.capMs]) {
      await w.clock.advance(waitMs);
      await w.deliver();
    }
    expect(w.job()?.state).toBe("INDEXED");
  });

  it("have no attribute that this version omits or writes as another type, so that the release can read ours", async () => {
    const ours = new Set((await recordsOfADownload()).flatMap((item) => shapesOf(item)));
    const theirs = new Set(records.flatMap((item) => shapesOf(item)));
    expect([...theirs].filter((shape) => !ours.has(shape))).toEqual([]);
    expect(theirs.size).toBeGreaterThan(40);
  });
});
