/** Decides the state of an alarm from the data points of an evaluation, by the rules of CloudWatch's manual. */
export type AlarmState = "OK" | "ALARM" | "INSUFFICIENT_DATA";
export type MissingData = "missing" | "ignore" | "breaching" | "notBreaching";

export interface Decision {
  /** N: how many of the newest existing points are looked at. */
  readonly evaluationPeriods: number;
  /** M: how many of them must breach. */
  readonly datapointsToAlarm: number;
  readonly missingData: MissingData;
}

/**
 * @param breaching for each period of the evaluation range, newest first, whether its point breaches; `undefined` where
 *   there is no point. It is read until N points are found. Missing points are filled in only when the whole range has
 *   fewer.
 */
export function decide(
  { evaluationPeriods, datapointsToAlarm, missingData }: Decision,
  breaching: Iterable<boolean | undefined>,
  current: AlarmState,
): AlarmState {
  let age = 0;
  let found = 0;
  let bad = 0;
  let oldestBadAge = 0;
  for (const point of breaching) {
    age++;
    if (point === undefined) continue;
    found++;
    if (point) {
      bad++;
      oldestBadAge = age;
    }
    if (found === evaluationPeriods) break;
  }
  if (missingData === "breaching") bad += evaluationPeriods - found;
  if (bad >= datapointsToAlarm) return "ALARM";
  const allKnown = found === evaluationPeriods || missingData === "breaching" || missingData === "notBreaching";
  if (allKnown || found > bad) return "OK";
  if (missingData === "ignore") return current;
  // There are too few points, all of them bad. The oldest must have been bad for long enough.
  return found > 0 && oldestBadAge >= datapointsToAlarm ? "ALARM" : "INSUFFICIENT_DATA";
}
