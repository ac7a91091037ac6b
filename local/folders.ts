import { join } from "node:path";

export interface Folders {
  readonly out: string;
  /** Content by its address: `content/sha256/ab/cd/<sha256>`. */
  readonly content: string;
  /** The same files under names that a person reads. */
  readonly files: string;
  readonly state: string;
  readonly staging: string;
  readonly database: string;
  readonly events: string;
  readonly log: string;
  readonly results: string;
  readonly report: string;
}

export function foldersOf(out: string): Folders {
  const state = join(out, ".fetchonce");
  return {
    out,
    content: join(out, "content"),
    files: join(out, "files"),
    state,
    staging: join(state, "staging"),
    database: join(state, "state.db"),
    events: join(out, "events.jsonl"),
    log: join(state, "log.jsonl"),
    results: join(out, "results.jsonl"),
    report: join(out, "report.html"),
  };
}
