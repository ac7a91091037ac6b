/** New code is judged by its own figures, while a part of the invocations goes to it. */
export const CANARY = {
  /** Percent of the invocations, and for how long. */
  percent: 30,
  minutes: 60,
  /** Failures that are no chance. */
  leastFailures: 2,
  /** One for so many invocations, of up to ten jobs each. A tenth of the budget is one for two hundred. */
  oneOf: 20,
} as const;

/** Metrics may come five minutes late, and the alarm is evaluated each minute. */
const BLIND_MINUTES = 6;

/** The share of broken builds that is caught, if invocations come at random, and this share of them has a failure. */
export function caught(invocationsAMinute: number, failing: number): number {
  const mean = (CANARY.percent / 100) * (CANARY.minutes - BLIND_MINUTES) * invocationsAMinute * failing;
  let missed = 0;
  let chance = Math.exp(-mean);
  for (let failures = 0; failures < CANARY.leastFailures; failures++) {
    missed += chance;
    chance *= mean / (failures + 1);
  }
  return 1 - missed;
}
