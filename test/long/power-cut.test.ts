/**
 * The power is cut at some moment of a run. The disk has what was synced before, and of the rest either nothing or any
 * part. Whatever the run had told by then must be there.
 */
import { spawn, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, it } from "vitest";
import { jobIdOf } from "../../core/model/keys.ts";
import { present } from "../../core/model/present.ts";
import { originPath, type OriginFile } from "../../local/origin/file.ts";
import { startOrigin, type Origin } from "../../local/origin/server.ts";
import { inChangedTree } from "../changed-tree.ts";
import type { Chance } from "./power-cut/disk.ts";
import { brokenPromises, recordingOf, type Recording } from "./power-cut/promises.ts";
import { tracing } from "./power-cut/trace.ts";

const MIB = 1024 * 1024;
const TREE = fileURLToPath(new URL("../../", import.meta.url));
const PROGRAM = "test/long/power-cut/program.ts";

const FILES: readonly OriginFile[] = [
  ...Array.from({ length: 40 }, (_, index) => ({ name: `file-${index}`, size: 100 + index })),
  ...Array.from({ length: 6 }, (_, index) => ({ name: `same-${index}`, size: 300, content: "same" })),
  { name: "in-parts", size: 20 * MIB },
  { name: "gone", size: 10, status: 404 },
];

/** How many moments are tried besides those at which something is told. */
const MORE_MOMENTS = 20;
const SEEDS = [1, 2];

const NOTHING_SURVIVES: Chance = () => false;
/** Each change that was not synced survives or not, as a hash of its place and the seed says. */
const anythingSurvives =
  (seed: number): Chance =>
  (at) =>
    Math.imul(at + seed, 0x9e3779b1 ^ Math.imul(seed, 0x85ebca6b)) < 0;

const canTrace = spawnSync("strace", ["-o", "/dev/null", "true"]).status === 0;
const CANNOT_TRACE = "The order of syncs is not recorded: strace is missing, or it may not trace processes here.";

let origin: Origin;
beforeAll(async () => {
  origin = await startOrigin();
});
afterAll(async () => origin.stop());

interface Run {
  readonly tree?: string;
  /** After how many ends a worker is killed, again and again; 0: never. */
  readonly killAfter?: number;
}

/** Runs the engine over all files, below a command. */
async function runIn(out: string, through: readonly string[], { tree = TREE, killAfter = 0 }: Run = {}): Promise<void> {
  const urls = FILES.map((file) => origin.urlOf(file));
  const all = [...through, process.execPath, join(tree, PROGRAM), out, String(killAfter), ...urls];
  const [command = "", ...args] = all;
  const child = spawn(command, args, { stdio: ["ignore", "inherit", "inherit"] });
  expect(await once(child, "exit")).toEqual([0, null]);
}

/** Runs the engine, and passes on in which order it wrote, synced and told. */
async function record(run: Run, look: (recording: Recording, root: string) => unknown): Promise<void> {
  const root = await mkdtemp(join(tmpdir(), "fetchonce-power-"));
  try {
    await runIn(join(root, "out"), tracing(join(root, "trace")), run);
    await look(recordingOf(await readFile(join(root, "trace"), "utf8"), root), root);
  } finally {
    await rm(root, { recursive: true });
  }
}

const sha256Of = async (path: string): Promise<string> =>
  createHash("sha256")
    .update(await readFile(path))
    .digest("hex");

const momentsOfTelling = ({ told }: Recording): readonly number[] => [...new Set(told.map(({ at }) => at))];

function momentsAfter(first: number, { length }: Recording): readonly number[] {
  return Array.from(
    { length: MORE_MOMENTS },
    (_, index) => first + Math.ceil(((length - first) * (index + 1)) / MORE_MOMENTS),
  );
}

