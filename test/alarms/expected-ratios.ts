/** Alarms on a share of bad events: what they must do, and the series that prove it. */
import {
  type ByTraffic,
  type Episode,
  type ExpectedAlarm,
  type ExpectedCondition,
  inTurn,
  type Mark,
  type RatioRule,
} from "./expectation.ts";
import type { Entry } from "./tape.ts";

export function ratio(id: string, traffic: ByTraffic, rule: RatioRule): ExpectedAlarm {
  const { long, short, ratio: share, least = 0, below = Infinity, leastBad = 3 } = rule;
  const whats = [...traffic.good.flat(), ...traffic.bad, ...(traffic.also ?? [])].map(({ what }) => what);
  const condition = (
    suffix: ExpectedCondition["suffix"],
    minutes: number,
    breaches: (bad: number, valid: number) => boolean,
  ): ExpectedCondition => ({
    suffix,
    minutes,
    periods: 1,
    missing: "notBreaching",
    filled: true,
    hasData: (reading) => whats.some((what) => reading.times(what) > 0),
    breaches: (reading) => {
      const { bad, valid } = traffic.count(reading);
      return breaches(bad, valid);
    },
  });
  const isShare = (bad: number, valid: number): boolean => bad * 10_000 >= share * valid;
  const overLong = condition(
    short === undefined ? "" : "-long",
    long,
    (bad, valid) => valid >= least && valid < below && bad >= leastBad && isShare(bad, valid),
  );
  const conditions =
    short === undefined
      ? [overLong]
      : [overLong, condition("-short", short, (bad, valid) => bad >= 1 && isShare(bad, valid))];

  const lump = lumpOf(traffic);
  const series = below < Infinity || least === 0 ? fewSeries(rule, lump) : burnSeries(rule, least, lump);
  // Events that this alarm must not count: three of each kind, long after the first evaluation.
  const others: readonly Entry[] = [...(traffic.also ?? []), { what: "job refused" } as const].flatMap((mark) =>
    [70, 75, 84].map((minute) => Object.assign({}, mark, { minute })),
  );
  return {
    id,
    severity: rule.severity,
    conditions,
    arithmetic: { traffic, rule },
    tapes: {
      fires: inTurn(long, series.fires),
      "near miss": inTurn(long, series.nearMiss),
      "missing data": others,
      "low traffic": inTurn(long, series.lowTraffic),
      recovery: inTurn(long, series.recovery),
    },
    alarms: {
      fires: series.fires.length,
      "near miss": 0,
      "missing data": 0,
      "low traffic": series.lowTrafficAlarms,
      recovery: series.recovery.length,
    },
  };
}

type Lump = (minute: number, good: number, bad: number) => Episode;
interface RatioSeries {
  readonly fires: readonly Episode[];
  readonly nearMiss: readonly Episode[];
  readonly lowTraffic: readonly Episode[];
  readonly lowTrafficAlarms: number;
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

/**
 * The numbers of valid and bad events that have exactly this share. Unless `most` is too low for it, there are at least
 * 20 bad ones, so that one more or less changes the share by a twentieth at most.
 */
function exactly(share: number, least: number, most = Infinity): { valid: number; bad: number } {
  const step = 10_000 / greatestCommonDivisor(share, 10_000);
  const wanted = Math.max(least, Math.ceil((20 * 10_000) / share));
  const valid = Math.min(Math.ceil(wanted / step), Math.floor(most / step)) * step;
  return { valid, bad: (valid * share) / 10_000 };
}
const greatestCommonDivisor = (a: number, b: number): number => (b === 0 ? a : greatestCommonDivisor(b, a % b));

function burnSeries({ long, short, ratio: share }: RatioRule, least: number, lump: Lump): RatioSeries {
  const exact = exactly(share, least + 1);
  const bare = Math.ceil((share * least) / 10_000);
  const half = Math.floor(least / 2);
  const burning = lump(0, exact.valid - exact.bad, exact.bad);
  // A window of more than a day is evaluated once an hour.
  const look = long > 1440 ? 60 : 1;
  const last = long - look;
  const fine = Array.from({ length: 8 }, (_, index) =>
    lump(look + index * Math.ceil((short ?? long) / 4), 5, 0),
  ).flat();
  return {
    fires: [
      burning,
      lump(0, 0, least),
      lump(0, least - bare, bare),
      // At both ends of the window: together just enough.
      [...lump(0, 0, half), ...lump(last, 0, least - half)],
    ],
    nearMiss: [
      lump(0, exact.valid - exact.bad + 1, exact.bad - 1),
      lump(0, least - bare + 1, bare - 1),
      [...lump(0, 0, half), ...lump(long, 0, least - half)],
      // There are enough events only after the last bad one has left the short window.
      ...(short === undefined ? [] : [[...lump(0, 0, least - 1), ...lump(short + 5, 1, 0)]]),
    ],
    lowTraffic: [lump(0, 0, least - 1), lump(0, 0, 1), lump(0, 3, 2)],
    lowTrafficAlarms: 0,
    recovery: [[...burning, ...fine], burning],
  };
}

function fewSeries({ long, ratio: share, below = Infinity, leastBad = 3 }: RatioRule, lump: Lump): RatioSeries {
  const exact = exactly(share, (2 * leastBad * 10_000) / share, below - 1);
  const fewest = Math.floor((leastBad * 10_000) / share);
  const half = Math.floor(leastBad / 2);
  const limited = below < Infinity;
  const enough = Math.ceil((below * share) / 10_000);
  const burning = lump(0, 0, leastBad);
  return {
    fires: [
      lump(0, exact.valid - exact.bad, exact.bad),
      lump(0, fewest - leastBad, leastBad),
      [...lump(0, 0, half), ...lump(long - 1, 0, leastBad - half)],
      ...(limited ? [lump(0, 0, below - 1)] : []),
    ],
    nearMiss: [
      lump(0, exact.valid - exact.bad + 1, exact.bad - 1),
      lump(0, 0, leastBad - 1),
      [...lump(0, 0, half), ...lump(long, 0, leastBad - half)],
      lump(0, 1, leastBad - 1),
      ...(limited ? [lump(0, 0, below), lump(0, below - enough, enough)] : []),
    ],
    lowTraffic: [burning],
    lowTrafficAlarms: 1,
    recovery: [[...burning, ...lump(3, fewest, 0)], burning],
  };
}
