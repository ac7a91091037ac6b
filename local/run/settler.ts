import fs from "node:fs";
import { posix } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { ifThere } from "../../adapters/local/disk.ts";
import { MachineTroubleError } from "../../adapters/local/machine-trouble.ts";
import { present } from "../../core/model/present.ts";
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

type Told = readonly [SettledEnd, JobResult];

/** Ends wait so long for others, in ms: each commit waits for the disk. */
const GATHERING_MS = 30;

/** Makes ends last: file, folders, name and record are on the disk before anybody is told. */
export class Settler {
  readonly #deps: SettlerDeps;
  /** Jobs whose end is recorded, and whose results are not told yet. */
  readonly #untold = new Set<string>();
  #gathered: EndNotice[] = [];
  #gathering: Promise<void> | undefined;
  #lastMade: Promise<unknown> = Promise.resolve();

  constructor(deps: SettlerDeps) {
    this.#deps = deps;
  }

  /** Workers tell of an end only when the disk has the file and its folders. */
  settleLater(notices: readonly EndNotice[], onError: (error: unknown) => void): void {
    this.#gathered.push(...notices);
    this.#gathering ??= this.#settleAll()
      .catch(onError)
      .finally(() => {
        this.#gathering = undefined;
      });
  }

  async drain(): Promise<void> {
    await this.#gathering;
    await this.#lastMade;
  }

  async #settleAll(): Promise<void> {
    while (this.#gathered.length > 0) {
      await sleep(GATHERING_MS);
      const notices = this.#gathered;
      this.#gathered = [];
      await this.settle(notices);
    }
  }

  async settle(notices: readonly EndNotice[]): Promise<void> {
    for (const settled of await this.makeLast(notices)) this.#deps.onSettled(...settled);
  }

  /** Ends of jobs that have not ended, or that were settled before, change nothing. @returns the new ones. */
  async makeLast(notices: readonly EndNotice[]): Promise<readonly Told[]> {
    // One group after the other, so that no job is settled by two of them.
    const mine = this.#lastMade.then(async () => this.#makeLastNow(notices));
    this.#lastMade = mine.catch(() => undefined);
    return mine;
  }

  async #makeLastNow(notices: readonly EndNotice[]): Promise<readonly Told[]> {
    const { clock, database, ends, names } = this.#deps.workspace;
    const byJob = new Map(notices.map((notice) => [notice.jobId, notice]));
    const settled = [...byJob.values()].flatMap((notice) => this.#settledEnd(notice) ?? []);
    if (settled.length === 0) return [];
    await names.sync();
    for (const { jobId } of settled) this.#untold.add(jobId);
    database.transaction(() => {
      for (const end of settled) ends.put(end);
      database.run("INSERT OR REPLACE INTO facts (name, value) VALUES (?, ?)", LAST_SEEN, clock.nowMs());
    });
    await database.sync();
    const told = this.tell(settled);
    for (const { jobId } of settled) this.#untold.delete(jobId);
    return told;
  }

  /**
   * Writes a result for each line of the list that names one of the jobs.
   * @returns each end with the result of its first line.
   */
  tell(settled: readonly SettledEnd[]): readonly Told[] {
    const { tell, workspace } = this.#deps;
    const { lines } = workspace;
    const told = settled.map((end) => ({
      end,
      results: lines.linesOf(end.jobId).map(({ message, metadata }) => ({ result: resultOf(message, end), metadata })),
    }));
    tell(told.flatMap((each) => each.results));
    return told.flatMap(({ end, results: [first] }) =>
      first ? [[end, { ...first.result, ...first.metadata }] as const] : [],
    );
  }

  /** Writes the result of a line that came when those of the job's other lines had been written. */
  tellLate({ message, metadata }: ListLine, jobId: string): void {
    const end = this.#deps.workspace.ends.of(jobId);
    if (end && !this.#untold.has(jobId)) this.#deps.tell([{ result: resultOf(message, end), metadata }]);
  }

  /** The name of content that an earlier run stored. It is given anew if it is gone, or if there was none. */
  nameAgain({ jobId, name, outcome }: SettledEnd, content: fs.Stats): string | null {
    const { lines, names, content: stored } = this.#deps.workspace;
    if (name !== null && names.isThere(name, content)) return name;
    const path = stored.pathOf(outcome.key ?? "");
    if (name !== null) return names.give(jobId, name, path);
    const [line] = lines.linesOf(jobId);
    return line ? this.#nameFor(jobId, line, outcome) : null;
  }

  #settledEnd(notice: EndNotice): SettledEnd | undefined {
    const { content, ends, lines } = this.#deps.workspace;
    const { jobId } = notice;
    if (ends.of(jobId)) return undefined;
    const outcome = notice.unguarded ? unguardedOutcome(notice.unguarded) : ends.recorded(jobId);
    if (!outcome) return undefined;
    if (!isStored(outcome) || outcome.key === null) return { jobId, outcome, name: null, mtimeMs: null };
    const path = content.pathOf(outcome.key);
    const found = ifThere(path, () => fs.statSync(path));
    // The next run fetches it again.
    if (!found) throw new MachineTroubleError(path, "it was stored a moment ago, and is gone", undefined);
    const [line] = lines.linesOf(jobId);
    return { jobId, outcome, name: line ? this.#nameFor(jobId, line, outcome) : null, mtimeMs: found.mtimeMs };
  }

  #nameFor(jobId: string, line: ListLine, outcome: Outcome): string | null {
    const { nameSource, workspace } = this.#deps;
    if (nameSource.kind === "none") return null;
    const path = workspace.content.pathOf(present(outcome.key ?? undefined, "the key of stored content"));
    return workspace.names.give(jobId, this.#wantedName(line, outcome), path);
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