it.for([
  ["", 0],
  [", also while its workers are killed", 10],
] as const)(
  "what a run has told is on the disk when the power is cut, whatever else is lost%s",
  async ([, killAfter], { skip }) => {
    skip(!canTrace, CANNOT_TRACE);
    await record({ killAfter }, (recording) => {
      const telling = momentsOfTelling(recording);
      const stored = recording.told.filter(({ key }) => key !== null);
      expect(new Set(stored.map(({ jobId }) => jobId)).size).toBe(FILES.length - 1);
      expect(telling.length).toBeGreaterThan(1);
      for (const at of [...telling, ...momentsAfter(Math.min(...telling), recording)]) {
        for (const chance of [NOTHING_SURVIVES, ...SEEDS.map(anythingSurvives)])
          expect([at, brokenPromises(recording, at, chance)]).toEqual([at, []]);
      }
    });
  },
);

it("the next run after a power cut asks for nothing again that was told, and ends with every file whole", async ({
  skip,
}) => {
  skip(!canTrace, CANNOT_TRACE);
  await record({}, async (recording, root) => {
    const telling = momentsOfTelling(recording);
    const moments = [telling[0], telling[Math.floor(telling.length / 2)], telling.at(-1)];
    for (const [index, at] of moments.map((moment) => present(moment, "a moment")).entries()) {
      const told = new Set(recording.told.flatMap((one) => (one.at <= at ? [one.jobId] : [])));
      const again = join(root, `again-${index}`);
      recording.disk.restoreTo(again, at, index === 1 ? NOTHING_SURVIVES : anythingSurvives(index + 1));
      const requestsBefore = origin.requests.length;
      await runIn(join(again, "out"), []);
      const asked = new Set(origin.requests.slice(requestsBefore).map(({ path }) => path));
      const toldFiles = FILES.filter((file, place) =>
        told.has(jobIdOf({ work_id: "w", artifact_id: String(place), url: origin.urlOf(file) })),
      );
      expect(toldFiles).toHaveLength(told.size);
      expect(toldFiles.filter((file) => asked.has(originPath(file)))).toEqual([]);
      const results = (await readFile(join(again, "out/results.jsonl"), "utf8")).trim().split("\n");
      expect(results).toHaveLength(FILES.length);
      const stored = results
        .map((line) => JSON.parse(line) as { key: string | null; sha256: string })
        .filter(({ key }) => key !== null);
      expect(stored).toHaveLength(FILES.length - 1);
      for (const { key, sha256 } of stored)
        expect(await sha256Of(join(again, "out/content", String(key)))).toBe(sha256);
    }
  });
});

/** Ways to break the promise, each of which must be noticed. What it breaks is the first word of what is missing. */
const VIOLATIONS = [
  {
    name: "data is not synced",
    breaks: "bytes",
    change: {
      file: "adapters/local/disk.ts",
      find: "    await fdatasync(file);\n  } catch (error) {",
      put: "  } catch (error) {",
    },
  },
  {
    name: "no folder of content is synced",
    breaks: "content",
    change: {
      file: "adapters/local/folder-syncs.ts",
      find: "    await Promise.all(folders.map(syncFolder));\n",
      put: "",
    },
  },
  {
    name: "the folders above that of a file are not synced",
    breaks: "content",
    change: {
      file: "adapters/local/content.ts",
      find: "await syncs.sync([parent, ...unknownAbove(parent)]);",
      put: "await syncs.sync([parent]);",
    },
  },
  {
    name: "the names are not synced",
    breaks: "name",
    change: { file: "local/run/settler.ts", find: "    await names.sync();\n", put: "" },
  },
  {
    name: "the records are not synced",
    breaks: "record",
    change: { file: "local/run/settler.ts", find: "    await database.sync();\n", put: "" },
  },
  {
    name: "the folder of the run is not synced",
    breaks: "record",
    change: {
      file: "adapters/local/disk.ts",
      find: "  await syncFolder(above);\n",
      put: "",
    },
  },
];

it.for(VIOLATIONS)("the check notices if $name", async ({ breaks, change }, { skip }) => {
  skip(!canTrace, CANNOT_TRACE);
  await inChangedTree(["core", "adapters", "local", "test/long/power-cut", "package.json"], [change], async (tree) =>
    record({ tree }, (recording) => {
      const broken = momentsOfTelling(recording).flatMap((at) => brokenPromises(recording, at, NOTHING_SURVIVES));
      expect(broken.filter((what) => what.startsWith(breaks))).not.toEqual([]);
    }),
  );
});
