/** From the data points of an evaluation to the state of the alarm, as CloudWatch's manual has it. */
export type AlarmState = "OK" | "ALARM" | "INSUFFICIENT_DATA";
export type MissingData = "missing" | "ignore" | "breaching" | "notBreaching";

export interface Decision {
  /** N: the newest existing points that are looked at. */
  readonly evaluationPeriods: number;
  /** M: so many of them must breach. */
  readonly datapointsToAlarm: number;
  readonly missingData: MissingData;
}

/**
 * @param breaching of the evaluation range, newest first, read no further than it takes to find N that exist; `undefined`
 *   where there is no point. Missing points are filled in only when fewer than N exist in the whole range.
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
  // Too few points, all of them bad, and the oldest has been bad for long enough.
  return found > 0 && oldestBadAge >= datapointsToAlarm ? "ALARM" : "INSUFFICIENT_DATA";
}
