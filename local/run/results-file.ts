import fs from "node:fs";
import { onDisk } from "../../adapters/local/disk.ts";
import type { JobMessage } from "../../core/model/message.ts";
import type { End } from "./end-store.ts";
import type { Metadata } from "./line-store.ts";
import type { Outcome } from "./outcome.ts";

/** A line of `results.jsonl`. The columns of the user's own stand beside these fields. */
export interface JobResult extends Omit<Outcome, "resumed_bytes"> {
  readonly job_id: string;
  readonly work_id: string;
  readonly artifact_id: string;
  readonly url: string;
  /** The file's name below `files/`. */
  readonly path: string | null;
}

export interface ToldResult {
  readonly result: JobResult;
  readonly metadata: Metadata | undefined;
}

export function resultOf(message: JobMessage, { jobId, outcome, name }: End): JobResult {
  const { work_id, artifact_id, url } = message;
  const { state, sha256, bytes, content_type, key, attempts, reason } = outcome;
  return {
    job_id: jobId,
    work_id,
    artifact_id,
    url,
    state,
    sha256,
    bytes,
    content_type,
    key,
    path: name,
    attempts,
    reason,
  };
}

/** `results.jsonl`: written anew in each run, a whole line at a time, as jobs end. */
export class ResultsFile {
  readonly #path: string;
  readonly #file: number;
  #bytes = 0;

  constructor(path: string) {
    this.#path = path;
    this.#file = onDisk(path, () => fs.openSync(path, "w"));
  }

  append(results: readonly ToldResult[]): void {
    const text = results.map(({ result, metadata }) => `${JSON.stringify({ ...result, ...metadata })}\n`).join("");
    onDisk(this.#path, () => {
      try {
        // Unlike writeSync, it goes on until all of it is written.
        fs.writeFileSync(this.#file, text);
        this.#bytes += Buffer.byteLength(text);
      } catch (error) {
        // A full disk may have taken half a line.
        fs.ftruncateSync(this.#file, this.#bytes);
        throw error;
      }
    });
  }

  close(): void {
    fs.closeSync(this.#file);
  }
}
