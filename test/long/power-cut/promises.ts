/** Whether what a run has told is on a disk that was cut off. */
import { createHash } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { File, Folder, recordedDisk, type Chance, type RecordedDisk } from "./disk.ts";
import { MARKER, type Told } from "./told.ts";
import { systemCalls, type SystemCall } from "./trace.ts";

interface ToldAt extends Told {
  /** When the write began that told of it first. */
  readonly at: number;
}

export interface Recording {
  readonly told: readonly ToldAt[];
  readonly disk: RecordedDisk;
  /** Number of lines of the trace. */
  readonly length: number;
}

/** @param root a folder that was empty; the run worked in `out` below it. */
export function recordingOf(trace: string, root: string): Recording {
  const calls = systemCalls(trace);
  return { told: toldIn(calls), disk: recordedDisk(calls, root), length: trace.split("\n").length };
}

/** The results are told of a job just before the program marks it. */
function toldIn(calls: readonly SystemCall[]): readonly ToldAt[] {
  const told: ToldAt[] = [];
  let at = 0;
  for (const call of calls) {
    if (call.name === "write" && call.file?.endsWith("/results.jsonl")) at = call.beganAt;
    const path = call.texts[0]?.bytes.toString() ?? "";
    if (path.startsWith(MARKER))
      told.push({ at, ...(JSON.parse(decodeURIComponent(path.slice(MARKER.length))) as Told) });
  }
  return told;
}

/** @returns what is missing of each job that had been told when the power was cut, in words. */
export function brokenPromises({ disk, told }: Recording, cutAt: number, chance: Chance): readonly string[] {
  const soFar = told.filter(({ at }) => at <= cutAt);
  const find = (path: string) => disk.find(`out/${path}`, cutAt, chance);
  const broken: string[] = [];
  for (const { jobId, key, name } of soFar) {
    if (key === null) continue;
    const content = find(`content/${key}`);
    if (!(content instanceof File)) broken.push(`content of ${jobId}`);
    else if (sha256Of(disk.read(content, cutAt, chance)) !== key.split("/").at(-1)) broken.push(`bytes of ${jobId}`);
    if (name !== null && find(`files/${name}`) !== content) broken.push(`name of ${jobId}`);
  }
  const ends = endsOn(disk, cutAt, chance);
  for (const { jobId, key, name } of soFar) {
    const end = ends.get(jobId);
    if (end?.key !== key || end.name !== name) broken.push(`record of ${jobId}`);
  }
  return broken;
}

const sha256Of = (bytes: Buffer): string => createHash("sha256").update(bytes).digest("hex");

const textOrNull = (value: unknown): string | null => (typeof value === "string" ? value : null);

function endsIn(path: string): ReadonlyMap<string, Omit<Told, "jobId">> {
  const database = new DatabaseSync(path);
  try {
    const rows = database.prepare("SELECT job_id, name, outcome ->> '$.key' AS key FROM ends").all();
    return new Map(
      rows.map(({ job_id, key, name }) => [String(job_id), { key: textOrNull(key), name: textOrNull(name) }]),
    );
  } finally {
    database.close();
  }
}

/** The ends that SQLite finds in what is left of the database. */
function endsOn(disk: RecordedDisk, cutAt: number, chance: Chance): ReadonlyMap<string, Omit<Told, "jobId">> {
  const state = disk.find("out/.fetchonce", cutAt, chance);
  const folder = mkdtempSync(join(tmpdir(), "fetchonce-cut-"));
  try {
    const entries = state instanceof Folder ? state.entries(cutAt, chance) : new Map<string, never>();
    for (const [name, file] of entries)
      if (/^state\.db(-wal|-journal)?$/.test(name) && file instanceof File)
        writeFileSync(join(folder, name), disk.read(file, cutAt, chance));
    return endsIn(join(folder, "state.db"));
  } catch {
    return new Map();
  } finally {
    rmSync(folder, { recursive: true });
  }
}
