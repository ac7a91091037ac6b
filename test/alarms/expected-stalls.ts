/** Alarms on a queue that has work and does not move: what they must do, and the series that prove it. */
import { type ExpectedAlarm, inTurn } from "./expectation.ts";
import type { Entry, Reading, What } from "./tape.ts";

interface Stall {
  readonly severity: ExpectedAlarm["severity"];
  /** What must reach the limit: its smallest or its largest value. */
  readonly work: { readonly least: What } | { readonly most: What };
  /** What must not happen meanwhile. */
  readonly finished: What;
  readonly limit: number;
  readonly minutes: number;
  readonly periods: number;
}

type Period = readonly Omit<Entry, "minute">[];

/** In five minutes, of a week's. */
const PERIODS_OF_A_WEEK = 2016;

/** Fires when in each period the work reaches the limit, and at that pace takes longer than a week. */
export function stall(id: string, { severity, work, finished, limit, minutes, periods }: Stall): ExpectedAlarm {
  const isLeast = "least" in work;
  const what = isLeast ? work.least : work.most;
  const value = (reading: Reading): number | undefined => (isLeast ? reading.least(what) : reading.most(what));
  const row = (...contents: readonly Period[]): readonly Entry[] =>
    contents.flatMap((content, index) =>
      content.map((mark) => Object.assign({}, mark, { minute: index * minutes + 2 })),
    );
  const enough = (content: Period): readonly Period[] => Array.from({ length: periods }, () => content);

  const nothing: Period = [{ what: finished, value: 0, times: 3 }];
  const waits: Period = [{ what, value: limit }, isLeast ? { what, value: limit + 7, times: 2 } : { what, value: 0 }];
  const stalled: Period = [...waits, ...nothing];
  // Something waits in both, but in the one for a part of the time, and in the other too little.
  const hardly: Period = isLeast
    ? [
        { what, value: limit - 1 },
        { what, value: limit + 50, times: 50 },
      ]
    : [{ what, value: limit - 1, times: 50 }];
  const moves: Period = [...waits, { what: finished, value: 0, times: 2 }, { what: finished, value: 1 }];
  /** Two are finished, and as many wait as takes a week, or one more. */
  const crawling = (waiting: number): Period => [
    { what, value: waiting },
    { what, value: isLeast ? waiting * 3 : 0 },
    { what: finished, value: 1, times: 2 },
  ];
  const crawls = crawling(2 * PERIODS_OF_A_WEEK + 1);
  const hardlyCrawls = crawling(2 * PERIODS_OF_A_WEEK);
  const fine: Period = [
    { what, value: 0, times: 2 },
    { what: finished, value: 5 },
  ];
  const span = minutes * (periods + 1);
  return {
    id,
    severity,
    conditions: [
      {
        suffix: "",
        minutes,
        periods,
        missing: "notBreaching",
        filled: false,
        hasData: (reading) => reading.times(finished) > 0,
        breaches: (reading) => {
          const waiting = value(reading) ?? 0;
          return waiting >= limit && PERIODS_OF_A_WEEK * reading.sum(finished) < waiting;
        },
      },
    ],
    tapes: {
      fires: inTurn(span, [row(...enough(stalled)), row(...enough(crawls))]),
      "near miss": inTurn(span, [
        row(...enough(moves)),
        row(...enough(hardlyCrawls)),
        row(...enough([...hardly, ...nothing])),
        row(...enough(stalled).slice(1), moves, ...enough(stalled).slice(1)),
        row(...enough(stalled).slice(1), fine, ...enough(stalled).slice(1)),
      ]),
      "missing data": [0, 5, 14].map((minute) => ({ minute, what: "job refused" })),
      "low traffic": row(stalled),
      recovery: inTurn(span, [row(...enough(stalled), fine, fine), row(...enough(stalled))]),
    },
    alarms: { fires: 2, "near miss": 0, "missing data": 0, "low traffic": 0, recovery: 2 },
  };
}
