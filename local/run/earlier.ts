/** What earlier runs in the same folder left, looked at before this run begins. */
import { createHash } from "node:crypto";
import fs from "node:fs";
import { setImmediate as othersTurn } from "node:timers/promises";
import { ifThere } from "../../adapters/local/disk.ts";
import { translateTrouble } from "../../adapters/local/machine-trouble.ts";
import { present } from "../../core/model/present.ts";
import type { SettledEnd } from "./end-store.ts";
import type { ListedJob } from "./line-store.ts";
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
  /** Distinct jobs that were looked at. */
  readonly jobs: number;
  /** Stored, and still there. */
  readonly done: number;
  readonly failed: number;
  /** Stored by an earlier run, and missing or damaged now. They are fetched again. */
  readonly damaged: number;
}

const PAGE = 1_000;
const READ_BYTES = 1024 * 1024;

/** What becomes of one job of the list. `unsettled`: a run ended before it had made the job's end last. */
type Fate =
  | { readonly kind: "open" }
  | { readonly kind: "again" }
  | { readonly kind: "damaged" }
  | { readonly kind: "unsettled"; readonly isDone: boolean }
  | { readonly kind: "stays"; readonly end: SettledEnd; readonly isChanged: boolean };

/** Looks at each job of the list that has ended. What is gone, or wanted again, is forgotten. */
export class EarlierRuns {
  readonly #workspace: Workspace;
  readonly #settler: Settler;
  readonly #choices: RerunChoices;
  readonly #counts = { jobs: 0, done: 0, failed: 0, damaged: 0 };
  #seq = 0;
  /** The first line whose job must be worked on. */
  #firstOpen: number | undefined;

  constructor(workspace: Workspace, settler: Settler, choices: RerunChoices) {
    this.#workspace = workspace;
    this.#settler = settler;
    this.#choices = choices;
  }

  /** Grows while jobs are looked at. */
  get ends(): EarlierEnds {
    return this.#counts;
  }

  /** The last line of the list whose job was looked at. Jobs after it must wait. */
  get seq(): number {
    return this.#seq;
  }

  /** All jobs of the list's lines up to this one have ended. */
  get doneUpTo(): number {
    return this.#firstOpen === undefined ? this.#seq : this.#firstOpen - 1;
  }

  /**
   * Looks at the jobs that came since the last time, which no worker may have begun: a forgotten job's fence starts
   * over.
   */
  async lookAtNew(signal: AbortSignal): Promise<void> {
    for (;;) {
      const jobs = this.#workspace.lines.jobsAfter(this.#seq, PAGE);
      const last = jobs.at(-1);
      if (!last) return;
      await this.#lookAt(jobs, signal);
      this.#seq = last.seq;
      // Whatever else waits gets its turn: Ctrl-C, and the end of a garbage collection.
      await othersTurn();
      signal.throwIfAborted();
    }
  }

  async #lookAt(jobs: readonly ListedJob[], signal: AbortSignal): Promise<void> {
    const { database, ends } = this.#workspace;
    const counts = this.#counts;
    const stay: SettledEnd[] = [];
    const changed: SettledEnd[] = [];
    const unsettled: string[] = [];
    const forgotten: string[] = [];
    for (const job of jobs) {
      const { jobId, seq } = job;
      const fate = await this.#fateOf(job, signal);
      if (fate.kind !== "stays" && fate.kind !== "unsettled") this.#firstOpen ??= seq;
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
    counts.jobs += jobs.length;
    this.#settler.tell(stay);
    await this.#settler.makeLast(unsettled.map((jobId) => ({ jobId })));
  }

  async #fateOf({ end, jobId, message }: ListedJob, signal: AbortSignal): Promise<Fate> {
    const { content, ends } = this.#workspace;
    const { refresh, retryFailed, verify } = this.#choices;
    const outcome = end?.outcome ?? ends.recorded(jobId);
    if (!outcome) return { kind: refresh ? "again" : "open" };
    const isDone = isStored(outcome);
    if (refresh || (!isDone && retryFailed)) return { kind: "again" };
    if (!isDone) return end ? { kind: "stays", end, isChanged: false } : { kind: "unsettled", isDone };
    // The list expects other bytes than the list before it did.
    if (message.sha256 !== undefined && message.sha256 !== outcome.sha256) return { kind: "again" };

    const key = present(outcome.key ?? undefined, "the key of stored content");
    const path = content.pathOf(key);
    const found = ifThere(path, () => fs.statSync(path));
    const isSame = found?.size === outcome.bytes && found?.mtimeMs === end?.mtimeMs;
    const mustHash = !isSame || verify;
    if (!found || found.size !== outcome.bytes || (mustHash && (await sha256Of(path, signal)) !== outcome.sha256)) {
      fs.rmSync(path, { force: true });
      return { kind: "damaged" };
    }
    if (!end) {
      // A worker may have died before the disk had the folders.
      await content.head(key);
      return { kind: "unsettled", isDone };
    }
    const name = this.#settler.nameAgain(end, found);
    const isChanged = !isSame || name !== end.name;
    return { kind: "stays", end: { ...end, name, mtimeMs: found.mtimeMs }, isChanged };
  }
}

async function sha256Of(path: string, signal: AbortSignal): Promise<string> {
  const hash = createHash("sha256");
  try {
    const pieces = fs.createReadStream(path, { highWaterMark: READ_BYTES, signal });
    for await (const piece of pieces) hash.update(piece as Uint8Array);
  } catch (error) {
    signal.throwIfAborted();
    throw translateTrouble(error, path);
  }
  return hash.digest("hex");
}
