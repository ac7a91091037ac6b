/** Nothing is wrong. */
import type { Incident } from "./incident.ts";
import { DAY, HOUR, LATE, ON_TIME, VOLUMES } from "./volumes.ts";

const LATENESS = [ON_TIME, LATE, { ours: 5, aws: 0 }, { ours: 0, aws: 5 }];

export const health: readonly Incident[] = VOLUMES.flatMap((perHour) =>
  LATENESS.map((late): Incident => ({
    id: `a healthy day, ${perHour} an hour, metrics ${late.ours} and ${late.aws} minutes late`,
    perHour,
    before: HOUR,
    lasts: DAY,
    after: HOUR,
    late,
    fault: () => undefined,
    verdict: { silent: true },
    why: "A tenth of each budget is spent, and metrics come when they come.",
  })),
);
