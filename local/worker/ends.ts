import { setTimeout as sleep } from "node:timers/promises";
import type { EndNotice } from "./messages.ts";

/** Ends wait so long for others, in ms: one message to the parent for many costs as much as for one. */
const GATHERING_MS = 20;

/** Tells of ends in groups. */
export class EndReporter {
  readonly #report: (ends: readonly EndNotice[]) => void;
  #gathered: EndNotice[] = [];
  #reporting: Promise<void> | undefined;

  constructor(report: (ends: readonly EndNotice[]) => void) {
    this.#report = report;
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
    while (this.#gathered.length > 0) {
      await sleep(GATHERING_MS);
      const ends = this.#gathered;
      this.#gathered = [];
      this.#report(ends);
    }
    this.#reporting = undefined;
  }
}
