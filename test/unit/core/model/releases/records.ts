/**
 * Every version of the job record that one multipart download writes, in order. To keep those of a release, run
 * `node test/unit/core/model/releases/records.ts > test/unit/core/model/releases/<version>.json`.
 */
import { argv } from "node:process";
import { fileURLToPath } from "node:url";
import type { Item } from "../../../../../core/model/write.ts";
import { fileOrigin, PART_BYTES, world } from "../../../../simulation/world.ts";

export const BODY = Buffer.from("x".repeat(3 * PART_BYTES + 1));

export async function recordsOfADownload(): Promise<readonly Item[]> {
  const w = world();
  w.serve(fileOrigin(BODY));
  await w.deliver();
  return w.items.history.filter(({ write }) => write.key.startsWith("JOB#")).map(({ after }) => after);
}

if (argv[1] === fileURLToPath(import.meta.url)) {
  process.stdout.write(`${JSON.stringify(await recordsOfADownload(), undefined, 2)}\n`);
}
