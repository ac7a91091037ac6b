/** A bug in the bundled worker must be found in the log: its text, its line in the sources, its job and invocation. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { OriginFile } from "../../local/origin/file.ts";
import type { startPipeline } from "../embedded-aws/pipeline.ts";
import { inChangedTree, type Change } from "../changed-tree.ts";
import { startRun, startSurroundings, until } from "./support.ts";

const BUNDLED = [
  "package.json",
  "package-lock.json",
  "tsconfig.json",
  "core",
  "adapters",
  "lambdas",
  "dashboards",
  "infra",
  "local/shared",
  "test/embedded-aws",
];

interface PlantedBug extends Change {
  readonly step: string;
  readonly victim: OriginFile;
}

/** Throws in one step of one file's job, and leaves all other jobs alone. */
const bug = (step: string, file: string, find: string, condition: string, size: number): PlantedBug => ({
  step,
  file,
  find,
  put: `${find}\n  if (${condition}) throw new TypeError("planted in ${step}");`,
  victim: { name: `victim-of-${step}`, size },
});

const BUGS: readonly PlantedBug[] = [
  bug(
    "lease",
    "core/worker/acquire-lease.ts",
    "const jobId = jobIdOfKey(jobKey);",
    'message.url.includes("victim-of-lease")',
    1,
  ),
  bug(
    "head",
    "core/origin/probe.ts",
    "const { clock, heads, settings, visit } = deps;",
    'url.includes("victim-of-head")',
    2,
  ),
  bug(
    "stream",
    "core/transfer/transfer.ts",
    "const begun = owner.checkpoint?.mirror === request.mirror ? owner.checkpoint : undefined;",
    'request.url.includes("victim-of-stream")',
    3,
  ),
  bug(
    "finalize",
    "core/worker/publish.ts",
    "const { sha256, bytes, etag, placed, stagedBy } = transfer;",
    "bytes === 4",
    4,
  ),
  bug(
    "index",
    "core/worker/publish.ts",
    "const entry = { sha256, jobId, key: contentKey(sha256), bytes, contentType };",
    "bytes === 5",
    5,
  ),
];

describe("a bug in the bundled worker", () => {
  it("leaves its text, source line, job and invocation in the log, whichever step it is in", async () => {
    const surroundings = await startSurroundings();
    await inChangedTree(BUNDLED, BUGS, async (tree) => {
      const built = (await import(join(tree, "test/embedded-aws/pipeline.ts"))) as {
        readonly startPipeline: typeof startPipeline;
      };
      const run = await startRun({ ...surroundings, start: built.startPipeline });
      await run.submit(BUGS.map(({ victim }) => victim));
      const lineOf = ({ step }: PlantedBug) =>
        run.seen.logs.find(({ error }) => error === `TypeError: planted in ${step}`);
      await until("every bug is in the log", async () => BUGS.find((each) => !lineOf(each))?.step);
      await run.stop();

      for (const each of BUGS) {
        const source = await readFile(join(tree, each.file), "utf8");
        const line = source.slice(0, source.indexOf(`planted in ${each.step}`)).split("\n").length;
        expect(lineOf(each)).toMatchObject({
          level: "error",
          stack: expect.stringContaining(`${each.file}:${line}:`) as string,
          job_id: run.idOf(each.victim),
          invocation_id: expect.stringMatching(/^[0-9a-f-]{36}$/) as string,
        });
      }
    });
  });
});
