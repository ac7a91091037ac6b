import fs from "node:fs";
import { onDisk } from "../../adapters/local/disk.ts";
import type { FailureClass } from "../../core/model/record.ts";
import type { JobMessage } from "../../core/model/message.ts";
import type { End } from "./end-store.ts";
import type { Metadata } from "./line-store.ts";
import { isStored, type Outcome } from "./outcome.ts";

/** A line of `results.jsonl`. The columns of the user's own stand beside these fields. */
export interface JobResult
  extends Omit<Outcome, "resumed_bytes" | "failure_class" | keyof OriginColumns>, OriginColumns {
  readonly job_id: string;
  readonly work_id: string;
  readonly artifact_id: string;
  readonly url: string;
  /** The file's name below `files/`. */
  readonly path: string | null;
  readonly failure_class: FailureClass | null;
}

/** What the origin says of a file that is stored. Null: it says nothing of the kind. */
interface OriginColumns {
  /** The URL that answered, after all redirects. */
  readonly final_url: string | null;
  /** The name that the origin gives the file, or else the URL's. */
  readonly file_name: string | null;
  readonly etag: string | null;
  readonly last_modified: string | null;
  readonly content_encoding: string | null;
  readonly decoded_from: string | null;
  readonly digest_source: string | null;
  /** Of a refreshed job: the one before it, and whether the origin has nothing newer. */
  readonly previous_job: string | null;
  readonly unchanged: boolean | null;
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
    failure_class: outcome.failure_class ?? null,
    ...originColumns(url, outcome),
  };
}

function originColumns(url: string, outcome: Outcome): OriginColumns {
  const finalUrl = isStored(outcome) ? (outcome.final_url ?? url) : undefined;
  return {
    final_url: finalUrl ?? null,
    file_name: outcome.file_name ?? (finalUrl === undefined ? null : nameInUrl(finalUrl)),
    etag: outcome.etag ?? null,
    last_modified: outcome.last_modified ?? null,
    content_encoding: outcome.content_encoding ?? null,
    decoded_from: outcome.decoded_from ?? null,
    digest_source: outcome.digest_source ?? null,
    previous_job: outcome.previous_job ?? null,
    unchanged: outcome.unchanged ?? null,
  };
}

/** Null if the URL ends with a folder. */
function nameInUrl(url: string): string | null {
  const name = new URL(url).pathname.split("/").at(-1) ?? "";
  try {
    return decodeURIComponent(name) || null;
  } catch {
    return name;
  }
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
