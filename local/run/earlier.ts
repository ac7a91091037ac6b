/** What earlier runs in the same folder left, looked at before this run begins. */
import { createHash } from "node:crypto";
import fs from "node:fs";
import { ifThere } from "../../adapters/local/disk.ts";
import { present } from "../../core/model/present.ts";
import type { SettledEnd } from "./end-store.ts";
import { isStored } from "./outcome.ts";
import type { Settler } from "./settler.ts";
import type { Workspace } from "./workspace.ts";

export interface RerunChoices {
  /** Compare what is stored with its SHA-256, not only its size and time. */
  readonly verify: boolean;
  readonly retryFailed: boolean;
  /** Fetch everything again. */
  readonly refresh: boolean;
}

export interface EarlierEnds {
  /** Stored, and still there. */
  readonly done: number;
  readonly failed: number;
  /** Stored by an earlier run, and missing or damaged now. They are fetched again. */
  readonly damaged: number;
}

const PAGE = 5_000;
const READ_BYTES = 1024 * 1024;

/** What becomes of one job of the list. `unsettled`: a run ended before it had made the job's end last. */
type Fate =
  | { readonly kind: "open" }
  | { readonly kind: "again" }
  | { readonly kind: "damaged" }
  | { readonly kind: "unsettled"; readonly isDone: boolean }
  | { readonly kind: "stays"; readonly end: SettledEnd; readonly isChanged: boolean };

/** Looks at each job of the list that has ended. What is gone, or wanted again, is forgotten. */
export async function takeUpEarlier(
  workspace: Workspace,
  settler: Settler,
  choices: RerunChoices,
): Promise<EarlierEnds> {
  const { database, ends, lines } = workspace;
  const counts = { done: 0, failed: 0, damaged: 0 };
  for (let seq = 0; ;) {
    const jobs = lines.jobsAfter(seq, PAGE);
    const last = jobs.at(-1);
    if (!last) return counts;
    seq = last.seq;
    const stay: SettledEnd[] = [];
    const changed: SettledEnd[] = [];
    const unsettled: string[] = [];
    const forgotten: string[] = [];
    for (const { jobId } of jobs) {
      const fate = await fateOf(workspace, jobId, choices);
      if (fate.kind === "again" || fate.kind === "damaged") forgotten.push(jobId);
      if (fate.kind === "damaged") counts.damaged += 1;
      if (fate.kind === "unsettled") unsettled.push(jobId);
      if (fate.kind === "unsettled") counts[fate.isDone ? "done" : "failed"] += 1;
      if (fate.kind !== "stays") continue;
      stay.push(fate.end);
      if (fate.isChanged) changed.push(fate.end);
      counts[isStored(fate.end.outcome) ? "done" : "failed"] += 1;
    }
    database.transaction(() => {
      for (const jobId of forgotten) ends.forget(jobId);
      for (const end of changed) ends.put(end);
    });
    settler.tell(stay);
    await settler.settle(unsettled.map((jobId) => ({ jobId })));
  }
}

async function fateOf(workspace: Workspace, jobId: string, choices: RerunChoices): Promise<Fate> {
  const { content, ends, names } = workspace;
  const end = ends.of(jobId);
  const outcome = end?.outcome ?? ends.recorded(jobId);
  if (!outcome) return { kind: choices.refresh ? "again" : "open" };
  const isDone = isStored(outcome);
  if (choices.refresh || (!isDone && choices.retryFailed)) return { kind: "again" };
  if (!isDone) return end ? { kind: "stays", end, isChanged: false } : { kind: "unsettled", isDone };

  const key = present(outcome.key ?? undefined, "the key of stored content");
  const path = content.pathOf(key);
  const found = ifThere(path, () => fs.statSync(path));
  const isSame = found?.size === outcome.bytes && found?.mtimeMs === end?.mtimeMs;
  const mustHash = !isSame || choices.verify;
  if (!found || found.size !== outcome.bytes || (mustHash && (await sha256Of(path)) !== outcome.sha256)) {
    fs.rmSync(path, { force: true });
    return { kind: "damaged" };
  }
  if (!end) {
    // A worker may have died before the disk had the folders.
    await content.head(key);
    return { kind: "unsettled", isDone };
  }
  if (end.name !== null && !names.isThere(end.name, found)) names.give(jobId, end.name, path);
  return { kind: "stays", end: { ...end, mtimeMs: found.mtimeMs }, isChanged: !isSame };
}

async function sha256Of(path: string): Promise<string> {
  const hash = createHash("sha256");
  for await (const piece of fs.createReadStream(path, { highWaterMark: READ_BYTES })) hash.update(piece as Uint8Array);
  return hash.digest("hex");
}
