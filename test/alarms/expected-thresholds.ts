/** Alarms on an absolute number: what they must do, and the series that prove it. */
import { type ExpectedAlarm, type ExpectedCondition, inTurn } from "./expectation.ts";
import type { Entry, Reading, What } from "./tape.ts";

interface Rule {
  readonly severity: ExpectedAlarm["severity"];
  readonly limit: number;
  readonly minutes: number;
  readonly periods?: number;
}
type Watched = { readonly most: What } | { readonly least: What } | { readonly each: readonly What[] };

/** What happens in one period. */
type Period = readonly Omit<Entry, "minute">[];
interface Periods {
  /** Each of them breaches, by the smallest amount that does. */
  readonly bad: readonly Period[];
  /** None of them breaches: each has the largest amount that does not. */
  readonly nearlyBad: readonly Period[];
  readonly fine: Period;
  readonly single: Period;
}

/** Fires when the largest value, the smallest value, or the count of any one of several things reaches the limit. */
export function threshold(id: string, rule: Rule & Watched): ExpectedAlarm {
  const { limit } = rule;
  if ("each" in rule) {
    const whats = rule.each;
    const read = (reading: Reading): number => Math.max(...whats.map((what) => reading.times(what)));
    return made(id, rule, whats, false, (reading) => read(reading) >= limit, {
      bad: whats.map((what) => [{ what, times: limit }]),
      nearlyBad: [whats.map((what) => ({ what, times: limit - 1 }))],
      fine: whats.map((what) => ({ what })),
      single: whats.slice(0, 1).map((what) => ({ what, times: limit })),
    });
  }
  const isMost = "most" in rule;
  const what = isMost ? rule.most : rule.least;
  const value = (reading: Reading): number | undefined => (isMost ? reading.most(what) : reading.least(what));
  const other = isMost ? { what, value: 0, times: 3 } : { what, value: limit * 10, times: 3 };
  return made(id, rule, [what], false, (reading) => (value(reading) ?? -1) >= limit, {
    bad: [[{ what, value: limit }, other]],
    nearlyBad: isMost
      ? [[{ what, value: limit - 1, times: 50 }]]
      : [
          [
            { what, value: limit - 1 },
            { what, value: limit * 10, times: 50 },
          ],
        ],
    fine: [{ what, value: isMost ? 0 : 1, times: 2 }],
    single: [{ what, value: limit }],
  });
}

interface Sums {
  readonly plus: readonly What[];
  readonly minus?: readonly What[];
  readonly filled?: boolean;
}

/** Fires when the sum of `plus` minus the sum of `minus` reaches the limit. */
export function sums(id: string, rule: Rule & Sums): ExpectedAlarm {
  const { plus, minus = [], limit, filled = true } = rule;
  const total = (reading: Reading, whats: readonly What[]): number =>
    whats.reduce((sum, what) => sum + reading.sum(what), 0);
  const isEvent = plus.includes("job planned");
  /** The sum in two samples, neither of which is enough alone. An event counts as often as it happens. */
  const parts = (what: What, sum: number): Period => {
    const less = Math.floor(sum / 2);
    return isEvent
      ? [
          { what, times: less },
          { what, times: sum - less },
        ]
      : [
          { what, value: less },
          { what, value: sum - less },
        ];
  };
  const [first = "job planned", ...rest] = plus;
  const together: Period = [...rest.map((what) => ({ what, value: 1 })), ...parts(first, limit - rest.length)];
  return made(
    id,
    rule,
    [...plus, ...minus],
    filled,
    (reading) => total(reading, plus) - total(reading, minus) >= limit,
    {
      bad: [
        ...plus.map((what) => parts(what, limit)),
        together,
        ...minus.map((what) => [...parts(first, limit + 7), { what, value: 3 }, { what, value: 4 }]),
      ],
      nearlyBad: [
        ...plus.map((what) => parts(what, limit - 1)),
        ...minus.map((what) => [...parts(first, limit + 7), { what, value: 4 }, { what, value: 4 }]),
      ],
      fine: [...plus, ...minus].map((what) => ({ what, value: isEvent ? 1 : 0, times: 2 })),
      single: isEvent ? [{ what: first, times: limit }] : [{ what: first, value: limit }],
    },
  );
}

function made(
  id: string,
  { severity, minutes, periods = 1 }: Rule,
  whats: readonly What[],
  filled: boolean,
  breaches: (reading: Reading) => boolean,
  { bad, nearlyBad, fine, single }: Periods,
): ExpectedAlarm {
  const hasData = (reading: Reading): boolean => whats.some((what) => reading.times(what) > 0);
  /** Periods in a row. What happens in each is one period apart, so that no other window holds more of it. */
  const row = (...contents: readonly Period[]): readonly Entry[] =>
    contents.flatMap((content, index) =>
      content.map((mark) => Object.assign({}, mark, { minute: index * minutes + 1 + (minutes > 2 ? 1 : 0) })),
    );
  const enough = (content: Period): readonly Period[] => Array.from({ length: periods }, () => content);
  const [worst = single] = bad;
  const interrupted = [...enough(worst).slice(1), fine, ...enough(worst).slice(1)];
  const recovered = row(...enough(worst), fine, fine);
  const span = minutes * (periods + 1);
  const other = whats.includes("job refused") ? "job planned" : "job refused";
  return {
    id,
    severity,
    conditions: [{ suffix: "", minutes, periods, missing: "notBreaching", filled, hasData, breaches }],
    tapes: {
      fires: inTurn(
        span,
        bad.map((content) => row(...enough(content))),
      ),
      "near miss": inTurn(span, [
        ...nearlyBad.map((content) => row(...enough(content))),
        ...(periods > 1 ? [row(...interrupted)] : []),
      ]),
      "missing data": [0, 5, 14].map((minute) => ({ minute, what: other })),
      "low traffic": row(single),
      recovery: inTurn(span, [recovered, row(...enough(worst))]),
    },
    alarms: {
      fires: bad.length,
      "near miss": 0,
      "missing data": 0,
      "low traffic": periods > 1 ? 0 : 1,
      recovery: 2,
    },
  };
}

/** Fires when something that is due every minute has not happened for `minutes` minutes. */
export function silence(
  id: string,
  { severity, what, value, minutes }: Pick<Rule, "severity" | "minutes"> & { what: What; value: number },
): ExpectedAlarm {
  const everyMinute = (from: number, to: number, step = 1): readonly Entry[] =>
    Array.from({ length: Math.ceil((to - from) / step) }, (_, index) => ({
      what,
      minute: from + index * step,
      value,
    }));
  const condition: ExpectedCondition = {
    suffix: "",
    minutes: 1,
    periods: minutes,
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
      fires: everyMinute(0, 20),
      "near miss": [...everyMinute(0, 20), ...everyMinute(20 + minutes - 1, 60)],
      "missing data": [],
      "low traffic": everyMinute(0, 60, minutes),
      recovery: [...everyMinute(0, 10), ...everyMinute(30, 40)],
    },
    alarms: { fires: 1, "near miss": 0, "missing data": 1, "low traffic": 0, recovery: 2 },
    // After that the tape is silent, which would fire the alarm.
    watchedUntil: { "near miss": 60, "low traffic": 60 },
  };
}
