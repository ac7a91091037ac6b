/** Alarms on a share of bad events: what they must do, and the series that prove it. */
import {
  type ByTraffic,
  type Episode,
  type ExpectedAlarm,
  type ExpectedCondition,
  inTurn,
  type Mark,
  type Level,
  type RatioRule,
} from "./expectation.ts";
import type { Entry } from "./tape.ts";

const holds = (level: Level, wrong: number, valid: number): boolean =>
  wrong >= level.bad && wrong * 10_000 >= level.ratio * valid;

export function ratio(id: string, traffic: ByTraffic, rule: RatioRule): ExpectedAlarm {
  const { levels, long, short } = rule;
  const whats = [...traffic.good.flat(), ...traffic.bad, ...(traffic.also ?? [])]
    .map(({ what }) => what)
    .concat(traffic.reports ?? []);
  const condition = (
    suffix: ExpectedCondition["suffix"],
    minutes: number,
    anyOf: readonly Level[],
  ): ExpectedCondition => ({
    suffix,
    minutes,
    periods: 1,
    missing: "notBreaching",
    filled: true,
    hasData: (reading) => whats.some((what) => reading.times(what) > 0),
    breaches: (reading) => {
      const { bad, valid } = traffic.count(reading);
      return anyOf.some((level) => holds(level, bad, valid));
    },
  });
  const series = seriesOf(rule, lumpOf(traffic));
  const more = traffic.more?.(levels[0]?.bad ?? 0);
  // Events that this alarm must not count: three of each kind, long after the first evaluation.
  const others: readonly Entry[] = [...(traffic.also ?? []), { what: "job refused" } as const].flatMap((mark) =>
    [70, 75, 84].map((minute) => Object.assign({}, mark, { minute })),
  );
  const fires = [...series.fires, ...(more?.fires ?? [])];
  return {
    id,
    severity: rule.severity,
    conditions: short
      ? [condition("-long", long, levels), condition("-short", short.minutes, [short])]
      : [condition("", long, levels)],
    ...(rule.saidBy !== undefined && { saidBy: rule.saidBy }),
    arithmetic: { traffic, rule },
    tapes: {
      fires: inTurn(long, fires),
      "near miss": inTurn(long, [...series.nearMiss, ...(more?.nearMiss ?? [])]),
      "missing data": others,
      "low traffic": inTurn(long, series.lowTraffic),
      recovery: inTurn(long, series.recovery),
    },
    alarms: {
      fires: fires.length,
      "near miss": 0,
      "missing data": 0,
      "low traffic": 1,
      recovery: series.recovery.length,
    },
  };
}

type Lump = (minute: number, good: number, bad: number) => Episode;
interface RatioSeries {
  readonly fires: readonly Episode[];
  readonly nearMiss: readonly Episode[];
  readonly lowTraffic: readonly Episode[];
  readonly recovery: readonly Episode[];
}

const lumpOf =
  ({ good, bad, also = [] }: ByTraffic): Lump =>
  (minute, goodTimes, badTimes) => {
    const marked = (marks: readonly Mark[], times: number): readonly Entry[] =>
      times > 0 ? marks.map((mark) => Object.assign({}, mark, { minute, times })) : [];
    const share = Math.floor(goodTimes / good.length);
    return [
      ...good.flatMap((marks, index) => marked(marks, index === 0 ? goodTimes - share * (good.length - 1) : share)),
      ...marked(bad, badTimes),
      ...marked(also, 7),
    ];
  };

/** So many events that one more or less changes the share by less than a hundredth. */
function many({ ratio: share }: Level): { good: number; bad: number } {
  const bad = 3 * share;
  return { good: 30_000 - bad, bad };
}

/** The most good events with which this many bad ones still have the share. */
const mostGood = ({ ratio: share }: Level, bad: number): number => Math.floor((bad * 10_000) / share) - bad;

function seriesOf({ levels, long, short }: RatioRule, lump: Lump): RatioSeries {
  const last = levels.at(-1) ?? { bad: 0, ratio: 1 };
  const fewest = levels[0]?.bad ?? 0;
  const half = Math.floor(fewest / 2);
  const large = many(last);
  const burning = lump(0, large.good, large.bad);
  // A window of more than a day is evaluated once an hour.
  const look = long > 1440 ? 60 : 1;
  const fine = Array.from({ length: 8 }, (_, index) =>
    lump(look + index * Math.ceil((short?.minutes ?? long) / 4), 5, 0),
  ).flat();
  /** At the edge of a level: with exactly its bad events and its share, and just beyond it. */
  const within = (level: Level): Episode => lump(0, mostGood(level, level.bad), level.bad);
  const beyond = (level: Level): readonly Episode[] => [
    lump(0, mostGood(level, level.bad) + 1, level.bad),
    ...(level.bad > 1 ? [lump(0, mostGood(level, level.bad - 1), level.bad - 1)] : []),
    lump(0, many(level).good + 1, many(level).bad - 1),
  ];
  return {
    fires: [
      burning,
      ...levels.map(within),
      // More than enough of both, and of the next level neither.
      ...levels.map((level) => lump(0, Math.floor(mostGood(level, 2 * level.bad) * 0.8), 2 * level.bad)),
      ...levels
        .slice(0, -1)
        .flatMap((level) =>
          [1, 0.8].map((part) => lump(0, Math.floor(mostGood(level, level.bad + 1) * part), level.bad + 1)),
        ),
      lump(0, 0, fewest),
      // At both ends of the window: together just enough.
      [...lump(0, 0, half), ...lump(long - look, 0, fewest - half)],
    ],
    nearMiss: [
      ...levels.flatMap((level) => (level === last ? beyond(level) : beyond(level).slice(0, 2))),
      lump(0, 0, fewest - 1),
      [...lump(0, 0, half), ...lump(long, 0, fewest - half)],
      // The short window has enough, and the long one has not.
      ...(short ? [within(short), ...beyond(short), lump(0, many(short).good, many(short).bad)] : []),
    ],
    lowTraffic: [lump(0, 0, fewest - 1), lump(0, 0, 1), lump(0, 0, fewest)],
    recovery: [[...burning, ...fine], burning],
  };
}
