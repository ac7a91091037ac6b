import type { Named } from "./for-selected.ts";
import { type Lines, printerOf } from "./lines.ts";

/** Prints what became of each job, and counts. */
export class Outcomes<Outcome extends string> {
  readonly counts: Record<Outcome, number>;
  readonly #printed: ReturnType<typeof printerOf>;
  readonly #widest: number;

  /** @param outcomes all that there are, in the order of the summary. */
  constructor(outcomes: readonly Outcome[], asJson: boolean, print: Lines["print"]) {
    this.counts = Object.fromEntries(outcomes.map((outcome) => [outcome, 0])) as Record<Outcome, number>;
    this.#printed = printerOf(asJson, print);
    this.#widest = Math.max(...outcomes.map(({ length }) => length));
  }

  readonly tell = ({ jobId, url }: Named, outcome: Outcome): void => {
    this.counts[outcome] += 1;
    this.#printed([`${outcome.padEnd(this.#widest)}  ${jobId}  ${url}`], "job", { outcome, job_id: jobId, url });
  };

  end(words: readonly string[]): void {
    this.#printed(words, "summary", this.counts);
  }
}
