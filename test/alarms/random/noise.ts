/** How often chance alone makes the rules of job completion page. */
import { Dice } from "../../simulation/services/time.ts";
import { binomial, poisson } from "./chance.ts";
import { EXPECTED } from "../expected.ts";
import { timelineOf } from "./burns.ts";

const DAY = 1440;

/**
 * @param share the share of jobs that fail, the same at all times.
 * @param years how many years to simulate, each with its own seed.
 * @returns pages in a year, the mean of all years.
 */
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
