import type { EndNotice } from "./messages.ts";

/** Ends wait so long for others, in ms: one message tells of many. */
const GATHERING_MS = 20;

/** Tells of ends in groups. */
export class EndReporter {
  readonly #report: (ends: readonly EndNotice[]) => void;
  #gathered: EndNotice[] = [];
  #timer: NodeJS.Timeout | undefined;

  constructor(report: (ends: readonly EndNotice[]) => void) {
    this.#report = report;
  }

  ended(end: EndNotice): void {
    this.#gathered.push(end);
    this.#timer ??= setTimeout(() => this.flush(), GATHERING_MS);
  }

  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const ends = this.#gathered;
    this.#gathered = [];
    if (ends.length > 0) this.#report(ends);
  }
}
