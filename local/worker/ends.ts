import { setTimeout as sleep } from "node:timers/promises";
import type { LocalContent } from "../../adapters/local/content.ts";
import type { EndNotice } from "./messages.ts";

/** Ends wait so long for others, in ms: syncing a folder once for many files costs as much as for one. */
const GATHERING_MS = 20;

/** Tells of ends in groups, once the disk has the folders of what they published. */
export class EndReporter {
  readonly #content: Pick<LocalContent, "syncFolders">;
  readonly #report: (ends: readonly EndNotice[]) => void;
  readonly #onError: (error: unknown) => void;
  #gathered: EndNotice[] = [];
  #reporting: Promise<void> | undefined;

  constructor(
    content: Pick<LocalContent, "syncFolders">,
    report: (ends: readonly EndNotice[]) => void,
    onError: (error: unknown) => void,
  ) {
    this.#content = content;
    this.#report = report;
    this.#onError = onError;
  }

  ended(end: EndNotice): void {
    this.#gathered.push(end);
    this.#reporting ??= this.#reportAll();
  }

  /** Settles once everything is reported. */
  async drain(): Promise<void> {
    await this.#reporting;
  }

  async #reportAll(): Promise<void> {
    try {
      while (this.#gathered.length > 0) {
        await sleep(GATHERING_MS);
        const ends = this.#gathered;
        this.#gathered = [];
        await this.#content.syncFolders();
        this.#report(ends);
      }
    } catch (error) {
      // What was not reported is found by the next run, which looks at the files themselves.
      this.#onError(error);
    } finally {
      this.#reporting = undefined;
    }
  }
}
