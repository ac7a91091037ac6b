/** Alarms on what is silent or does not move although there is work. */
import { type ExpectedAlarm, type ExpectedCondition } from "./expectation.ts";
import { made, type Rule } from "./expected-thresholds.ts";
import type { Entry, Reading, What } from "./tape.ts";

const PERIODS = 3;

/** Fires when something that is due every minute has not happened in three periods in a row. */
export function silence(
  id: string,
  { severity, what, value, minutes }: Pick<Rule, "severity" | "minutes"> & { what: What; value: number },
): ExpectedAlarm {
  const all = minutes * PERIODS;
  const everyMinute = (from: number, to: number, step = 1): readonly Entry[] =>
    Array.from({ length: Math.ceil((to - from) / step) }, (_, index) => ({
      what,
      minute: from + index * step,
      value,
    }));
  const condition: ExpectedCondition = {
    suffix: "",
    minutes,
    periods: PERIODS,
    missing: "breaching",
    filled: true,
    hasData: (reading) => reading.times(what) > 0,
    breaches: (reading) => reading.times(what) < 1,
  };
  return {
    id,
    severity,
    conditions: [condition],
    tapes: {
      fires: everyMinute(0, 60),
      "near miss": [...everyMinute(0, 60), ...everyMinute(60 + all - 1, 120)],
      "missing data": [],
      "low traffic": everyMinute(0, 180, all),
      recovery: [...everyMinute(0, 30), ...everyMinute(90, 120)],
    },
    alarms: { fires: 1, "near miss": 0, "missing data": 1, "low traffic": 0, recovery: 2 },
    // After that the tape is silent, which would fire the alarm.
    watchedUntil: { "near miss": 120, "low traffic": 180 },
  };
}

interface Idle extends Pick<Rule, "severity" | "minutes" | "periods"> {
  readonly work: What;
  readonly started: What;
  readonly least: number;
}

/** Fires when there is so much work for a function, and it has not been started. */
export function notStarted(id: string, { severity, minutes, periods = 1, work, started, least }: Idle): ExpectedAlarm {
  // A telemetry event counts as often as it happens, a sample of AWS's by its value.
  const isEvent = work === "job done";
  const much = (amount: number) => (isEvent ? { what: work, times: amount } : { what: work, value: amount });
  return made(
    id,
    { severity, minutes, periods, limit: least },
    [work],
    true,
    (reading) => reading.sum(started) < 1 && (isEvent ? reading.times(work) : reading.sum(work)) >= least,
    {
      bad: [
        // A job that failed leaves a sample of 0 completed jobs.
        [much(least), ...(isEvent ? [{ what: "job failed" as const, times: 5 }] : [])],
        [much(least)],
        [much(1), much(least - 1)],
      ],
      nearlyBad: [
        // A job that failed leaves a sample of 0 completed jobs.
        [much(least - 1), ...(isEvent ? [{ what: "job failed" as const, times: 5 }] : [])],
        [much(least * 5), { what: started, value: 1 }],
      ],
      fine: [much(5), { what: started, value: 5 }],
      single: [much(least)],
    },
  );
}

/** Fires when the jobs of one host that failed are so many, and one for each so many that are done. */
export function hostFails(
  id: string,
  { severity, minutes, limit, of }: Pick<Rule, "severity" | "minutes" | "limit"> & { readonly of: number },
): ExpectedAlarm {
  const hosts: readonly What[] = ["job failed", "job refused", "job refused elsewhere"];
  const worst = (reading: Reading): number => Math.max(...hosts.map((what) => reading.times(what)));
  const done = (times: number) => ({ what: "job done" as const, value: 1000, times });
  return made(
    id,
    { severity, minutes, limit },
    hosts,
    false,
    (reading) => worst(reading) >= limit && of * worst(reading) >= reading.times("job done"),
    {
      bad: [
        ...hosts.map((what) => [{ what, times: limit }, done(of * limit)]),
        [{ what: "job refused", times: limit }],
        [{ what: "job refused", times: 1000 }, done(1000 * of)],
      ],
      nearlyBad: [
        hosts.map((what) => ({ what, times: limit - 1 })),
        [{ what: "job refused", times: 1000 }, done(1000 * of + 1)],
        [{ what: "job refused", times: limit }, done(of * limit + 1)],
      ],
      fine: hosts.map((what) => ({ what })),
      single: [{ what: "job failed", times: limit }],
    },
  );
}

interface Failing extends Pick<Rule, "severity" | "minutes"> {
  readonly worker: "worker" | "long worker";
  /** One of so many invocations. */
  readonly oneOf: number;
}

/** Fires when in three periods in a row one of so many invocations fails, or more. */
export function failing(id: string, { severity, minutes, worker, oneOf }: Failing): ExpectedAlarm {
  const errors: What = `${worker} errors`;
  const invocations: What = `${worker} invocations`;
  const runs = (all: number, wrong: number) => [
    { what: invocations, times: all },
    { what: errors, times: wrong },
    // Lambda reports Errors of 0 for each invocation without an error.
    { what: errors, value: 0, times: all - wrong },
  ];
  return made(
    id,
    { severity, minutes, limit: 1, periods: 3 },
    [errors, invocations],
    true,
    (reading) => {
      const [wrong, all] = [reading.sum(errors), reading.sum(invocations)];
      return all > 0 && wrong * oneOf >= all;
    },
    {
      bad: [runs(oneOf, 1), runs(1, 1), runs(1000 * oneOf, 1000)],
      nearlyBad: [runs(oneOf + 1, 1), runs(1000 * oneOf + 1, 1000), runs(10, 0)],
      fine: runs(50, 0),
      single: runs(1, 1),
    },
  );
}

/** Fires when the fastest of at least so many leases took so long. */
export function allSlow(
  id: string,
  { severity, minutes, limit, least }: Pick<Rule, "severity" | "minutes" | "limit"> & { readonly least: number },
): ExpectedAlarm {
  const lease = (value: number, times = 1) => ({ what: "lease taken" as const, value, times });
  return made(
    id,
    { severity, minutes, limit },
    ["lease taken"],
    true,
    (reading) => reading.times("lease taken") >= least && (reading.least("lease taken") ?? 0) >= limit,
    {
      bad: [[lease(limit, least)], [lease(limit), lease(limit * 10, least)]],
      nearlyBad: [[lease(limit - 1), lease(limit * 10, 50)], [lease(limit * 10, least - 1)]],
      fine: [lease(1, 5)],
      single: [lease(limit, least)],
    },
  );
}
