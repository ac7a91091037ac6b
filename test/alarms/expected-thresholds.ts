/** Alarms on an absolute number: what they must do, and the series that prove it. */
import { type ExpectedAlarm, inTurn } from "./expectation.ts";
import type { Entry, Reading, What } from "./tape.ts";

export interface Rule {
  readonly severity: ExpectedAlarm["severity"];
  readonly limit: number;
  readonly minutes: number;
  readonly periods?: number;
}
type Watched = { readonly most: What } | { readonly least: What };

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

/** Fires when the largest or the smallest value reaches the limit. */
export function threshold(id: string, rule: Rule & Watched): ExpectedAlarm {
  const { limit } = rule;
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
  const isEvent = plus.includes("clock off");
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
  const [first = "clock off", ...rest] = plus;
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

export function made(
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
