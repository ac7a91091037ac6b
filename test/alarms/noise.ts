/** What chance alone does to the paging rules of job completion. */
import { Dice } from "../simulation/services/time.ts";
import { binomial, poisson } from "./chance.ts";
import { EXPECTED } from "./expected.ts";
import { timelineOf } from "./incidents.ts";

const DAY = 1440;

/** @param share of jobs that fail, always. The mean of so many years, each of its own seed. */
export function pagesInAYear(share: number, perHour: number, years: number): number {
  const paging = EXPECTED.flatMap(({ id, severity, arithmetic }) =>
    id.startsWith("job-completion-") && severity === "page" && arithmetic !== undefined ? [arithmetic.rule] : [],
  );
  let pages = 0;
  for (let seed = 0; seed < years; seed++) {
    const dice = new Dice(seed);
    const valid = Array.from({ length: 365 * DAY }, () => poisson(dice, perHour / 60));
    const bad = valid.map((events) => binomial(dice, events, share));
    for (const rule of paging) {
      const states = timelineOf(rule, { valid, bad });
      pages += states.filter((state, minute) => state && states[minute - 1] !== true).length;
    }
  }
  return pages / years;
}
