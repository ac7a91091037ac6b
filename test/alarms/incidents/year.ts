/** A year in which nothing is wrong but chance, week by week. */
import { Dice } from "../../simulation/services/time.ts";
import type { Template } from "../cloudwatch/template.ts";
import { binomial, poisson } from "../random/chance.ts";
import { heardOf, type Incident, type Severities } from "./incident.ts";
import type { Fault } from "./plant.ts";
import { DAY, HOUR, LATE, ON_TIME } from "./volumes.ts";

const WEEK = 7 * DAY;
const LATENESS = [ON_TIME, LATE, { ours: 5, aws: 0 }, { ours: 0, aws: 5 }];

/** Jobs come at random, and a tenth of each budget is spent at random. Half a day of the week works off a backlog. */
function byChance(seed: number, perHour: number): Fault {
  const dice = new Dice(seed);
  const backlogFrom = dice.below(6 * DAY);
  return (step, since) => {
    const isBehind = since >= backlogFrom && since < backlogFrom + 12 * HOUR;
    const arrived = poisson(dice, (perHour * (isBehind ? 2 : 1)) / 12);
    step.arrived = arrived;
    step.failed = binomial(dice, arrived, 0.0005);
    step.done = arrived - step.failed;
    step.slow = binomial(dice, step.done, 0.005);
    step.leases = arrived;
    step.slowLeases = binomial(dice, arrived, 0.001);
    step.refused = binomial(dice, arrived, 0.01);
    step.replayed = binomial(dice, arrived * 4, 0.005);
    step.finished = arrived;
    step.waiting = isBehind ? Math.round((perHour * (backlogFrom + 12 * HOUR - since)) / 60) : 0;
    // A queue with messages that wait is worked on, however few they are.
    if (isBehind) step.finished = Math.max(1, arrived);
    step.invocations = Math.ceil(arrived / 10);
    step.announced = step.done > 0 ? Math.ceil(step.done / 100) : 0;
    step.expired = poisson(dice, perHour / 12);
    step.archived = step.expired > 0 ? 1 : 0;
    step.tableThrottles = dice.chance(0.01) ? 30 : 0;
  };
}

/** @returns the ids of the alarms that were heard, by severity. */
export function yearOf(
  perHour: number,
  template: Template,
  severities: Severities,
  weeks = 52,
): { readonly page: readonly string[]; readonly ticket: readonly string[] } {
  const all = Array.from({ length: weeks }, (_, week) => {
    const incident: Incident = {
      id: `week ${week}`,
      perHour,
      before: 0,
      lasts: WEEK,
      after: 0,
      late: LATENESS[week % LATENESS.length] ?? ON_TIME,
      fault: byChance(week, perHour),
      verdict: { silent: true },
      why: "Chance.",
    };
    return heardOf(incident, template, severities).heard;
  }).flat();
  const idsOf = (severity: "page" | "ticket") => all.filter((said) => said.severity === severity).map(({ id }) => id);
  return { page: idsOf("page"), ticket: idsOf("ticket") };
}
