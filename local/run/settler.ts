import fs from "node:fs";
import { posix } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { ifThere } from "../../adapters/local/disk.ts";
import { LAST_SEEN } from "./facts.ts";
import type { EndNotice } from "../worker/messages.ts";
import type { SettledEnd } from "./end-store.ts";
import { nameOfText, nameOfUrl, safePart } from "./file-names.ts";
import type { ListLine } from "./line-store.ts";
import { isStored, unguardedOutcome, type Outcome } from "./outcome.ts";
import { resultOf, type JobResult, type ToldResult } from "./results-file.ts";
import type { Workspace } from "./workspace.ts";

/**
 * Where a file's name below `files/` comes from. Header: the last part is the origin's name for the file
 * (Content-Disposition). Column: that column of the list. Where these give none, it is the URL.
 */
export type NameSource =
  | { readonly kind: "none" | "url" | "header" }
  | { readonly kind: "column"; readonly column: string };

export interface SettlerDeps {
  readonly workspace: Workspace;
  readonly nameSource: NameSource;
  /** Writes results, each with the columns of the user's own. */
  readonly tell: (results: readonly ToldResult[]) => void;
  /** The end is on the disk, and the results are told of it. */
  readonly onSettled: (end: SettledEnd, result: JobResult) => void;
}

/** Ends wait so long for others, in ms: each commit waits for the disk. */
const GATHERING_MS = 30;

/** Makes ends last: file, folders, name and record are on the disk before anybody is told. */
export class Settler {
  readonly #deps: SettlerDeps;
  #gathered: EndNotice[] = [];
  #settling: Promise<void> | undefined;

  constructor(deps: SettlerDeps) {
    this.#deps = deps;
  }

  /** Workers tell of an end only when the disk has the file and its folders. */
  settleLater(notices: readonly EndNotice[], onError: (error: unknown) => void): void {
    this.#gathered.push(...notices);
    this.#settling ??= this.#settleAll()
      .catch(onError)
      .finally(() => {
        this.#settling = undefined;
      });
  }

  async drain(): Promise<void> {
    await this.#settling;
  }

  async #settleAll(): Promise<void> {
    while (this.#gathered.length > 0) {
      await sleep(GATHERING_MS);
      const notices = this.#gathered;
      this.#gathered = [];
      await this.settle(notices);
    }
  }

  /** Ends of jobs that have not ended, or that were settled before, change nothing. */
  async settle(notices: readonly EndNotice[]): Promise<void> {
    const { onSettled, workspace } = this.#deps;
    const { clock, database, ends, names } = workspace;
    const settled = notices.flatMap((notice) => this.#settledEnd(notice) ?? []);
    if (settled.length === 0) return;
    await names.sync();
    database.transaction(() => {
      for (const end of settled) ends.put(end);
      database.run("INSERT OR REPLACE INTO facts (name, value) VALUES (?, ?)", LAST_SEEN, clock.nowMs());
    });
    await database.sync();
    for (const result of this.tell(settled)) onSettled(...result);
  }

  /**
   * Writes a result for each line of the list that names one of the jobs.
   * @returns each end with the result of its first line.
   */
  tell(settled: readonly SettledEnd[]): readonly (readonly [SettledEnd, JobResult])[] {
    const { tell, workspace } = this.#deps;
    const { lines } = workspace;
    const told = settled.map((end) => ({
      end,
      results: lines.linesOf(end.jobId).map(({ message, metadata }) => ({ result: resultOf(message, end), metadata })),
    }));
    tell(told.flatMap((each) => each.results));
    return told.flatMap(({ end, results: [first] }) => (first ? [[end, first.result] as const] : []));
  }

  #settledEnd(notice: EndNotice): SettledEnd | undefined {
    const { nameSource, workspace } = this.#deps;
    const { content, ends, lines } = workspace;
    const { jobId } = notice;
    if (ends.of(jobId)) return undefined;
    const outcome = notice.unguarded ? unguardedOutcome(notice.unguarded) : ends.recorded(jobId);
    if (!outcome) return undefined;
    if (!isStored(outcome) || outcome.key === null) return { jobId, outcome, name: null, mtimeMs: null };
    const path = content.pathOf(outcome.key);
    const found = ifThere(path, () => fs.statSync(path));
    // Somebody took the file away since it was stored. The next run fetches it again.
    if (!found) return undefined;
    const [line] = lines.linesOf(jobId);
    const isNamed = line !== undefined && nameSource.kind !== "none";
    const name = isNamed ? workspace.names.give(jobId, this.#wantedName(line, outcome), path) : null;
    return { jobId, outcome, name, mtimeMs: found.mtimeMs };
  }

  #wantedName({ message, metadata }: ListLine, outcome: Outcome): string {
    const { nameSource } = this.#deps;
    const given = nameSource.kind === "column" ? metadata?.[nameSource.column] : undefined;
    if ((typeof given === "string" && given.trim() !== "") || typeof given === "number")
      return nameOfText(String(given));
    const ofUrl = nameOfUrl(message.url);
    const isFromHeader = nameSource.kind === "header" && outcome.file_name !== undefined;
    return isFromHeader ? `${posix.dirname(ofUrl)}/${safePart(outcome.file_name)}` : ofUrl;
  }
}
